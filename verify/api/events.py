"""Live progress as server-sent events.

One task of each process asks the ledger twice a second what changed, while anybody listens, and tells
all listeners; a listener that does not read is dropped and its browser connects anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from verify.api.callers import Reader
from verify.api.schemas import Identifier, ItemOut
from verify.api.services import Served, Services
from verify.errors import NoSuchItem, VerifyError
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
        since = datetime.now(UTC) - timedelta(seconds=2)
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
    """Every change of the named items, beginning with how they stand, or of all."""
    return _stream(request, frozenset(item))


@router.get("/items/{item_id}/events", responses=_STREAM, response_class=StreamingResponse)
async def item_events(
    item_id: Identifier, request: Request, _caller: Reader, services: Served
) -> StreamingResponse:
    """Every change of one item, beginning with how it stands."""
    await run_in_threadpool(services.ledger.get, item_id)
    return _stream(request, frozenset({item_id}))


def _stream(request: Request, wanted: Collection[str]) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(request, wanted), media_type="text/event-stream", headers=headers)


async def _events(request: Request, wanted: Collection[str]) -> AsyncIterator[str]:
    broadcast: Broadcast = request.app.state.broadcast
    last: dict[str, datetime] = {}
    yield "retry: 2000\n\n"
    with broadcast.listening() as queue:
        # After listening began, or what changed in between would never be told.
        for item in await run_in_threadpool(_as_they_stand, request.app.state.services, wanted):
            last[item.id] = item.updated_at
            yield _event(item)
        while True:
            try:
                changed = await asyncio.wait_for(queue.get(), SILENCE_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if changed is None or await request.is_disconnected():
                return
            # Whatever else came meanwhile goes in the same piece: many small ones cost more than they say.
            if told := "".join(_news(changed, queue, wanted, last)):
                yield told


def _news(
    first: Item, queue: asyncio.Queue[Item | None], wanted: Collection[str], last: dict[str, datetime]
) -> Iterator[str]:
    """The events of what waits in the queue, as far as they are wanted and new."""
    changed: Item | None = first
    while changed is not None:
        if (not wanted or changed.id in wanted) and last.get(changed.id) != changed.updated_at:
            last[changed.id] = changed.updated_at
            yield _event(changed)
        if queue.empty():
            return
        changed = queue.get_nowait()
    queue.put_nowait(None)  # the end was among them: the next look sees it


def _as_they_stand(services: Services, wanted: Collection[str]) -> list[Item]:
    found = []
    for item_id in wanted:
        with contextlib.suppress(NoSuchItem):
            found.append(services.ledger.get(item_id))
    return found


@lru_cache(maxsize=1_000)  # many listeners hear of the same change
def _event(item: Item) -> str:
    return f"event: item\ndata: {ItemOut.of(item).model_dump_json()}\n\n"
