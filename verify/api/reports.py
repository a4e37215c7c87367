"""Reports over HTTP: as JSON, HTML, CSV and JSON-LD, their pictures, and what people judge of them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse

from verify.api.callers import LOCAL, Caller, Queuer, Reader
from verify.api.conditional import forever, known_forever, unless_known
from verify.api.schemas import Identifier, JudgementIn, JudgementOut, JudgementsOut
from verify.api.security import own_origin
from verify.api.services import Served, Services
from verify.errors import BlobMissing, NoSuchRecord, UsageError
from verify.model import Judgement, Span
from verify.pipeline.output import pictures
from verify.reports import json_schema, to_csv, to_html, to_jsonld

router = APIRouter(tags=["reports"], dependencies=[Depends(own_origin)])

_JPEG = b"\xff\xd8\xff"
EXPORT_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"
_NO_REPORT: dict[int | str, dict[str, Any]] = {404: {"description": "No such item, or no report yet"}}


@router.get("/items/{item_id}/report", responses=_NO_REPORT)
@router.get("/items/{item_id}/report.json", responses=_NO_REPORT)
def report_json(request: Request, item_id: Identifier, _caller: Reader, services: Served) -> Response:
    """The report as the versioned JSON document."""
    text = services.stored_report(item_id).json
    return unless_known(request, Response(text, media_type="application/json"))


@router.get("/items/{item_id}/report.html", responses=_NO_REPORT, response_class=HTMLResponse)
def report_html(request: Request, item_id: Identifier, _caller: Reader, services: Served) -> Response:
    """The report as one HTML file with its pictures inside."""
    headers = _attached(item_id, "html") | {"Content-Security-Policy": EXPORT_POLICY}
    return unless_known(request, HTMLResponse(export(services, item_id), headers=headers))


@router.get("/items/{item_id}/report.csv", responses=_NO_REPORT)
def report_csv(request: Request, item_id: Identifier, _caller: Reader, services: Served) -> Response:
    """The report as a line of CSV under its header."""
    return unless_known(request, csv_answer(to_csv([services.report(item_id)]), item_id))


@router.get("/items/{item_id}/report.jsonld", responses=_NO_REPORT)
def report_jsonld(request: Request, item_id: Identifier, _caller: Reader, services: Served) -> Response:
    """The report as schema.org drafts; a rating stands there only when a named person set one."""
    text = to_jsonld(services.report(item_id), services.judgements.of_item(item_id))
    answer = Response(text, media_type="application/ld+json", headers=_attached(item_id, "jsonld"))
    return unless_known(request, answer)


@router.get("/items/{item_id}/reports")
def list_reports(item_id: Identifier, _caller: Reader, services: Served) -> dict[str, list[dict[str, Any]]]:
    """Every report the item has had, newest first."""
    found = services.ledger.reports(item_id)
    return {
        "reports": [
            {"run": one.run, "code_version": one.code_version, "created_at": one.created_at} for one in found
        ]
    }


@router.get("/report-schema.json")
def report_schema(_caller: Reader) -> dict[str, Any]:
    """The JSON Schema of report documents."""
    return _schema()


_schema = cache(json_schema)


@router.get("/pictures/{sha256}")
def picture(
    request: Request,
    sha256: Annotated[str, PathParameter(pattern=r"^[0-9a-f]{64}$")],
    _caller: Reader,
    services: Served,
) -> Response:
    """A picture that a report or a reference names, as JPEG."""
    return known_forever(request, f'"{sha256}"') or picture_answer(services, sha256)


@router.get("/items/{item_id}/judgements")
def list_judgements(item_id: Identifier, _caller: Reader, services: Served) -> JudgementsOut:
    """What people said of the item, oldest first."""
    services.ledger.get(item_id)
    return JudgementsOut(judgements=[JudgementOut.of(said) for said in services.judgements.of_item(item_id)])


@router.post("/items/{item_id}/judgements", status_code=201)
def add_judgement(item_id: Identifier, said: JudgementIn, caller: Queuer, services: Served) -> JudgementOut:
    """Confirm or reject a match, rate the item, or write a note. Nothing said before is changed."""
    return JudgementOut.of(judge(services, item_id, said, caller))


@router.get("/judgements/rejected")
def rejected_matches(
    _caller: Reader, services: Served, limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000
) -> JudgementsOut:
    """The matches that people rejected, newest first: what thresholds can be recalibrated from."""
    return JudgementsOut(
        judgements=[JudgementOut.of(said) for said in services.judgements.rejected(limit=limit)]
    )


# --- shared with the pages --------------------------------------------------------------------


def export(services: Services, item_id: str) -> str:
    """The self-contained page of the item's report, with its judgements."""
    report = services.report(item_id)
    return to_html(report, pictures(report, services.blobs), services.judgements.of_item(item_id))


def judge(services: Services, item_id: str, said: JudgementIn, caller: Caller) -> Judgement:
    """The judgement as kept, in a person's name. Raises UsageError without one."""
    name = caller.name if caller.is_person else said.by.strip()
    if not name:
        raise UsageError("a named person judges: sign in, or give the name")
    has_span = said.query_start_us is not None and said.query_end_us is not None
    judgement = Judgement(
        id="",
        item_id=item_id,
        run=services.stored_report(item_id).run,
        kind=said.kind,
        by=name if caller.is_person or caller is LOCAL else f"{name} ({caller.name})"[:128],
        at=datetime.now(UTC),
        media_sha256=said.media_sha256,
        reference_id=said.reference_id,
        query=Span(start_us=said.query_start_us or 0, end_us=said.query_end_us or 0) if has_span else None,
        rating=said.rating,
        note=said.note,
    )
    return services.judgements.add(judgement)


def picture_answer(services: Services, sha256: str) -> Response:
    """The JPEG of that name. Raises NoSuchRecord for anything else that is stored."""
    try:
        content = services.blobs.read(sha256)
    except BlobMissing as error:
        raise NoSuchRecord(f"picture {sha256}") from error
    if not content.startswith(_JPEG):
        raise NoSuchRecord(f"picture {sha256}")
    return Response(content, media_type="image/jpeg", headers=forever(f'"{sha256}"'))


def csv_answer(text: str, name: str) -> Response:
    return Response(text, media_type="text/csv; charset=utf-8", headers=_attached(name, "csv"))


def _attached(name: str, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="verify-{name}.{ending}"'}
