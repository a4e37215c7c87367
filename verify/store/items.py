"""The nouns of the ledger: an item, its lease, and what a worker may say about it.

Frozen records, no I/O. Instants are aware and in UTC. The picture of the states and each transition
between them is in docs/states.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from verify.model import FindingLabel, ItemState

TERMINAL = frozenset({ItemState.DONE, ItemState.FAILED, ItemState.CANCELLED})


class Priority(IntEnum):
    """Lower goes first."""

    BREAKING = 0
    NORMAL = 1
    BULK = 2


class Lane(StrEnum):
    """What the item needs next: the network, or the processor."""

    FETCH = "fetch"
    ANALYSE = "analyse"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """A request, before it has an identifier."""

    submitted: str  #: verbatim
    key: str = ""  #: canonical post key, "x:1230..."; empty when not known yet
    claim: str = ""  #: the user's own words, beside the post's text
    note: str = ""
    posted_at: datetime | None = None  #: as stated by the user
    priority: Priority = Priority.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One row of the ledger."""

    id: str
    submitted: str
    key: str
    claim: str
    note: str
    posted_at: datetime | None
    state: ItemState
    lane: Lane
    priority: Priority
    run: int  #: 1, and one more for each re-check
    attempts: int  #: claims in this run and lane that were not given back
    losses: int  #: claims in this run and lane whose worker vanished
    retries: int  #: transient failures in this run
    lease_until: datetime | None
    heartbeat_at: datetime | None
    worker: str
    not_before: datetime
    stage: str  #: the stage at work, or the last one
    progress: float | None  #: of that stage, 0..1
    cancel_requested: bool
    error_code: str
    error_sentence: str
    finding: FindingLabel | None
    created_at: datetime
    updated_at: datetime

    @property
    def is_terminal(self) -> bool:
        return self.state in TERMINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to work on an item until `until`, renewed by heartbeats; `token` proves it."""

    item: Item
    token: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedReport:
    """A report as the ledger keeps it."""

    item_id: str
    run: int
    code_version: str
    json: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenReport:
    """A report on its way into the ledger."""

    json: str
    code_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFilter:
    """Which items to list, newest first."""

    states: frozenset[ItemState] = frozenset()  #: empty: any
    findings: frozenset[FindingLabel] = frozenset()
    since: datetime | None = None  #: accepted at or after
    until: datetime | None = None  #: accepted before
    key: str = ""
    limit: int = 100
    before_id: str = ""  #: continue after this item of the previous page


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How many items stand in one state, and since when the oldest."""

    state: ItemState
    priority: Priority
    count: int
    oldest_created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What a sweep put right."""

    requeued: tuple[str, ...] = ()  #: leases that ran out
    abandoned: tuple[str, ...] = ()  #: lost by a worker for the last time: failed, with a report
    cancelled: tuple[str, ...] = ()  #: asked to be cancelled, and the worker is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the ledger waits before it acts. Seconds, and counts.

    A lease outlives four missed heartbeats and a database locked for 10 s (handbook 3.3, R6), and
    with the sweep's 5 s still ends within the 30 s that R3 allows.
    """

    lease_seconds: float = 20.0
    heartbeat_seconds: float = 5.0
    sweep_seconds: float = 5.0
    losses: int = 3  #: workers an item may cost
    backoff_seconds: tuple[float, ...] = (30.0, 120.0, 480.0, 1800.0)  #: before each retry; then it fails
