"""Who is asking, and what they may do.

In: a request with a key, with a session's cookie, or with neither. Out: a `Caller` with its scopes.
Without a key only a request from this machine to this machine's own name is let in, and only while the
server is bound to loopback: a web page elsewhere that points a name at 127.0.0.1, and a proxy in
front of the server, both get NotSignedIn.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from verify.api.services import Served, Services
from verify.errors import NotAllowed, NotSignedIn
from verify.store.people import Scope

SESSION_COOKIE = "verify_session"
SEAT_COOKIE = "verify_seat"
PERSON_PER_MINUTE = 1_200
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_bearer = HTTPBearer(auto_error=False, description="A key made with `verify key add`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    id: str
    name: str  #: who is kept as the author of what they do
    scopes: frozenset[Scope]
    is_person: bool = False

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or Scope.ADMIN in self.scopes


LOCAL = Caller(id="loopback", name="this computer", scopes=frozenset(Scope))


async def identified(
    request: Request, services: Served, sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """The caller, counted against their limit. Raises NotSignedIn, TooManyRequests."""
    if sent is not None:
        return await run_in_threadpool(_by_key, sent.credentials, services)
    if request.headers.get("authorization"):
        raise NotSignedIn("only `Authorization: Bearer KEY` is understood")
    token = request.cookies.get(SESSION_COOKIE, "")
    caller = await run_in_threadpool(_by_session, token, services) if token else None
    if caller is not None:
        services.limiter.spend(caller.id, per_minute=PERSON_PER_MINUTE)
        return caller
    if services.open_on_loopback and is_local(request):
        return LOCAL  # whoever sits at this machine needs no limit to protect it
    raise NotSignedIn


def _by_key(secret: str, services: Services) -> Caller:
    key = services.people.key_of(secret)
    if key is None:
        services.limiter.spend(f"bad key {hashlib.sha256(secret.encode()).hexdigest()}", per_minute=30)
        raise NotSignedIn("this key is not known or was revoked")
    services.limiter.spend(key.id, per_minute=key.per_minute)
    return Caller(id=key.id, name=f"key {key.name}", scopes=key.scopes)


def _by_session(token: str, services: Services) -> Caller | None:
    user = services.people.session_user(token)
    return Caller(id=user.id, name=user.name, scopes=user.scopes, is_person=True) if user else None


def is_local(request: Request) -> bool:
    """Whether this machine itself asks, by this machine's own name, with nobody in between."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    client = request.client.host if request.client else ""
    return _is_loopback(client) and is_loopback_name(request.url.hostname or "")


def is_loopback_name(host: str) -> bool:
    """Whether a host is this machine's own: localhost, 127.0.0.0/8 or ::1."""
    return host.lower() == "localhost" or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def allowed(scope: Scope) -> Callable[[Request, Caller], Awaitable[Caller]]:
    """A dependency that lets only callers with the scope through."""

    async def check(request: Request, caller: Annotated[Caller, Depends(identified)]) -> Caller:
        if not caller.may(scope):
            raise NotAllowed(f"scope {scope.value}")
        request.state.caller = caller
        return caller

    check.__name__ = f"allowed_{scope.value}"
    return check


Reader = Annotated[Caller, Depends(allowed(Scope.READ))]
Queuer = Annotated[Caller, Depends(allowed(Scope.QUEUE))]
Curator = Annotated[Caller, Depends(allowed(Scope.CURATE))]
Admin = Annotated[Caller, Depends(allowed(Scope.ADMIN))]
