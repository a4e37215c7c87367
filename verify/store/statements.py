"""The statements that each item costs, built once: to build one takes longer than to run it.

In: the shape of a statement. Out: the statement, with `bound` names for its values. The ledger says what
they mean; only claims, writes under a lease, and what comes with them are here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Select, and_, bindparam, case, or_, select, update
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.dml import ReturningUpdate

from verify.model import ItemState
from verify.store.items import Lane, Priority
from verify.store.rows import REQUEUED, UNCOUNTED, in_state, within
from verify.store.tables import checkpoints, items

NOW = bindparam("now", type_=items.c.lease_until.type)
_RUNNING = in_state(ItemState.RUNNING)
_COMPUTED: dict[str, ColumnElement[Any]] = {"state": REQUEUED, "attempts": UNCOUNTED}

_DUE = and_(in_state(ItemState.QUEUED), items.c.not_before <= NOW)
_CLAIMED = {
    "losses": items.c.losses + case((_RUNNING, 1), else_=0),
    "state": ItemState.RUNNING,
    "attempts": items.c.attempts + 1,
    "lease_token": bindparam("new_token"),
    "lease_until": bindparam("until", type_=items.c.lease_until.type),
    "heartbeat_at": NOW,
    "worker": bindparam("by"),
    "updated_at": NOW,
}


@cache
def claim_next(lane: Lane | None, priorities: tuple[Priority, ...]) -> ReturningUpdate[Any]:
    """The next item due by priority and age. Bound: now, until, new_token, by."""
    which = [_DUE, *within(lane, priorities)]
    first = select(items.c.id).where(*which).order_by(items.c.priority, items.c.created_at).limit(1)
    # SQLite has no row locks and needs none: the writing transaction holds the only lock.
    next_one = items.c.id == first.with_for_update(skip_locked=True).scalar_subquery()
    return update(items).where(next_one).values(_CLAIMED).returning(items)


@cache
def claim_one(most_losses: int) -> ReturningUpdate[Any]:
    """An item by its identifier, also one whose lease ran out. Bound: those of `claim_next`, and wanted."""
    lost = and_(
        _RUNNING, items.c.lease_until < NOW, items.c.losses + 1 < most_losses, ~items.c.cancel_requested
    )
    which = and_(items.c.id == bindparam("wanted"), or_(_DUE, lost))
    return update(items).where(which).values(_CLAIMED).returning(items)


def held(values: Mapping[str, Any]) -> tuple[ReturningUpdate[Any], dict[str, Any]]:
    """Sets these columns while the lease holds, and the parameters for it. Bound beside: held_id, held_token.

    A value that is an expression must be the one of its column in `_COMPUTED`.
    """
    computed = tuple(sorted(name for name, value in values.items() if isinstance(value, ColumnElement)))
    given = tuple(sorted(set(values) - set(computed)))
    return _held(given, computed), {f"new_{name}": values[name] for name in given}


@cache
def _held(given: tuple[str, ...], computed: tuple[str, ...]) -> ReturningUpdate[Any]:
    values: dict[str, Any] = {name: _new(name) for name in given}
    values |= {name: _COMPUTED[name] for name in computed}
    which = and_(items.c.id == bindparam("held_id"), items.c.lease_token == bindparam("held_token"), _RUNNING)
    return update(items).where(which).values(values).returning(items)


def _new(name: str) -> BindParameter[Any]:
    return bindparam(f"new_{name}", type_=items.c[name].type)


@cache
def kept_checkpoint() -> Select[bytes]:
    """Bound: of_item, of_stage, of_version."""
    return select(checkpoints.c.payload).where(
        checkpoints.c.item_id == bindparam("of_item"),
        checkpoints.c.stage == bindparam("of_stage"),
        checkpoints.c.code_version == bindparam("of_version"),
    )
