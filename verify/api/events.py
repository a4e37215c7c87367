"""Live progress as server-sent events.

One task of each process asks the ledger twice a second what changed, while anybody listens, and tells
all listeners; a listener that does not read is dropped and its browser connects anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from verify.api.callers import Reader
from verify.api.schemas import Identifier, ItemOut
from verify.api.services import Served, Services
from verify.errors import VerifyError
from verify.store.items import Item

router = APIRouter(tags=["events"])

POLL_SECONDS = 0.5
SILENCE_SECONDS = 15.0  # then a comment is sent, so that proxies keep the connection
_MOST_WAITING = 1_000  # changes a listener may be behind
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "Events named `item`, each an ItemOut"}
}


class Broadcast:
    """The changes of the ledger, told to whoever listens."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._listeners: set[asyncio.Queue[Item | None]] = set()
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def listening(self) -> Iterator[asyncio.Queue[Item | None]]:
        """A queue of changes; None in it means that the stream ends."""
        queue: asyncio.Queue[Item | None] = asyncio.Queue(_MOST_WAITING)
        self._listeners.add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def close(self) -> None:
        """Ends every stream."""
        for queue in self._listeners:
            with contextlib.suppress(asyncio.QueueFull):
                queue.put_nowait(None)
        if self._task is not None:
            self._task.cancel()

    async def _poll(self) -> None:
        since = datetime.now(UTC)
        while self._listeners:
            await asyncio.sleep(POLL_SECONDS)
            try:
                changed = await run_in_threadpool(self._services.texts.changed_since, since)
            except VerifyError:  # busy: the next round sees the same changes
                continue
            for item in changed:
                self._tell(item)
            # Writers commit a little after the instant they note; what is seen twice does no harm.
            latest = max((item.updated_at for item in changed), default=since)
            since = max(since, latest - timedelta(seconds=1))

    def _tell(self, item: Item) -> None:
        for queue in tuple(self._listeners):
            try:
                queue.put_nowait(item)
            except asyncio.QueueFull:
                self._listeners.discard(queue)


@router.get("/events", responses=_STREAM, response_class=StreamingResponse)
async def all_events(
    request: Request,
    _caller: Reader,
    item: Annotated[list[Identifier], Query(max_length=200)] = [],  # noqa: B006 - FastAPI copies it
) -> StreamingResponse:
    """Every change of the named items, or of all."""
    return _stream(request, frozenset(item))


@router.get("/items/{item_id}/events", responses=_STREAM, response_class=StreamingResponse)
async def item_events(
    item_id: Identifier, request: Request, _caller: Reader, services: Served
) -> StreamingResponse:
    """Every change of one item, beginning with how it stands."""
    first = await run_in_threadpool(services.ledger.get, item_id)
    return _stream(request, frozenset({item_id}), first)


def _stream(request: Request, wanted: frozenset[str], first: Item | None = None) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(request, wanted, first), media_type="text/event-stream", headers=headers)


async def _events(request: Request, wanted: frozenset[str], first: Item | None) -> AsyncIterator[str]:
    broadcast: Broadcast = request.app.state.broadcast
    last: dict[str, datetime] = {}
    yield "retry: 2000\n\n"
    with broadcast.listening() as queue:
        if first is not None:
            yield _event(first)
        while True:
            try:
                item = await asyncio.wait_for(queue.get(), SILENCE_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if item is None or await request.is_disconnected():
                return
            if (not wanted or item.id in wanted) and last.get(item.id) != item.updated_at:
                last[item.id] = item.updated_at
                yield _event(item)


def _event(item: Item) -> str:
    return f"event: item\ndata: {ItemOut.of(item).model_dump_json()}\n\n"
