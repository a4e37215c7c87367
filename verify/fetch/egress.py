"""A way out for a child process that speaks HTTPS itself: a proxy that judges every connection.

In: CONNECT requests from the child, with the password it was given. Out: a tunnel to an address the
guard has passed, and one `Attempt` for each. Refused: everything else, as the one client would refuse
it. It listens on loopback for as long as its block lasts and carries a limited number of bytes.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import secrets
import selectors
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from verify.errors import ForbiddenScheme, NetworkFailed, VerifyError
from verify.fetch.guard import Guard
from verify.model import Attempt

MOST_BYTES = 64 * 2**20  # through one tunnel; pages and scripts, not media
IDLE_SECONDS = 30.0
CONNECT_SECONDS = 5.0
_LONGEST_REQUEST = 8192


@contextlib.contextmanager
def egress_proxy(guard: Guard, *, source: str, on_attempt: Callable[[Attempt], None]) -> Iterator[str]:
    """The address of a proxy for one child, password included, while the block lasts."""
    password = secrets.token_urlsafe(24)

    class Handler(_Tunnel):
        def handle(self) -> None:
            serve(self.request, guard, password, source, on_attempt)

    with _Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield f"http://verify:{password}@127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def serve(
    client: socket.socket, guard: Guard, password: str, source: str, on_attempt: Callable[[Attempt], None]
) -> None:
    """Answer one connection of the child."""
    client.settimeout(CONNECT_SECONDS)
    with contextlib.suppress(OSError):
        line, headers = _request(client)
        if not _is_child(headers, password):
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n")
            return
        started_at = datetime.now(UTC)
        url, outcome, detail = f"https://{line.split(' ')[1] if ' ' in line else ''}"[:300], "ok", ""
        try:
            server = _connect(line, guard)
        except VerifyError as error:
            outcome, detail = error.code, error.detail
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        else:
            with server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _relay(client, server)
        finally:
            on_attempt(
                Attempt(
                    source=source,
                    url=url,
                    started_at=started_at,
                    ended_at=datetime.now(UTC),
                    outcome=outcome,
                    detail=detail,
                )
            )


class _Tunnel(socketserver.BaseRequestHandler):
    request: socket.socket


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = False  # its end waits for every tunnel, so that the log is whole

    def handle_error(self, request: object, client_address: object) -> None:
        """A child that hangs up is no concern of the parent's log."""


def _request(client: socket.socket) -> tuple[str, dict[str, str]]:
    """The request line and the headers, names in lower case."""
    received = b""
    while b"\r\n\r\n" not in received and len(received) < _LONGEST_REQUEST:
        chunk = client.recv(_LONGEST_REQUEST)
        if not chunk:
            break
        received += chunk
    line, *rest = received.decode("latin-1").split("\r\n\r\n", 1)[0].split("\r\n")
    pairs = (header.split(":", 1) for header in rest if ":" in header)
    return line, {name.strip().lower(): value.strip() for name, value in pairs}


def _is_child(headers: dict[str, str], password: str) -> bool:
    expected = "Basic " + base64.b64encode(f"verify:{password}".encode()).decode()
    return hmac.compare_digest(headers.get("proxy-authorization", "").encode(), expected.encode())


def _connect(line: str, guard: Guard) -> socket.socket:
    """A connection to a judged address of the host that a CONNECT line names."""
    method, _, rest = line.partition(" ")
    if method != "CONNECT":
        raise ForbiddenScheme(f"{method[:20]} in place of CONNECT")
    target = guard.target(f"https://{rest.split(' ')[0]}/")
    for address in guard.addresses(target.host, target.port):
        with contextlib.suppress(OSError):
            return socket.create_connection((address, target.port), timeout=CONNECT_SECONDS)
    raise NetworkFailed(target.host)


def _relay(client: socket.socket, server: socket.socket) -> None:
    """Carry bytes both ways until one side ends, falls silent or has sent enough."""
    other = {client: server, server: client}
    left = MOST_BYTES
    with selectors.DefaultSelector() as selector:
        for side in other:
            selector.register(side, selectors.EVENT_READ, data=side)
        while left > 0 and (ready := selector.select(IDLE_SECONDS)):
            for key, _ in ready:
                end: socket.socket = key.data
                chunk = end.recv(65_536)
                if not chunk:
                    return
                other[end].sendall(chunk)
                left -= len(chunk)
