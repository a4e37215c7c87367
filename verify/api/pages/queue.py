"""The queue: paste addresses, drop a file, watch them being checked, filter what is there."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from markupsafe import Markup

from verify.api.callers import Queuer, Reader
from verify.api.intake import accept_all, accept_file
from verify.api.items import cancel_item, found_items, recheck_item, retry_item
from verify.api.pages.frame import environment, page, see
from verify.api.schemas import LARGEST_BATCH, Identifier, ItemIn, Words
from verify.api.security import check_form
from verify.api.services import Served
from verify.errors import UsageError
from verify.model import FindingLabel, ItemState
from verify.store.items import Item, ItemFilter

router = APIRouter()

PER_PAGE = 50


@router.get("/")
def show(
    *,
    request: Request,
    caller: Reader,
    services: Served,
    state: Annotated[str, Query(max_length=20)] = "",
    finding: Annotated[str, Query(max_length=64)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: Annotated[str, Query(pattern=r"^[0-9a-zA-Z_-]{0,64}$")] = "",
    joined: Annotated[int, Query(ge=0, le=LARGEST_BATCH + 1)] = 0,
    accepted: Annotated[int, Query(ge=0, le=LARGEST_BATCH + 1)] = 0,
) -> Response:
    """The queue, or what to do first when nothing is there."""
    which = ItemFilter(
        states=frozenset({ItemState(state)}) if state in set(ItemState) else frozenset(),
        findings=frozenset({FindingLabel(finding)}) if finding in set(FindingLabel) else frozenset(),
        limit=PER_PAGE + 1,
        before_id=cursor,
    )
    found = found_items(services, which, q)
    chosen = {"state": state, "finding": finding, "q": q}
    more = urlencode(chosen | {"cursor": found[PER_PAGE - 1].id}) if len(found) > PER_PAGE else ""
    count = services.references.count()
    return page(
        request,
        "queue.html",
        caller,
        rows=[_row(item) for item in found[:PER_PAGE]],
        more=more,
        chosen=chosen,
        joined=joined,
        accepted=accepted,
        reference_count=count,
        is_first_run=not found and not any(chosen.values()) and not cursor,
        is_moving=any(not item.is_terminal for item in found[:PER_PAGE]),
    )


@lru_cache(maxsize=2_000)
def _row(item: Item) -> Markup:
    """The item's line; an item that changed is another key."""
    return Markup(environment().get_template("queue_row.html").render(item=item))  # noqa: S704 - it escapes


@router.post("/queue")
def add(
    *,
    request: Request,
    _caller: Queuer,
    services: Served,
    urls: Annotated[str, Form(max_length=300_000)] = "",
    claim: Annotated[Words, Form()] = "",
    note: Annotated[Words, Form()] = "",
    priority: Annotated[str, Form(pattern="^(breaking|normal|bulk)$")] = "normal",
    file: Annotated[UploadFile | None, File()] = None,
    token: Annotated[str, Form()] = "",
) -> Response:
    """Queue every address of the form, and its file."""
    check_form(request, token)
    addresses = re.split(r"\s+", urls.strip()) if urls.strip() else []
    if len(addresses) > LARGEST_BATCH:
        raise UsageError(f"{len(addresses)} addresses; up to {LARGEST_BATCH} can be queued at once")
    wanted = [
        ItemIn(url=address, claim=claim, note=note, priority=priority)  # type: ignore[arg-type] # by the pattern
        for address in dict.fromkeys(addresses)
    ]
    accepted = accept_all(services, wanted) if wanted else []
    if file is not None and file.filename:
        accepted.append(
            accept_file(services, file.file, file.filename, claim=claim, note=note, posted_at=None)
        )
    if not accepted:
        raise UsageError("give an address or a file")
    joined = sum(one.joined for one in accepted)
    if len(accepted) == 1:
        return see(f"/items/{accepted[0].item.id}{'?joined=1' if joined else ''}")
    return see(f"/?joined={joined}&accepted={len(accepted)}" if joined else "/")


@router.post("/items/{item_id}/{action}")
def act(
    item_id: Identifier,
    action: str,
    request: Request,
    caller: Queuer,
    services: Served,
    *,
    token: Annotated[str, Form()] = "",
) -> Response:
    """Cancel, retry or re-check."""
    check_form(request, token)
    actions = {"cancel": cancel_item, "retry": retry_item, "recheck": recheck_item}
    if action not in actions:
        raise UsageError(f"an item cannot be told to {action[:20]!r}")
    actions[action](item_id, caller, services)
    return see(f"/items/{item_id}")
