"""What each stage hands to the next, as it is kept between them.

Frozen records without arrays: `verify.store.codec` writes and reads them. A stage's record and the
blobs it names are all that a restart needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from verify.model import (
    Attempt,
    Claim,
    DecodeOutcome,
    Finding,
    KeyframeRecord,
    MatchResult,
    MediaFile,
    MediaRef,
    MediaRole,
    Post,
    Problem,
    SideBySide,
)


class Stage(StrEnum):
    """The arrows of the path, in order. Those of a medium carry its number: "match/0"."""

    RESOLVE = "resolve"
    CHILDREN = "children"
    FETCH = "fetch"
    SCREEN = "screen"
    FINGERPRINT = "fingerprint"
    MATCH = "match"
    FIND = "find"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What the resolve stage makes; `problem` when the words submitted name nothing that can be asked for."""

    post: Post
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spawned:
    """The items that were made of the posts a page embeds, or that asked the same before."""

    item_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """One photo or video of the item: on disk, or why not."""

    role: MediaRole
    index: int
    ref: MediaRef | None = None  #: None for a file given by the user
    file: MediaFile | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquired:
    """What the fetch stage makes: every medium of the item, and the requests that were made for them."""

    media: tuple[Medium, ...]
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What the fingerprint stage makes of one medium; the fingerprint itself is a blob."""

    decode: DecodeOutcome | None = None
    keyframes: tuple[KeyframeRecord, ...] = ()
    exchange_hashes: tuple[tuple[str, str], ...] = ()
    fingerprint_sha256: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """What the screen of one medium makes: both None when it does not settle the case.

    A medium that cannot be read has an examination, with its problem, and no matches.
    """

    examined: Examined | None = None
    matched: Matched | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What the match stage makes of one medium."""

    result: MatchResult
    pictures: tuple[SideBySide, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Concluded:
    """What the find stage makes."""

    claim: Claim | None
    finding: Finding
