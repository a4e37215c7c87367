"""The pages: server-rendered, without a build step, usable without JavaScript."""

from __future__ import annotations

from fastapi import FastAPI

from verify.api.pages import compare, item, queue, references, session, status, stepping
from verify.api.pages.frame import error_page


def install(app: FastAPI) -> None:
    """Adds the pages to the application."""
    for router in (
        item.router,  # before the queue, whose actions take any last word
        stepping.router,
        queue.router,
        references.router,
        compare.router,
        status.router,
        session.router,
    ):
        app.include_router(router, include_in_schema=False)
    app.state.error_page = error_page
