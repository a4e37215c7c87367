"""The reference set over HTTP: list, add by address or upload, look at, edit, remove, export, import."""

from __future__ import annotations

import io
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import Json

from verify.api.callers import Curator, Reader
from verify.api.intake import store
from verify.api.schemas import (
    AddedOut,
    Identifier,
    ImportedOut,
    ProvenanceIn,
    ReferenceIn,
    ReferenceOut,
    ReferencesOut,
)
from verify.api.security import own_origin
from verify.api.services import Served, Services
from verify.errors import UsageError
from verify.model import Reference
from verify.pipeline.intake import is_path
from verify.references import checked
from verify.references.exchange import Imported, exported, imported
from verify.store.references import Added

NDJSON = "application/x-ndjson"
router = APIRouter(prefix="/references", tags=["references"], dependencies=[Depends(own_origin)])


@router.get("")
def list_references(
    _caller: Reader,
    services: Served,
    title: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> ReferencesOut:
    """References whose title holds the words, newest first."""
    found = services.references.list(limit=limit, offset=offset, title=title)
    shown = [shown_reference(services, reference) for reference in found]
    return ReferencesOut(references=shown, count=services.references.count())


@router.post("", status_code=201)
def add_reference(wanted: ReferenceIn, caller: Curator, services: Served) -> list[AddedOut]:
    """Add the footage at an address: one reference, or one for each medium of a post."""
    return [_added(services, one) for one in add_from_address(services, wanted, added_by=caller.name)]


@router.post("/upload", status_code=201)
def upload_reference(
    caller: Curator,
    services: Served,
    response: Response,
    file: Annotated[UploadFile, File(description="A photo or video")],
    provenance: Annotated[Json[ProvenanceIn], Form(description="ProvenanceIn as JSON text")],
) -> AddedOut:
    """Add an uploaded file with what is known of it."""
    known = checked(provenance.record(added_by=caller.name))
    added = services.tool.reference_set.add_medium(store(services, file.file, file.filename or ""), known)
    response.headers["Location"] = f"/api/v1/references/{added.reference.id}"
    return _added(services, added)


@router.get("/export", response_class=StreamingResponse, responses={200: {"content": {NDJSON: {}}}})
def export_references(_caller: Reader, services: Served) -> StreamingResponse:
    """The whole set as JSON Lines: provenance, fingerprints and pictures, without the footage itself."""
    lines = exported(services.references, services.blobs)
    headers = {"Content-Disposition": 'attachment; filename="references.jsonl"'}
    return StreamingResponse(lines, media_type=NDJSON, headers=headers)


@router.post("/import")
def import_references(
    caller: Curator, services: Served, file: Annotated[UploadFile, File(description="What an export gave")]
) -> ImportedOut:
    """Take in another desk's export. Bad lines are named; the others are taken."""
    return ImportedOut.of(take_in(services, file, added_by=caller.name))


@router.get("/{reference_id}")
def get_reference(reference_id: Identifier, _caller: Reader, services: Served) -> ReferenceOut:
    """One reference."""
    return shown_reference(services, services.references.get(reference_id))


@router.put("/{reference_id}")
def edit_reference(
    reference_id: Identifier, wanted: ProvenanceIn, _caller: Curator, services: Served
) -> ReferenceOut:
    """Replace what is known of it. Who added it stays."""
    return shown_reference(services, edit(services, reference_id, wanted))


@router.delete("/{reference_id}", status_code=204)
def remove_reference(reference_id: Identifier, _caller: Curator, services: Served) -> None:
    """Take it out of the set. Reports that named it stay as they are."""
    services.references.remove(reference_id)


# --- shared with the pages --------------------------------------------------------------------


def add_from_address(services: Services, wanted: ReferenceIn, *, added_by: str) -> list[Added]:
    """Raises UsageError for a path of this machine, and what resolving, fetching and decoding raise."""
    if is_path(wanted.url):
        raise UsageError("a file of this machine cannot be added by its path; upload it")
    known = checked(wanted.provenance.record(added_by=added_by))
    return services.tool.reference_set.add(wanted.url, known)


def edit(services: Services, reference_id: str, wanted: ProvenanceIn) -> Reference:
    """The reference with its new provenance. Raises InvalidProvenance, NotInReferenceSet."""
    known = services.references.get(reference_id)
    provenance = checked(wanted.record(added_by=known.provenance.added_by))
    return services.references.update_provenance(known.id, provenance)


def take_in(services: Services, file: UploadFile, *, added_by: str) -> Imported:
    """Raises UnreadableInput for another kind of file."""
    lines = io.TextIOWrapper(file.file, encoding="utf-8", errors="replace")
    try:
        return imported(services.references, services.blobs, lines, added_by=added_by)
    finally:
        lines.detach()


def shown_reference(services: Services, reference: Reference) -> ReferenceOut:
    return ReferenceOut.of(reference, tuple(services.references.pictures(reference.id)))


def _added(services: Services, added: Added) -> AddedOut:
    return AddedOut(reference=shown_reference(services, added.reference), is_new=added.is_new)
