"""The one HTTP client: everything the product fetches goes through here.

In: a web address. Out: an `Answer` read whole under a cap, or an open `Exchange` to read from; and in
either case one `Attempt` in the acquisition log for every request sent, also for those that failed.
Refused: what the guard refuses, more than three redirects, https leading to http, bodies over the
cap, anything slower than the wall clock allows. No proxy, no cookies, nothing from the environment.

Redirects are followed by hand, each judged anew; other hosts never see the caller's headers.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx2

from verify.errors import (
    BadResponse,
    DownloadTooLarge,
    FetchTimedOut,
    ForbiddenScheme,
    HttpRefused,
    InvalidUrl,
    MediaGone,
    NetworkFailed,
    RateLimited,
    ServerFailed,
    TooManyRedirects,
    VerifyError,
)
from verify.fetch.guard import Guard, Resolver
from verify.fetch.log import AcquisitionLog
from verify.fetch.wire import GuardedTransport, wall_clock
from verify.model import Attempt
from verify.settings import Settings

API_MAX_BYTES = 2 * 2**20  # of one answer; reliability.md 2.2
MAX_REDIRECTS = 3  # same
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response read whole, whatever its status."""

    url: str  #: that answered, after redirects
    status: int
    headers: Mapping[str, str]  #: names in lower case
    body: bytes = field(repr=False)  #: after any content decoding
    attempt: Attempt  #: the last one, already in the log

    @property
    def location(self) -> str:
        """Where a redirect that was not followed leads, absolute; empty for none."""
        return _joined(self.url, self.headers.get("location", ""))


class Exchange:
    """One open response. `chunks` reads it once, hashing as it goes."""

    def __init__(self, url: str, response: httpx2.Response) -> None:
        self.url = url
        self.status = response.status_code
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self.detail = ""  #: for the log
        self._response = response
        self._digest = hashlib.sha256()
        self._size_bytes = 0

    @property
    def sha256(self) -> str | None:
        """Of what was read of the body so far, content decoding undone; None before the first byte."""
        return self._digest.hexdigest() if self._size_bytes else None

    @property
    def redirect(self) -> str:
        location = self.headers.get("location", "")
        return _joined(self.url, location) if self.status in _REDIRECTS and location else ""

    def chunks(self, max_bytes: int) -> Iterator[bytes]:
        """The body, in pieces of at most 1 MiB. Raises DownloadTooLarge past `max_bytes`."""
        if int(_digits(self.headers.get("content-length", ""))) > max_bytes:
            raise DownloadTooLarge(f"more than {max_bytes} bytes announced")
        with _translated():
            for chunk in self._response.iter_bytes():
                self._size_bytes += len(chunk)
                if self._size_bytes > max_bytes:
                    raise DownloadTooLarge(f"more than {max_bytes} bytes sent")
                self._digest.update(chunk)
                yield chunk


