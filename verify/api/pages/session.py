"""Signing in and out, and the style sheet that even the sign-in page needs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from verify.api.callers import SEAT_COOKIE, SESSION_COOKIE
from verify.api.pages.frame import page, see
from verify.api.security import check_form, set_cookie
from verify.api.services import Served
from verify.reports.page import style
from verify.store.people import SESSION_SECONDS

router = APIRouter()

SIGN_INS_PER_MINUTE = 10


@router.get("/login")
def show(request: Request, services: Served, *, next: str = "/") -> Response:  # noqa: A002 - the query's name
    """The form, or how to make the first user."""
    return page(
        request,
        "login.html",
        None,
        next=local(next),
        has_users=bool(services.people.list_users()),
        wrong=False,
    )


@router.post("/login")
def sign_in(
    request: Request,
    services: Served,
    *,
    name: Annotated[str, Form(max_length=128)],
    password: Annotated[str, Form(max_length=1_024)],
    next: Annotated[str, Form()] = "/",  # noqa: A002 - the field's name
    token: Annotated[str, Form()] = "",
) -> Response:
    """A session for whoever knows name and password; tried no faster than a person types."""
    check_form(request, token)
    client = request.client.host if request.client else ""
    for tried in (f"sign-in from {client}", f"sign-in as {name}"):
        services.limiter.spend(tried, per_minute=SIGN_INS_PER_MINUTE)
    session = services.people.sign_in(name, password)
    if session is None:
        return page(request, "login.html", None, status=401, next=local(next), has_users=True, wrong=True)
    answer = see(local(next))
    set_cookie(request, answer, SESSION_COOKIE, session, seconds=SESSION_SECONDS)
    answer.delete_cookie(SEAT_COOKIE)
    return answer


@router.post("/logout")
def sign_out(request: Request, services: Served, *, token: Annotated[str, Form()] = "") -> Response:
    """Ends the session."""
    check_form(request, token)
    services.people.sign_out(request.cookies.get(SESSION_COOKIE, ""))
    answer = see("/login")
    answer.delete_cookie(SESSION_COOKIE)
    return answer


@router.get("/report.css")
def sheet() -> Response:
    """The style sheet of the reports; its address carries its version."""
    return Response(style(), media_type="text/css", headers={"Cache-Control": "public, max-age=86400"})


def local(address: str) -> str:
    """The address if it stays on this server, else the front page."""
    is_here = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_here and address.isprintable() else "/"
