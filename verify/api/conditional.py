"""Answers that a client may keep and ask for again: their entity tags, and 304 where nothing changed.

In: the request and the answer made for it, or the tag alone where the address names the bytes. Out: the
answer with its tag, or 304 without a body (RFC 9110, 13.1.2). Kept answers are asked for again each time
(`no-cache`), so that whoever signed out or lost a key gets nothing more.
"""

from __future__ import annotations

import hashlib

from fastapi import Request, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles

REVALIDATED = "private, no-cache"
FOREVER = "private, max-age=31536000, immutable"  # a picture's address names its bytes


def unless_known(request: Request, answer: Response) -> Response:
    """The answer with a tag of its bytes, or 304 for a client that has these.

    The tag is weak: the same answer may travel compressed or not.
    """
    tag = f'W/"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
    answer.headers["ETag"] = tag
    answer.headers["Cache-Control"] = REVALIDATED
    return NotModifiedResponse(answer.headers) if knows(request, tag) else answer


def known_forever(request: Request, tag: str) -> Response | None:
    """304 for a client that has what never changes under `tag`, before anything is read for it."""
    return Response(status_code=304, headers=forever(tag)) if knows(request, tag) else None


def forever(tag: str) -> dict[str, str]:
    """The headers of what never changes."""
    return {"ETag": tag, "Cache-Control": FOREVER}


def knows(request: Request, tag: str) -> bool:
    """Whether If-None-Match names the tag, by weak comparison."""
    sent = request.headers.get("if-none-match", "")
    return tag.removeprefix("W/") in [one.strip().removeprefix("W/") for one in sent.split(",")]


class Assets(StaticFiles):
    """Scripts and styles: kept by browsers, and asked for again by tag, as their address has no version."""

    def file_response(self, *args: object, **named: object) -> Response:
        answer = super().file_response(*args, **named)  # type: ignore[arg-type] # passed on as they come
        answer.headers["Cache-Control"] = "public, no-cache"
        return answer
