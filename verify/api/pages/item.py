"""One item: its report, laid out as in the exported file, with what a person can do and say beside it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from markupsafe import Markup
from pydantic import ValidationError

from verify.api.callers import Queuer, Reader
from verify.api.pages.frame import environment, page, see
from verify.api.reports import judge
from verify.api.schemas import Identifier, JudgementIn
from verify.api.security import check_form, form_token, seat
from verify.api.services import Served, parsed, picture_address
from verify.api.stepping import stepping_address
from verify.model import Judgement
from verify.pipeline.output import picture_names
from verify.reports.view import view
from verify.store.blobs import Blobs
from verify.store.items import FinishedReport
from verify.store.people import Scope

router = APIRouter()

LOOK_SECONDS = 30.0

_TOKEN = secrets.token_hex(16)  # stands for the token in pages made once; no text can hold it


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeForm:
    """What the report's templates need to offer their forms."""

    item_id: str
    asks_name: bool  #: nobody is signed in
    token: str = _TOKEN


@router.get("/items/{item_id}")
def show(
    item_id: Identifier,
    request: Request,
    caller: Reader,
    services: Served,
    joined: Annotated[bool, Query(description="Whether the person has just asked for it again")] = False,
) -> Response:
    """The report, or how far the work is."""
    item = services.ledger.get(item_id)
    stored = services.ledger.report(item_id)
    if stored is None:
        return page(request, "progress.html", caller, item=item, joined=joined)
    seat(request)
    form = JudgeForm(item_id=item_id, asks_name=not caller.is_person) if caller.may(Scope.QUEUE) else None
    moment = int(time.monotonic() / LOOK_SECONDS)
    kept = _kept(services.blobs, stored, moment)  # type: ignore[arg-type] # hashed by identity
    body, rules = _body(stored, tuple(services.judgements.of_item(item_id)), form, kept)
    body = body.replace(_TOKEN, form_token(request))
    return page(
        request,
        "item.html",
        caller,
        item=item,
        joined=joined,
        finding=parsed(stored).finding,
        body=Markup(body),  # noqa: S704 - made by the templates below, which escape
        rules=rules,
    )


@lru_cache(maxsize=256)
def _kept(blobs: Blobs, stored: FinishedReport, _moment: int) -> frozenset[str]:
    """Which pictures are stored; asked again after LOOK_SECONDS, since a store may be a server far away."""
    return frozenset(name for name in picture_names(parsed(stored)) if blobs.exists(name))


@lru_cache(maxsize=256)
def _body(
    stored: FinishedReport, said: tuple[Judgement, ...], form: JudgeForm | None, kept: frozenset[str]
) -> tuple[str, str]:
    """The report's article and its CSS; what it is made from never changes, so it is made once."""
    shown = view(parsed(stored), said)
    body = (
        environment()
        .get_template("report_body.html")
        .render(
            view=shown,
            judge=form,
            stepping=partial(stepping_address, stored.item_id),
            picture=lambda name: picture_address(name) if name in kept else "",
        )
    )
    return body, shown.rules


@router.post("/items/{item_id}/judge")
def say(
    *,
    item_id: Identifier,
    request: Request,
    caller: Queuer,
    services: Served,
    kind: Annotated[str, Form()],
    media_sha256: Annotated[str, Form()] = "",
    reference_id: Annotated[str, Form()] = "",
    query_start_us: Annotated[int | None, Form()] = None,
    query_end_us: Annotated[int | None, Form()] = None,
    rating: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    by: Annotated[str, Form()] = "",
    anchor: Annotated[str, Form(pattern=r"^[a-z0-9]{0,32}$")] = "judgement",
    token: Annotated[str, Form()] = "",
) -> Response:
    """Keep what the person says, in their name."""
    check_form(request, token)
    fields = {
        "kind": kind,
        "media_sha256": media_sha256,
        "reference_id": reference_id,
        "query_start_us": query_start_us,
        "query_end_us": query_end_us,
        "rating": rating or None,
        "note": note,
        "by": by,
    }
    try:
        said = JudgementIn.model_validate(fields)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error
    judge(services, item_id, said, caller)
    return see(f"/items/{item_id}#{anchor}")
