"""What the spine is put together from, and the names under which its work is kept.

`verify.wiring` makes the parts from the settings; nothing here picks one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from verify import __version__
from verify.findings.comparing import RelateEquipment
from verify.fingerprint import ALGORITHM
from verify.matching import ReferenceIndex
from verify.model import Claim, ContentCredentials, Post, Versions
from verify.pipeline.acquire import Acquirer
from verify.pipeline.examine import Examiner
from verify.reports import SCHEMA
from verify.store.blobs import Blobs
from verify.store.ledger import Ledger
from verify.store.references import ReferenceStore

TOOL_VERSION = __version__

#: A checkpoint of other code is not read.
CODE_VERSION = f"{TOOL_VERSION} {ALGORITHM}"

LIBRARIES = ("av", "faiss-cpu", "imagehash", "numpy", "opencv-python-headless", "pdqhash", "pillow")

#: Reads the claim of a post, or of the user's own words where given; None when neither says anything.
ReadClaim = Callable[[Post, str], Claim | None]

#: Reads the content credentials of a file of that media type; None where they cannot be read.
ReadCredentials = Callable[[Path, str], ContentCredentials | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedSet:
    """The reference set as one check sees it."""

    index: ReferenceIndex
    count: int
    digest: str  #: of its records and fingerprints: equal digests give equal reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything one process works with. `verify.wiring` opens and closes it."""

    ledger: Ledger
    blobs: Blobs
    references: ReferenceStore
    acquirer: Acquirer
    examiner: Examiner
    searched_set: Callable[[], SearchedSet]  #: as of the call
    read_claim: ReadClaim
    relate: RelateEquipment
    read_credentials: ReadCredentials
    settings_digest: str


def versions(settings_digest: str) -> Versions:
    """What made a report, for whoever re-checks it."""
    return Versions(
        tool=TOOL_VERSION,
        schema=SCHEMA,
        algorithm=ALGORITHM,
        settings_digest=settings_digest,
        libraries=tuple((name, version(name)) for name in LIBRARIES),
    )
