"""Compare any two media: an ad-hoc check of A against B, kept nowhere."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile

from verify.api.callers import Queuer
from verify.api.comparing import compared
from verify.api.intake import store
from verify.api.pages.frame import page
from verify.api.security import check_form
from verify.api.services import Served, Services, picture_address
from verify.errors import UsageError
from verify.model import MediaFile
from verify.reports.view import view

router = APIRouter()


@router.get("/compare")
def show(request: Request, caller: Queuer, *, reference: str = "") -> Response:
    """The form."""
    return page(request, "compare.html", caller, view=None, reference=reference[:64])


@router.post("/compare")
def compare(
    request: Request,
    caller: Queuer,
    services: Served,
    *,
    a: Annotated[UploadFile, File()],
    b: Annotated[UploadFile | None, File()] = None,
    reference_id: Annotated[str, Form(max_length=64)] = "",
    token: Annotated[str, Form()] = "",
) -> Response:
    """The comparison, as a report."""
    check_form(request, token)
    if not a.filename:
        raise UsageError("give a first file")
    against = _second(services, b, reference_id.strip())
    report = compared(services.tool.parts, store(services, a.file, a.filename), against)
    shown = view(report)
    return page(
        request,
        "compare.html",
        caller,
        view=shown,
        picture=picture_address,
        judge=None,
        stepping=None,
        reference=reference_id,
        rules=shown.rules,
    )


def _second(services: Services, upload: UploadFile | None, reference_id: str) -> MediaFile:
    if upload is not None and upload.filename:
        return store(services, upload.file, upload.filename)
    if not reference_id:
        raise UsageError("give a second file, or the identifier of a reference")
    return services.references.get(reference_id).media
