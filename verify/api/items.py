"""Items over HTTP: queue one or many, upload a file, list, search, look at one, cancel, retry, re-check."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Header, Query, Response, UploadFile
from pydantic import AwareDatetime, StringConstraints

from verify.api.callers import Queuer, Reader
from verify.api.intake import accept_file, accept_once
from verify.api.schemas import (
    AcceptedItemsOut,
    AcceptedOut,
    BatchIn,
    Identifier,
    ItemOut,
    ItemsIn,
    ItemsOut,
    Words,
)
from verify.api.security import own_origin
from verify.api.services import Served, Services
from verify.errors import NoSuchItem, UsageError
from verify.model import FindingLabel, ItemState
from verify.store.items import Item, ItemFilter

router = APIRouter(prefix="/items", tags=["items"], dependencies=[Depends(own_origin)])

IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(max_length=128, pattern=r"^[\x21-\x7e]*$")],
    Header(description="The same key with the same request gives the same items for a day."),
]


_JOINED: dict[int | str, dict[str, Any]] = {
    200: {"description": "Everything was asked before: the items that answer it"}
}


@router.post("", status_code=202, responses=_JOINED)
def create_items(
    wanted: ItemsIn,
    caller: Queuer,
    services: Served,
    response: Response,
    idempotency_key: IdempotencyKey = "",
) -> AcceptedItemsOut:
    """Queue one item, or a batch of up to 100, accepted together or not at all.

    What asks the same as an earlier item (the same post or file, claim, note and posting time) joins it:
    `joined` says so of each, and the status is 200 when nothing new was queued. A joined item that had
    ended is searched anew if the reference set or the program has changed; `recheck` fetches it again.
    """
    asked = wanted.items if isinstance(wanted, BatchIn) else [wanted]
    accepted = accept_once(services, asked, owner=caller.id, key=idempotency_key)
    if len(accepted) == 1:
        response.headers["Location"] = f"/api/v1/items/{accepted[0].item.id}"
    if all(one.joined for one in accepted):
        response.status_code = 200
    return AcceptedItemsOut(items=[AcceptedOut.told(one) for one in accepted])


@router.post("/upload", status_code=202, responses=_JOINED)
def upload_item(
    *,
    _caller: Queuer,
    services: Served,
    response: Response,
    file: Annotated[UploadFile, File(description="A photo or video")],
    claim: Annotated[Words, Form()] = "",
    note: Annotated[Words, Form()] = "",
    posted_at: Annotated[AwareDatetime | None, Form()] = None,
) -> AcceptedOut:
    """Queue a file with the claim that came with it; the same file with the same claim joins its item."""
    accepted = accept_file(
        services, file.file, file.filename or "", claim=claim, note=note, posted_at=posted_at
    )
    response.headers["Location"] = f"/api/v1/items/{accepted.item.id}"
    if accepted.joined:
        response.status_code = 200
    return AcceptedOut.told(accepted)


@router.get("", response_model=ItemsOut)
def list_items(
    *,
    _caller: Reader,
    services: Served,
    state: Annotated[list[ItemState], Query()] = [],  # noqa: B006 - FastAPI copies it
    finding: Annotated[list[FindingLabel], Query()] = [],  # noqa: B006
    since: Annotated[AwareDatetime | None, Query(description="Accepted at or after")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Accepted before")] = None,
    q: Annotated[str, Query(max_length=200, description="Words that all occur, in any script")] = "",
    cursor: Annotated[str, Query(pattern=r"^[0-9a-zA-Z_-]{0,64}$")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """A page of items, newest first; `next_cursor` asks for the next one."""
    which = ItemFilter(
        states=frozenset(state),
        findings=frozenset(finding),
        since=since,
        until=until,
        limit=limit + 1,
        before_id=cursor,
    )
    found = found_items(services, which, q)
    more = found[limit - 1].id if len(found) > limit else None
    answer = ItemsOut.model_construct(items=[_shown(item) for item in found[:limit]], next_cursor=more)
    return Response(answer.model_dump_json(), media_type="application/json")  # checked once is enough


_shown = lru_cache(maxsize=4_000)(ItemOut.of)  # an item that changed is another key


def found_items(services: Services, which: ItemFilter, words: str) -> list[Item]:
    """The items that pass. Raises UsageError for a cursor of another list."""
    try:
        if words.strip():
            return list(services.texts.search(words, which))
        return list(services.ledger.list(which))
    except NoSuchItem as error:
        raise UsageError(f"the cursor {which.before_id!r} is not of this list") from error


@router.get("/{item_id}")
def get_item(item_id: Identifier, _caller: Reader, services: Served) -> ItemOut:
    """One item as it stands."""
    return ItemOut.of(services.ledger.get(item_id))


@router.post("/{item_id}/cancel")
def cancel_item(item_id: Identifier, _caller: Queuer, services: Served) -> ItemOut:
    """Stop it: at once when it waits, at its next stage when it is worked on."""
    return ItemOut.of(services.ledger.cancel(item_id))


@router.post("/{item_id}/retry")
def retry_item(item_id: Identifier, _caller: Queuer, services: Served) -> ItemOut:
    """Queue a failed or cancelled item again, keeping what its earlier attempts fetched."""
    item = services.ledger.get(item_id)
    if item.state not in {ItemState.FAILED, ItemState.CANCELLED}:
        raise UsageError(f"a {item.state.value} item cannot be retried; a done one can be re-checked")
    return _again(services, services.ledger.rerun(item_id, forget=None if item.error_code else ()))


@router.post("/{item_id}/recheck")
def recheck_item(item_id: Identifier, _caller: Queuer, services: Served) -> ItemOut:
    """Fetch and check it anew. Its earlier reports stay."""
    item = services.ledger.get(item_id)
    if not item.is_terminal:
        raise UsageError(f"a {item.state.value} item is not finished yet")
    return _again(services, services.ledger.rerun(item_id))


def _again(services: Services, item: Item) -> ItemOut:
    services.called(item)
    return ItemOut.of(item)
