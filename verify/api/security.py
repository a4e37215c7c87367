"""Around every request: its size, where it came from, and what a browser may do with the answer.

After the checklist of handbook `reliability.md` 2.2.

Bodies are counted as they arrive and cut off at the cap, so that a large one is refused before anything
of it is stored. Requests that change something and come from a browser must come from this server's
own pages.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import secrets
from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verify.api.callers import SEAT_COOKIE, SESSION_COOKIE, is_loopback_name
from verify.api.problems import MEDIA_TYPE, problem_of
from verify.errors import ForgedRequest, RequestTooLarge

BODY_BYTES = 64 * 1024  # handbook reliability.md 2.2
IMPORT_BYTES = 512 * 2**20  # spooled to disk and read line by line
_FORM_OVERHEAD_BYTES = 64 * 1024
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PAGE_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'{}; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: Sent before any handler runs, so without the pages' frame.
_TOO_LARGE = """<!doctype html><html lang="en"><title>Too large</title>
<link rel="stylesheet" href="/report.css"><main class="report"><h1>Too large</h1><p>{} ({})</p>
<p>What to do next: <a href="/">go back</a> and send less at once, or a shorter piece.</p></main>"""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": under it browsers hide the origin of our own forms too.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Content-Security-Policy": PAGE_POLICY.format(""),
    "Cache-Control": "no-store",
}


class SafeHeaders:
    """Puts the headers above on every answer that does not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


class Compressed:
    """Compresses answers that travel, but not those to this machine itself.

    Nothing can be guessed from their length: no other site's page can ask with this one's cookies.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressing = GZipMiddleware(app, minimum_size=1_000, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_near = scope["type"] == "http" and is_loopback_name((scope.get("client") or ("",))[0])
        await (self._app if is_near else self._compressing)(scope, receive, send)


class BodyCap:
    """Refuses bodies over the cap of their address, by their announced size and by what arrives."""

    def __init__(self, app: ASGIApp, *, upload_bytes: int) -> None:
        self._app = app
        self._upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        cap = self._cap(scope["path"])
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > cap:
            await _refuse(scope, send, cap)
            return
        await self._counted(scope, receive, send, cap)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, cap: int) -> None:
        seen = 0
        started = False

        async def counting() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > cap:
                raise RequestTooLarge(f"more than {cap} bytes")
            return message

        async def unless_over(message: Message) -> None:
            # Whoever reads the body may turn the error above into an answer of its own: this one stands.
            nonlocal started
            if seen <= cap or started:
                started = True
                await send(message)

        with contextlib.suppress(RequestTooLarge):
            await self._app(scope, counting, unless_over)
        if seen > cap and not started:
            await _refuse(scope, send, cap)

    def _cap(self, path: str) -> int:
        if path.endswith("/import"):
            return IMPORT_BYTES
        takes_files = path.endswith(("/upload", "/compare", "/queue", "/references/add"))
        return self._upload_bytes + _FORM_OVERHEAD_BYTES if takes_files else BODY_BYTES


async def _refuse(scope: Scope, send: Send, cap: int) -> None:
    problem = problem_of(RequestTooLarge(f"more than {cap:,} bytes"))
    kind, text = MEDIA_TYPE, json.dumps(problem.model_dump())
    if "text/html" in Headers(scope=scope).get("accept", ""):
        kind, text = "text/html; charset=utf-8", _TOO_LARGE.format(problem.title, problem.detail)
    body = text.encode()
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def own_origin(request: Request) -> None:
    """`check_origin` as a dependency, without a thread of its own."""
    check_origin(request)


def check_origin(request: Request) -> None:
    """Refuses a change that another site's page asked a browser to make. Raises ForgedRequest.

    Programs send neither header; a request with a key carries nothing a browser would add by itself.
    """
    if request.method in _SAFE or request.headers.get("authorization"):
        return
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ForgedRequest("sent by another site")
    origin = request.headers.get("origin", "")
    if origin and urlsplit(origin).netloc != request.url.netloc:
        raise ForgedRequest("sent by another site")


# --- forms ------------------------------------------------------------------------------------


def form_token(request: Request) -> str:
    """What the forms of this browser must bring along. Empty before `seat` gave it a cookie."""
    seed = request.cookies.get(SESSION_COOKIE) or request.cookies.get(SEAT_COOKIE) or ""
    seed = getattr(request.state, "seat", "") or seed
    return hashlib.sha256(f"form {seed}".encode()).hexdigest() if seed else ""


def check_form(request: Request, token: str) -> None:
    """Raises ForgedRequest unless the form was made for this browser."""
    check_origin(request)
    expected = form_token(request)
    if not expected or not hmac.compare_digest(expected, token):
        raise ForgedRequest


def seat(request: Request) -> None:
    """Makes sure that this browser has a cookie to tie its forms to; `keep_seat` sends it."""
    has_one = request.cookies.get(SESSION_COOKIE) or request.cookies.get(SEAT_COOKIE)
    if not has_one and not getattr(request.state, "seat", ""):
        request.state.seat = secrets.token_urlsafe(24)


def keep_seat(request: Request, response: Response) -> None:
    new = getattr(request.state, "seat", "")
    if new:
        set_cookie(request, response, SEAT_COOKIE, new)


def set_cookie(
    request: Request, response: Response, name: str, value: str, *, seconds: int | None = None
) -> None:
    """A cookie that scripts cannot read and other sites' pages do not send."""
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="strict", secure=secure)
