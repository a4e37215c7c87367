"""What every page shares: its frame, its forms' tokens, its policy, and the page that an error becomes."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader
from markupsafe import Markup

from verify.api.callers import Caller
from verify.api.problems import Problem
from verify.api.security import PAGE_POLICY, form_token, keep_seat, seat
from verify.model import DateBasisKind, FindingLabel, ItemState
from verify.reports import page as report_page
from verify.reports import words
from verify.store.people import Scope

STATE_WORDS = {
    ItemState.QUEUED: "waiting",
    ItemState.RUNNING: "being checked",
    ItemState.DONE: "done",
    ItemState.FAILED: "failed",
    ItemState.CANCELLED: "cancelled",
    ItemState.PAUSED: "paused",
}

BASIS_WORDS = {
    DateBasisKind.PUBLICATION: "its publication (can decide)",
    DateBasisKind.ARCHIVE: "an archive's capture (can decide)",
    DateBasisKind.CAPTURE_METADATA: "the file's own metadata (shown, decides nothing)",
    DateBasisKind.TESTIMONY: "somebody's word (shown, decides nothing)",
}


@cache
def environment() -> Environment:
    """The templates of the pages, over those of the reports."""
    loader = ChoiceLoader([PackageLoader("verify.api"), PackageLoader("verify.reports")])
    made = report_page.environment().overlay(loader=loader)
    made.filters = {**made.filters, "doing": words.doing}
    # An overlay shares its globals with the environment below it; these are the pages' own.
    made.globals = {
        **made.globals,
        "item_words": STATE_WORDS,
        "basis_words": BASIS_WORDS,
        "sheet_version": _version(report_page.style()),
        "states": list(ItemState),
        "findings": list(FindingLabel),
        "Scope": Scope,
    }
    return made


def page(
    request: Request,
    template: str,
    viewer: Caller | None,
    *,
    status: int = 200,
    rules: str = "",
    **context: Any,
) -> Response:
    """The page. `rules` is CSS of this page alone, let in by its hash."""
    seat(request)
    html = (
        environment()
        .get_template(template)
        .render(
            request=request,
            viewer=viewer,
            token=form_token(request),
            rules=Markup(rules),  # noqa: S704 - numbers laid out by the reports, no text of a post
            path=request.url.path,
            **context,
        )
    )
    answer = HTMLResponse(html, status_code=status)
    source = f" '{report_page.sheet_source(rules)}'" if rules else ""
    answer.headers["Content-Security-Policy"] = PAGE_POLICY.format(source)
    keep_seat(request, answer)
    return answer


def error_page(request: Request, problem: Problem) -> Response:
    """What went wrong and what to do next; whoever is not signed in is asked to."""
    if problem.status == 401 and request.method == "GET":
        return RedirectResponse(f"/login?next={quote(request.url.path)}", status_code=303)
    viewer = getattr(request.state, "caller", None)
    return page(request, "error.html", viewer, status=problem.status, problem=problem)


def see(address: str) -> Response:
    """Where to look after a form did its work."""
    return RedirectResponse(address, status_code=303)


def _version(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
