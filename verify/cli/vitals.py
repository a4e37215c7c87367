"""How the queue, the bell and the index are: what `verify doctor` asks of a running installation.

In: the opened tool. Out: a line for each. Nothing is changed and nothing is waited for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from verify.bell import CeleryBell
from verify.cli.store import STANDSTILL_SECONDS, standstill_seconds
from verify.fingerprint import ALGORITHM
from verify.model import ItemState
from verify.references import CurrentSet
from verify.wiring import Tool

SWEPT_SECONDS = 60.0  # a sweep is due every 5 s wherever a worker lives


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the doctor. `state` is "ok", "missing" (and not needed), or "wrong" (and needed)."""

    area: str
    state: str
    text: str


def vitals(tool: Tool) -> Iterator[Check]:
    """Raises StorageBusy when the database goes away meanwhile."""
    yield _queue(tool)
    yield _workers(tool)
    yield _bell(tool)
    yield _index(tool)
    yield _files(tool)


def _queue(tool: Tool) -> Check:
    counts = dict.fromkeys(ItemState, 0)
    oldest: datetime | None = None
    for depth in tool.parts.ledger.depths():
        counts[depth.state] += depth.count
        if depth.state is ItemState.QUEUED:
            oldest = min(oldest or depth.oldest_created_at, depth.oldest_created_at)
    words = ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "empty"
    age = f"; the oldest waits {(datetime.now(UTC) - oldest).total_seconds():.0f} s" if oldest else ""
    return Check(area="queue", state="ok", text=words + age)


def _workers(tool: Tool) -> Check:
    still = standstill_seconds(tool.parts.ledger)
    if still > STANDSTILL_SECONDS:
        return Check(area="workers", state="wrong", text=f"work is due and nobody took any for {still:.0f} s")
    swept = tool.parts.ledger.seconds_since_sweep()
    if math.isinf(swept):
        return Check(area="workers", state="missing", text="none has run yet (verify work, verify serve)")
    state = "ok" if swept < SWEPT_SECONDS else "missing"
    return Check(area="workers", state=state, text=f"one swept the queue {swept:.0f} s ago")


def _bell(tool: Tool) -> Check:
    url = tool.settings.broker_url.get_secret_value()
    if not url:
        return Check(area="broker", state="ok", text="none: the embedded mode needs none")
    trouble = CeleryBell(url).trouble()
    if trouble:
        return Check(area="broker", state="wrong", text=f"out of reach, the sweep will ring: {trouble}")
    return Check(area="broker", state="ok", text="answers")


def _index(tool: Tool) -> Check:
    revision = tool.parts.references.revision()
    digest = tool.parts.references.digest(ALGORITHM)
    behind = len(tool.parts.references.unfingerprinted(ALGORITHM))
    if behind:
        words = f"{behind} references have no fingerprint by {ALGORITHM} yet: they are not searched. "
        words += "`verify reference renew` makes them"
        return Check(area="index", state="wrong", text=words)
    waiting = CurrentSet(tool.parts.references, tool.settings.home.expanduser() / "index").unindexed()
    words = f"{waiting} references are indexed at the next check" if waiting else "is current"
    return Check(area="index", state="ok", text=f"revision {revision}, {digest[:12]}, {words}")


def _files(tool: Tool) -> Check:
    name = tool.parts.blobs.put(b"")  # the empty file: always the same one
    present = tool.parts.blobs.exists(name)
    where = tool.settings.blobs_url or "folder"
    return Check(area="files", state="ok" if present else "wrong", text=f"{where}: written and found again")