class GuardedClient:
    """Close it, or use it as a context manager. Safe to share between threads."""

    def __init__(self, settings: Settings, resolver: Resolver | None = None) -> None:
        self._settings = settings
        self._guard = Guard(settings.allow_private_hosts, resolver)
        self._http = httpx2.Client(
            transport=GuardedTransport(self._guard),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(settings.read_seconds, connect=settings.connect_seconds),
            headers={"User-Agent": user_agent(settings), "Accept-Encoding": "identity"},
            event_hooks={"response": [self._forget_cookies]},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def get(
        self,
        url: str,
        *,
        source: str,
        log: AcquisitionLog | None = None,
        max_bytes: int = API_MAX_BYTES,
        accept: str = "application/json",
        headers: Mapping[str, str] = _NO_HEADERS,
        max_redirects: int = MAX_REDIRECTS,
    ) -> Answer:
        """Read `url` whole, whatever status it answers with.

        `log` collects an Attempt per request under the name `source`. With `max_redirects=0` a
        redirect is an answer like any other and where it leads is not contacted.
        Raises InvalidUrl, FetchRefused, NetworkFailed, FetchTimedOut or BadResponse; the attempt
        that failed is in `log` by then.
        """
        book = log or AcquisitionLog()
        with self.open(
            url, source=source, log=book, accept=accept, headers=headers, max_redirects=max_redirects
        ) as exchange:
            body = b"".join(exchange.chunks(max_bytes))
        return Answer(
            url=exchange.url,
            status=exchange.status,
            headers=exchange.headers,
            body=body,
            attempt=book.attempts[-1],
        )

    @contextlib.contextmanager
    def open(
        self,
        url: str,
        *,
        source: str,
        log: AcquisitionLog,
        accept: str = "*/*",
        headers: Mapping[str, str] = _NO_HEADERS,
        max_redirects: int = MAX_REDIRECTS,
    ) -> Iterator[Exchange]:
        """An open response of any status, to read in pieces; its Attempt is logged when it closes.

        Raises as `get` does. An error raised inside the block becomes the attempt's outcome.
        """
        sent = {"Accept": accept, **headers}
        with wall_clock(self._settings.fetch_seconds):
            for _ in range(max_redirects + 1):
                with self._exchange(url, source=source, log=log, headers=sent) as exchange:
                    following = exchange.redirect if max_redirects else ""
                    if not following:
                        yield exchange
                        return
                    _judge_redirect(exchange.url, following)
                if _origin(following) != _origin(url):
                    sent = {"Accept": accept}
                url = following
        raise TooManyRedirects(url)

    @contextlib.contextmanager
    def _exchange(
        self, url: str, *, source: str, log: AcquisitionLog, headers: Mapping[str, str]
    ) -> Iterator[Exchange]:
        """One request and its response, logged when the block ends, however it ends."""
        started_at = datetime.now(UTC)
        exchange: Exchange | None = None
        outcome, detail = "interrupted", ""
        try:
            with _translated(), contextlib.closing(self._send(url, headers)) as response:
                exchange = Exchange(url, response)
                yield exchange
            failure = status_error(exchange.status, exchange.headers)
            outcome, detail = (
                ("redirect" if exchange.redirect else failure.code if failure else "ok"),
                exchange.detail,
            )
        except VerifyError as error:
            outcome, detail = error.code, error.detail
            raise
        finally:
            log.add(
                Attempt(
                    source=source,
                    url=url,
                    started_at=started_at,
                    ended_at=datetime.now(UTC),
                    outcome=outcome,
                    http_status=None if exchange is None else exchange.status,
                    sha256=None if exchange is None else exchange.sha256,
                    detail=detail,
                )
            )

    def _send(self, url: str, headers: Mapping[str, str]) -> httpx2.Response:
        stand_in = self._stand_in(url)
        target = self._guard.target(stand_in or url)
        extra = {"X-Forwarded-Host": _split(url).netloc} if stand_in else {}
        request = self._http.build_request("GET", target.url, headers={**headers, **extra})
        return self._http.send(request, stream=True)

    def _stand_in(self, url: str) -> str:
        """`url` at the server that VERIFY_HOST_MAP names for its host; empty for none."""
        parts = _split(url)
        base = dict(self._settings.host_map).get((parts.hostname or "").lower(), "")
        query = f"?{parts.query}" if parts.query else ""
        return f"{base}{parts.path or '/'}{query}" if base else ""

    def _forget_cookies(self, response: httpx2.Response) -> None:
        del response
        self._http.cookies.clear()


def user_agent(settings: Settings) -> str:
    """Who we are and, when the user says so, whom to complain to."""
    contact = settings.user_agent_contact.encode("ascii", "ignore").decode()
    printable = "".join(character for character in contact if character.isprintable())
    return f"verify/0.1 (footage provenance research{'; ' + printable if printable else ''})"


def status_error(status: int, headers: Mapping[str, str]) -> VerifyError | None:
    """The error that an HTTP status stands for; None below 400. `headers` have lower-case names."""
    if status < 400:
        return None
    if status == 429:
        return RateLimited(f"HTTP {status}", retry_after_seconds=retry_after(headers))
    if status in {404, 410}:
        return MediaGone(f"HTTP {status}")
    if status >= 500 or status == 408:
        return ServerFailed(f"HTTP {status}", retry_after_seconds=retry_after(headers))
    return HttpRefused(f"HTTP {status}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait as the server asks: Retry-After in either form, or X's x-rate-limit-reset."""
    asked = headers.get("retry-after", "").strip()
    if asked.isdigit():
        return float(asked[:9])
    with contextlib.suppress(KeyError, ValueError, TypeError, OverflowError):
        if asked:
            return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
        reset = int(headers["x-rate-limit-reset"][:12])
        return max(0.0, reset - datetime.now(UTC).timestamp())
    return None


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """The HTTP library's errors as ours; the one edge where they cross."""
    try:
        yield
    except httpx2.InvalidURL as error:
        raise InvalidUrl(str(error)) from error
    except httpx2.TimeoutException as error:
        raise FetchTimedOut(str(error)) from error
    except httpx2.UnsupportedProtocol as error:
        raise ForbiddenScheme(str(error)) from error
    except httpx2.DecodingError as error:
        raise BadResponse(str(error)) from error
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        raise NetworkFailed(str(error)) from error


def _judge_redirect(before: str, after: str) -> None:
    if _split(before).scheme == "https" and _split(after).scheme != "https":
        raise ForbiddenScheme(f"https redirects to {after[:200]}")


def _origin(url: str) -> tuple[str, str]:
    parts = _split(url)
    return parts.scheme, parts.netloc


def _joined(base: str, location: str) -> str:
    """Where `location` leads from `base`; as it stands when it is malformed, to be refused as such."""
    try:
        return urljoin(base, location) if location else ""
    except ValueError:
        return location


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise InvalidUrl(url[:200]) from error


def _digits(text: str) -> str:
    return text[:18] if text.isdigit() else "0"
