"""A real HTTP server in a thread that plays a platform, well or badly."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from verify.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a path answers; `length` overrides the true Content-Length."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None


Route = Reply | Callable[[BaseHTTPRequestHandler], Reply | None]


class Web:
    """`routes` maps a path without its query to what is answered; others get 404."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.fallback: Route = Reply(status=404, body=b'{"error": "no such page"}')
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def paths(self) -> list[str]:
        return [urlsplit(path).path for path, _ in self.requests]

    def json(
        self, path: str, value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        self.routes[path] = Reply(
            status=status,
            body=json.dumps(value).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
        )

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                web.requests.append(
                    (self.path, {name.lower(): value for name, value in self.headers.items()})
                )
                route = web.routes.get(urlsplit(self.path).path, web.fallback)
                with contextlib.suppress(ConnectionError):
                    reply = route if isinstance(route, Reply) else route(self)
                    if reply is None:
                        self.close_connection = True
                    else:
                        self._send(reply)

            def _send(self, reply: Reply) -> None:
                self.send_response(reply.status)
                self.send_header(
                    "Content-Length", str(len(reply.body) if reply.length is None else reply.length)
                )
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)
                if reply.length is not None:
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                del format, args

        return Handler


@contextlib.contextmanager
def web_server() -> Iterator[Web]:
    web = Web()
    try:
        yield web
    finally:
        web.close()


def settings_for(web: Web, home: Path, **changes: Any) -> Settings:
    """Settings under which only `web` may be private, with short waits."""
    values: dict[str, Any] = {
        "home": home,
        "allow_private_hosts": (web.host,),
        "free_disk_bytes": 0,
        "retry_seconds": 0.0,
        "cache_seconds": 0.0,
        "host_requests_per_second": 1000.0,
        "x_syndication_url": web.url,
        "x_oembed_url": web.url,
        "bluesky_url": web.url,
        "telegram_url": web.url,
        "reddit_url": web.url,
    }
    return Settings(**{**values, **changes})
