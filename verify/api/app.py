"""The application: the API under /api/v1, the pages, and what every request passes through.

In: an opened `Tool`. Out: an ASGI application; the embedded server and the scaled shape serve the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from fastapi import APIRouter, FastAPI

import verify
from verify.api import administration, events, health, items, pages, problems, references, reports, stepping
from verify.api.caretaker import Caretaker
from verify.api.conditional import Assets
from verify.api.events import Broadcast
from verify.api.pages.frame import environment
from verify.api.security import BodyCap, Compressed, SafeHeaders
from verify.api.services import services_of
from verify.wiring import Tool


def create_app(tool: Tool, *, open_on_loopback: bool = False) -> FastAPI:
    """The application over `tool`.

    `open_on_loopback` lets requests from this machine to itself in without a key; only a server bound
    to loopback may set it.
    """
    services = services_of(tool, open_on_loopback=open_on_loopback)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.broadcast = Broadcast(services)
        _warm(app)
        with Caretaker(services):
            yield
        app.state.broadcast.close()

    app = FastAPI(
        title="verify",
        version=verify.__version__,
        description=verify.__doc__ or "",
        lifespan=lifespan,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # the usual viewers load scripts from elsewhere
        redoc_url=None,
        responses=problems.DOCUMENTED,
    )
    app.state.services = services
    app.include_router(_api())
    health.install(app, services)
    pages.install(app)
    app.mount("/static", Assets(packages=[("verify.api", "static")]), name="static")
    problems.install(app)
    app.add_middleware(BodyCap, upload_bytes=tool.settings.max_video_bytes)
    app.add_middleware(SafeHeaders)
    app.add_middleware(Compressed)
    described = app.openapi
    app.openapi = lambda: problems.under_its_own_media_type(described())  # type: ignore[method-assign] # FastAPI's way
    return app


def _warm(app: FastAPI) -> None:
    """What is otherwise made by the first requests, while all others wait: routes, schema, templates."""
    app.openapi()
    for name in environment().list_templates(["html"]):
        environment().get_template(name)


def _api() -> APIRouter:
    api = APIRouter(prefix="/api/v1")
    for router in (items.router, reports.router, stepping.router, references.router, events.router):
        api.include_router(router)
    api.include_router(administration.webhooks)
    api.include_router(administration.keys)
    return api
