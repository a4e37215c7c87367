"""Errors to answers: problem details (RFC 9457) for programs, a page that says what to do for people.

In: any error a handler raises. Out: a status, and the sentence of the error's class. What is unexpected
is logged whole and told as "failed", with nothing of its inside.
"""

from __future__ import annotations

import logging
import math
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from verify import errors
from verify.errors import TransientError, VerifyError

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_VARIANTS = {(1, "item"), (1, "batch")}
STATUSES: dict[type[VerifyError], int] = {
    errors.NotSignedIn: 401,
    errors.NotAllowed: 403,
    errors.ForgedRequest: 403,
    errors.NoSuchItem: 404,
    errors.NoSuchRecord: 404,
    errors.NotInReferenceSet: 404,
    errors.MediaNotKept: 404,
    errors.RequestTooLarge: 413,
    errors.DownloadTooLarge: 413,
    errors.MediaRejected: 415,
    errors.TooManyRequests: 429,
    errors.StorageFull: 507,
    errors.TransientError: 503,
    errors.PermanentError: 422,
}
"""By class; the nearest ancestor that is listed decides."""


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    pointer: str
    detail: str


class Problem(BaseModel):
    """RFC 9457, with the error's code and, for wrong input, every field that is wrong."""

    type: str
    title: str
    status: int
    detail: str = ""
    code: str
    errors: list[FieldProblem] = []


#: What any operation may answer when it does not do what was asked.
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": f"{HTTPStatus(status).phrase}, as problem details (RFC 9457)"}
    for status in (400, 401, 403, 404, 413, 415, 422, 429, 503, 507)
}


def under_its_own_media_type(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document, its problems filed under the media type they are sent with."""
    for path in document["paths"].values():
        for operation in path.values():
            for answer in operation["responses"].values():
                content = answer.get("content", {})
                if str(content.get("application/json", {}).get("schema", {}).get("$ref", "")).endswith(
                    "/Problem"
                ):
                    content[MEDIA_TYPE] = content.pop("application/json")
    return document


def status_of(error: VerifyError) -> int:
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def problem_of(error: VerifyError) -> Problem:
    title = " ".join((type(error).__doc__ or "").split())
    return _problem(error.code, status_of(error), title, error.detail)


def _problem(
    code: str, status: int, title: str, detail: str = "", fields: list[FieldProblem] | None = None
) -> Problem:
    return Problem(
        type=f"urn:verify:problem:{code}",
        title=title,
        status=status,
        detail=detail[:2_000],
        code=code,
        errors=fields or [],
    )


def answer(request: Request, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The problem as a document, or as a page where a person looks at it."""
    if request.url.path.startswith("/api/") or not wants_page(request):
        return JSONResponse(
            problem.model_dump(), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers
        )
    page: Response = request.app.state.error_page(request, problem)
    page.headers.update(headers or {})
    return page


def wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def install(app: FastAPI) -> None:
    """Makes every error of `app` answer this way."""
    app.add_exception_handler(VerifyError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, VerifyError)
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, errors.NotSignedIn) else {}
    if isinstance(error, TransientError):
        headers["Retry-After"] = str(math.ceil(error.retry_after_seconds or 5))
    return answer(request, problem_of(error), headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = [_field(found) for found in error.errors()[:50]]
    named = ", ".join(field.pointer for field in fields)
    title = "The request does not have the documented shape. Each wrong or unknown field is named."
    return answer(request, _problem("invalid_request", 422, title, named, fields))


def _field(found: dict[str, Any]) -> FieldProblem:
    # The second part of a body's place may be the name of its variant, which the sender never wrote.
    parts = [str(part) for place, part in enumerate(found["loc"]) if (place, part) not in _VARIANTS]
    pointer = "/" + "/".join(parts)
    detail = "This field is not known." if found["type"] == "extra_forbidden" else str(found["msg"])
    return FieldProblem(pointer=pointer[:200], detail=detail[:500])


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    title = {
        404: "There is nothing at this address. /api/v1/openapi.json lists what the API has.",
        405: "This address does not take that method.",
    }.get(error.status_code, phrase)
    code = phrase.lower().replace(" ", "_")
    detail = "" if error.detail == phrase else str(error.detail)
    return answer(request, _problem(code, error.status_code, title, detail), dict(error.headers or {}))


async def _unexpected(request: Request, error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    title = "The server failed on this request and its log says why. Try again, or tell its operator."
    failed = answer(request, _problem("server_error", 500, title))
    failed.headers["X-Content-Type-Options"] = "nosniff"  # answered outside of the middleware that says so
    return failed
