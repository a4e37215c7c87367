"""The reference set: a grid to recognise footage by, and the editor of what is known of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from verify.api.callers import Curator, Reader
from verify.api.intake import store
from verify.api.pages.frame import page, see
from verify.api.references import add_from_address, edit, shown_reference, take_in
from verify.api.schemas import Identifier, ProvenanceIn, ReferenceIn
from verify.api.security import check_form
from verify.api.services import Served
from verify.errors import UsageError
from verify.model import DateBasisKind
from verify.references import checked

router = APIRouter(prefix="/references")

PER_PAGE = 60


def provenance_of(
    *,
    title: Annotated[str, Form()] = "",
    source_url: Annotated[str, Form()] = "",
    archive_url: Annotated[str, Form()] = "",
    first_seen: Annotated[str, Form()] = "",
    first_seen_basis: Annotated[str, Form()] = "",
    place: Annotated[str, Form()] = "",
    latitude: Annotated[str, Form()] = "",
    longitude: Annotated[str, Form()] = "",
    place_radius_km: Annotated[str, Form()] = "",
    equipment: Annotated[str, Form()] = "",
    claimed: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> ProvenanceIn:
    """What the form says; an empty field is not known."""
    given = {name: value.strip() for name, value in locals().items() if value.strip()}
    fields = given | {"equipment": [name.strip() for name in equipment.split(",") if name.strip()]}
    try:
        return ProvenanceIn.model_validate(fields)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


Given = Annotated[ProvenanceIn, Depends(provenance_of)]


@router.get("")
def show(
    request: Request,
    caller: Reader,
    services: Served,
    *,
    title: Annotated[str, Query(max_length=200)] = "",
    start: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Response:
    """The grid."""
    found = services.references.list(limit=PER_PAGE + 1, offset=start, title=title)
    return page(
        request,
        "references.html",
        caller,
        references=[shown_reference(services, reference) for reference in found[:PER_PAGE]],
        count=services.references.count(),
        title=title,
        next_start=start + PER_PAGE if len(found) > PER_PAGE else None,
        bases=list(DateBasisKind),
        empty=ProvenanceIn.model_construct(title=""),
    )


@router.post("/add")
def add(
    request: Request,
    caller: Curator,
    services: Served,
    known: Given,
    *,
    url: Annotated[str, Form()] = "",
    file: Annotated[UploadFile | None, File()] = None,
    token: Annotated[str, Form()] = "",
) -> Response:
    """Add the file, or the footage at the address."""
    check_form(request, token)
    if file is not None and file.filename:
        provenance = checked(known.record(added_by=caller.name))
        stored = store(services, file.file, file.filename)
        added = services.tool.reference_set.add_medium(stored, provenance)
        return see(f"/references/{added.reference.id}")
    if not url.strip():
        raise UsageError("give an address or a file")
    wanted = ReferenceIn(url=url.strip(), provenance=known)
    return see(f"/references/{add_from_address(services, wanted, added_by=caller.name)[0].reference.id}")


@router.post("/import")
def bring_in(
    request: Request,
    caller: Curator,
    services: Served,
    *,
    file: Annotated[UploadFile, File()],
    token: Annotated[str, Form()] = "",
) -> Response:
    """Take in another desk's export, and say what came of it."""
    check_form(request, token)
    return page(request, "imported.html", caller, imported=take_in(services, file, added_by=caller.name))


@router.get("/{reference_id}")
def show_one(reference_id: Identifier, request: Request, caller: Reader, services: Served) -> Response:
    """One reference and its editor."""
    reference = shown_reference(services, services.references.get(reference_id))
    return page(request, "reference.html", caller, reference=reference, bases=list(DateBasisKind))


@router.post("/{reference_id}")
def change(
    reference_id: Identifier,
    request: Request,
    _caller: Curator,
    services: Served,
    known: Given,
    *,
    token: Annotated[str, Form()] = "",
) -> Response:
    """Keep what the editor says."""
    check_form(request, token)
    return see(f"/references/{edit(services, reference_id, known).id}")


@router.post("/{reference_id}/remove")
def remove(
    reference_id: Identifier,
    request: Request,
    _caller: Curator,
    services: Served,
    *,
    token: Annotated[str, Form()] = "",
) -> Response:
    """Take it out of the set."""
    check_form(request, token)
    services.references.remove(reference_id)
    return see("/references")
