"""Nothing is ever sent to an address that is not public: a listener counts what reaches it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.test_guard import FORBIDDEN, FORBIDDEN_URLS, MALFORMED_URLS, OTHER_SCHEMES
from tests.web import Reply, Web, settings_for, web_server
from verify.errors import FetchRefused, VerifyError
from verify.fetch import guard
from verify.fetch.client import GuardedClient
from verify.fetch.log import AcquisitionLog


class Canary:
    """Listens on one port of every loopback address and counts connections."""

    def __init__(self) -> None:
        self.connections = 0
        self._sockets = [self._listen(socket.AF_INET, "0.0.0.0", 0)]
        with contextlib.suppress(OSError):
            self._sockets.append(self._listen(socket.AF_INET6, "::1", self.port))
        self._threads = [
            threading.Thread(target=self._accept, args=(one,), daemon=True) for one in self._sockets
        ]
        for thread in self._threads:
            thread.start()

    @property
    def port(self) -> int:
        port: int = self._sockets[0].getsockname()[1]
        return port

    def close(self) -> None:
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _listen(self, family: socket.AddressFamily, host: str, port: int) -> socket.socket:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.bind((host, port))
        listener.listen()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.connections += 1
                connection.close()


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Canary]:
    """A canary on the port that the guard takes for http, so that only the address can refuse."""
    one = Canary()
    monkeypatch.setitem(guard.PORTS, "http", one.port)
    yield one
    one.close()


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as one:
        yield one


def test_no_spelling_and_no_record_reaches_a_private_address(
    canary: Canary, web: Web, tmp_path: Path
) -> None:
    spellings = (*FORBIDDEN_URLS, *(_at_port(url, canary.port) for url in FORBIDDEN_URLS))
    records = iter(FORBIDDEN)
    log = AcquisitionLog()
    with GuardedClient(settings_for(web, tmp_path), resolver=lambda _host, _port: (next(records),)) as client:
        for url in (*spellings, *MALFORMED_URLS, *OTHER_SCHEMES):
            with pytest.raises(VerifyError):
                client.get(url, source="test", log=log)
        for _ in FORBIDDEN:
            with pytest.raises(FetchRefused):
                client.get("http://innocent.example/", source="test", log=log)
    assert not list(records)
    assert (
        len(log.attempts) == len(spellings) + len(MALFORMED_URLS) + len(OTHER_SCHEMES) + len(FORBIDDEN) >= 200
    )
    assert canary.connections == 0


def test_a_redirect_reaches_no_private_address_either(canary: Canary, web: Web, tmp_path: Path) -> None:
    locations = [_at_port(url, canary.port) for url in FORBIDDEN_URLS]
    with GuardedClient(settings_for(web, tmp_path)) as client:
        for location in locations:
            web.routes["/go"] = Reply(
                status=302, headers={"Location": location.encode("ascii", "replace").decode()}
            )
            with pytest.raises(VerifyError):
                client.get(f"{web.url}/go", source="test")
    assert canary.connections == 0


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(
    canary: Canary, web: Web, tmp_path: Path
) -> None:
    answers = iter([("93.184.216.34", "127.0.0.1"), ("127.0.0.1",)])
    with (
        GuardedClient(settings_for(web, tmp_path), resolver=lambda _host, _port: next(answers)) as client,
        pytest.raises(FetchRefused),
    ):
        client.get("http://rebinding.example/", source="test")
    assert next(answers) == ("127.0.0.1",)
    assert canary.connections == 0


def test_the_canary_hears_what_is_allowed(canary: Canary, web: Web, tmp_path: Path) -> None:
    settings = settings_for(web, tmp_path, allow_private_hosts=(f"127.0.0.1:{canary.port}",), fetch_tries=1)
    with GuardedClient(settings) as client, pytest.raises(VerifyError):
        client.get(f"http://127.0.0.1:{canary.port}/", source="test")
    assert canary.connections >= 1


def test_the_environment_names_no_proxy(
    canary: Canary, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.json("/", {"reached": True})
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    with GuardedClient(settings_for(web, tmp_path)) as client:
        assert client.get(f"{web.url}/", source="test").status == 200
    assert canary.connections == 0


def _at_port(url: str, port: int) -> str:
    scheme, rest = url.split("://", 1)
    host, slash, path = rest.partition("/")
    bare = host.removesuffix(":80")
    return f"{scheme}://{bare}:{port}{slash}{path}"
