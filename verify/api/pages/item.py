"""One item: its report, laid out as in the exported file, with what a person can do and say beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from verify.api.callers import Queuer, Reader
from verify.api.pages.frame import page, see
from verify.api.reports import judge
from verify.api.schemas import Identifier, JudgementIn
from verify.api.security import check_form, form_token, seat
from verify.api.services import Served, parsed
from verify.reports.view import view
from verify.store.people import Scope

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeForm:
    """What the report's templates need to offer their forms."""

    item_id: str
    token: str
    asks_name: bool  #: nobody is signed in


@router.get("/items/{item_id}")
def show(item_id: Identifier, request: Request, caller: Reader, services: Served) -> Response:
    """The report, or how far the work is."""
    item = services.ledger.get(item_id)
    stored = services.ledger.report(item_id)
    if stored is None:
        return page(request, "progress.html", caller, item=item)
    seat(request)
    shown = view(parsed(stored), services.judgements.of_item(item_id))
    form = JudgeForm(item_id=item_id, token=form_token(request), asks_name=not caller.is_person)
    return page(
        request,
        "item.html",
        caller,
        item=item,
        view=shown,
        picture=services.picture_address,
        judge=form if caller.may(Scope.QUEUE) else None,
        rules=shown.rules,
    )


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
