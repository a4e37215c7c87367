"""Is it alive, can it work, and how is it doing: for supervisors, load balancers and Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verify.api.callers import Reader
from verify.api.services import Served, Services
from verify.errors import VerifyError
from verify.metrics import StoreCollector
from verify.store.database import newest_version, schema_version

router = APIRouter(tags=["health"])
_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0)  # seconds; reads shall stay under 0.3


@router.get("/healthz", response_class=PlainTextResponse)
def healthz() -> str:
    """The process answers."""
    return "ok\n"


@router.get("/readyz", responses={503: {"description": "Something it needs is missing"}})
def readyz(services: Served) -> JSONResponse:
    """The database answers with the present schema, and files can be stored."""
    found = tuple(problems(services))
    body = {"ready": not found, "problems": found}
    return JSONResponse(body, status_code=503 if found else 200)


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request, _caller: Reader) -> Response:
    """The figures, in Prometheus' text format."""
    registry: CollectorRegistry = request.app.state.registry
    return Response(generate_latest(registry), media_type=_CONTENT_TYPE)


def problems(services: Services) -> Iterator[str]:
    """What keeps this server from working, each in a sentence."""
    try:
        with services.tool.database.reading() as connection:
            if (version := schema_version(connection)) != newest_version():
                yield f"the database is at schema {version}, this version needs {newest_version()}"
    except VerifyError as error:
        yield str(error)
    try:
        with services.blobs.writer():
            pass
    except (VerifyError, OSError) as error:
        yield str(error)


class Requests:
    """Counts and times the requests of one application, by route and status."""

    def __init__(self, app: ASGIApp, *, registry: CollectorRegistry) -> None:
        self._app = app
        self._count = Counter(
            "verify_http_requests", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "verify_http_request_seconds",
            "Time to the answer's start",
            ["route"],
            buckets=_BUCKETS,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(
                    scope.get("route"), "path", "none"
                )  # never the address: callers could flood it
                self._count.labels(scope["method"], route, str(message["status"])).inc()
                self._seconds.labels(route).observe(time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, noting)


class LedgerFigures(Collector):
    """The queue, the reference set and the webhooks, read from the database when asked."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing before the first scrape, so that registering asks no database."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        depth = GaugeMetricFamily("verify_items", "Items by state", labels=["state", "priority"])
        age = GaugeMetricFamily(
            "verify_oldest_item_seconds", "Age of the oldest item", labels=["state", "priority"]
        )
        now = datetime.now(UTC)
        for found in self._services.ledger.depths():
            labels = [found.state.value, found.priority.name.lower()]
            depth.add_metric(labels, found.count)
            age.add_metric(labels, (now - found.oldest_created_at).total_seconds())
        references = GaugeMetricFamily("verify_references", "References in the set")
        references.add_metric([], self._services.references.count())
        return iter((depth, age, references))


def install(app: FastAPI, services: Services) -> None:
    """Gives the application its own figures."""
    registry = CollectorRegistry()
    registry.register(LedgerFigures(services))
    home = services.tool.settings.home.expanduser()
    registry.register(StoreCollector(services.tool.database, services.ledger, home))
    app.state.registry = registry
    app.add_middleware(Requests, registry=registry)
    app.include_router(router)
