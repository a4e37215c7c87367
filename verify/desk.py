"""The desk's own names of equipment and places, from VERIFY_HOME/lexicon, joined to the program's own.

`equipment*.csv` and `places*.csv` in that folder are read once, on first use; their columns are those of the
tables in verify/claims/data. A table that cannot be read stops the work with LexiconUnreadable, so that no
claim is silently read with less than the desk believes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from verify.claims import (
    ClaimReader,
    Fault,
    check_equipment,
    check_places,
    make_reader,
    read_claim,
    relate_equipment,
)
from verify.claims.lexicon import Relation
from verify.errors import UnreadableInput
from verify.model import Claim, Post

FOLDER = "lexicon"  # in VERIFY_HOME
MOST_TABLE_BYTES = 20 * 2**20


@dataclass(frozen=True, slots=True)
class Desk:
    """What the desk adds to reading claims; `folder` need not exist."""

    folder: Path

    @property
    def reader(self) -> ClaimReader:
        """The reader with the desk's tables. Raises LexiconUnreadable and UnreadableInput."""
        return _reader(self.folder)

    def claim_of(self, post: Post, own_words: str) -> Claim | None:
        """The claim in the user's own words where there are any, else the one in the post's text."""
        if own_words:
            return self.read(own_words, post)
        return read_claim(post.text, posted_at=post.posted_at, reader=self.reader) if post.text else None

    def read(self, own_words: str, post: Post) -> Claim:
        """The claim a user typed, its times measured from the post."""
        return read_claim(own_words, posted_at=post.posted_at, source="user", reader=self.reader)

    def relate(self, claimed: str, known: str) -> Relation:
        """How two equipment names stand to each other, the desk's among them."""
        return relate_equipment(claimed, known, self.reader.lexicon)

    def faults(self) -> dict[Path, tuple[Fault, ...]]:
        """Every table of the desk with what is to mend in it."""
        checked = {path: check_equipment(_bytes(path)) for path in tables(self.folder, "equipment")}
        return checked | {path: check_places(_bytes(path)) for path in tables(self.folder, "places")}


def tables(folder: Path, kind: str) -> list[Path]:
    """The tables of a kind ("equipment", "places") in the order in which they are read."""
    return sorted(folder.glob(f"{kind}*.csv")) if folder.is_dir() else []


@lru_cache(maxsize=4)
def _reader(folder: Path) -> ClaimReader:
    equipment = [_bytes(path) for path in tables(folder, "equipment")]
    return make_reader(equipment, [_bytes(path) for path in tables(folder, "places")])


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_TABLE_BYTES:
            raise UnreadableInput(f"{path.name} is larger than {MOST_TABLE_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableInput(f"{path.name}: {error.strerror}") from error
