"""The lowest layer of the client: judged connections under one wall clock.

In: a host and port from the HTTP library. Out: a stream to an address the guard has passed, every
wait on which ends when the exchange's deadline does. The address that was judged is the address
that is dialled: nothing is looked up twice. Refused: what the guard refuses, and UNIX sockets.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Any

import httpcore2
import httpx2

from verify.errors import ForbiddenAddress
from verify.fetch.guard import Guard

_deadline: ContextVar[float] = ContextVar("deadline")  # of the exchange under way, monotonic seconds


@contextlib.contextmanager
def wall_clock(seconds: float) -> Iterator[None]:
    """Every wait on a connection inside ends after `seconds` in all, however it is dripped out."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def _remaining(timeout: float | None, error: type[httpcore2.TimeoutException]) -> float:
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise error("the whole exchange took too long")
    return left if timeout is None else min(timeout, left)


class _TimedStream(httpcore2.NetworkStream):
    """A stream whose every wait is cut at the exchange's deadline."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _remaining(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _remaining(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = _remaining(timeout, httpcore2.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _GuardedBackend(httpcore2.NetworkBackend):
    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception | None = None
        for address in self._guard.addresses(host, port):
            left = _remaining(timeout, httpcore2.ConnectTimeout)
            try:
                stream = self._sockets.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream)
        raise failure or httpcore2.ConnectError(host)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002 - the library's signature
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002 - same
    ) -> httpcore2.NetworkStream:
        raise ForbiddenAddress(path)


class GuardedTransport(httpx2.HTTPTransport):
    """The HTTP library's transport over judged connections; no proxy, nothing from the environment."""

    def __init__(self, guard: Guard) -> None:
        context = httpx2.create_ssl_context(trust_env=False)
        super().__init__(verify=context, trust_env=False)
        self._pool.close()
        # The library has no public way to give its transport a network backend; a test proves that
        # nothing is dialled around this one.
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context,
            network_backend=_GuardedBackend(guard),
            max_connections=32,
            max_keepalive_connections=8,
            keepalive_expiry=5.0,
        )
