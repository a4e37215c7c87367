"""The one HTTP client: everything the product fetches goes through here.

In: a web address. Out: an `Answer` read whole under a cap, or an open `Exchange` to read from; and in
either case one `Attempt` in the acquisition log for every request sent, also for those that failed.
Refused: what the guard refuses, more than three redirects, https leading to http, bodies over the
cap, anything slower than the wall clock allows. No proxy, no cookies, nothing from the environment.

Redirects are followed by hand, each judged anew; other hosts never see the caller's headers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TypeVar

import httpx2

from verify import __version__
from verify.errors import (
    ForbiddenScheme,
    InvalidUrl,
    NotStored,
    RateLimited,
    ServerFailed,
    TooManyRedirects,
    TransientError,
    VerifyError,
)
from verify.fetch.cache import ResponseCache, Stored
from verify.fetch.egress import egress_proxy
from verify.fetch.exchange import Exchange, join_url, split_url, translated
from verify.fetch.guard import Guard, Resolver
from verify.fetch.log import AcquisitionLog
from verify.fetch.manners import Manners
from verify.fetch.statuses import status_error
from verify.fetch.wire import GuardedTransport, wall_clock
from verify.model import Attempt
from verify.settings import Settings

Made = TypeVar("Made")

API_MAX_BYTES = 2 * 2**20  # of one answer; reliability.md 2.2
MAX_REDIRECTS = 3  # same
_NO_HEADERS: Mapping[str, str] = {}
_FACT = "fact"  # in place of a media type, in the store of answers


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
        return join_url(self.url, self.headers.get("location", ""))


@dataclass(frozen=True, slots=True)
class _Question:
    url: str
    source: str
    accept: str
    headers: Mapping[str, str]
    max_bytes: int
    max_redirects: int
    leave: tuple[str, ...]


class GuardedClient:
    """Close it, or use it as a context manager. Safe to share between threads."""

    def __init__(self, settings: Settings, resolver: Resolver | None = None) -> None:
        self._settings = settings
        self._guard = Guard(settings.allow_private_hosts, resolver)
        self._manners = Manners(settings)
        self._cache = ResponseCache(settings.home.expanduser() / "answers")
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
        fresh: bool = False,
        leave: tuple[str, ...] = (),
    ) -> Answer:
        """Read `url` whole, whatever status it answers with.

        `log` collects an Attempt per request under the name `source`. With `max_redirects=0` a
        redirect is an answer like any other and where it leads is not contacted. An answer stored
        less than VERIFY_CACHE_SECONDS ago is given again unless `fresh`; an older one is asked about
        with its ETag. The body stays unread, empty, when its content type begins with one of `leave`.
        Failures that may pass within seconds are tried VERIFY_FETCH_TRIES times.
        Raises InvalidUrl, FetchRefused, NetworkFailed, FetchTimedOut, RateLimited or BadResponse; the
        attempts that failed are in `log` by then.
        """
        book = log or AcquisitionLog()
        place = self._stand_in(url) or url
        stored = self._cache.find(place, accept)
        if stored is not None and (self._settings.offline or self._is_fresh(stored, fresh=fresh)):
            return _from_store(url, stored, source, book)
        conditions = stored.conditions if stored else _NO_HEADERS
        answer = self._ask(
            _Question(url, source, accept, {**headers, **conditions}, max_bytes, max_redirects, leave), book
        )
        if answer.status == 304 and stored is not None:
            self._cache.renew(place, accept)
            return _not_modified(answer, stored, book)
        if answer.status == 200:
            self._cache.keep(place, accept, answered=answer.url, headers=answer.headers, body=answer.body)
        return answer

    def egress(self, source: str, log: AcquisitionLog) -> AbstractContextManager[str]:
        """A block with the address of a proxy that lets a child process out under the same rules.

        Raises NotStored when offline.
        """
        if self._settings.offline:
            raise NotStored(source)
        return egress_proxy(self._guard, source=source, on_attempt=log.add)

    def remember(self, url: str, fact: bytes) -> None:
        """Keep a short `fact` about a download from `url`, for when nothing may be sent."""
        self._cache.keep(url, _FACT, answered=url, headers={}, body=fact)

    def recall(self, url: str) -> bytes | None:
        """The fact kept about `url`."""
        stored = self._cache.find(url, _FACT)
        return stored.body if stored else None

    def tries(self, work: Callable[[], Made]) -> Made:
        """`work()`, again after a pause while its failure may pass; raises its last error."""
        tried = 1
        while True:
            try:
                return work()
            except TransientError as error:
                if not self._manners.wait_to_retry(error, tried):
                    raise
                tried += 1

    def _ask(self, question: _Question, log: AcquisitionLog) -> Answer:
        """The answer, or the last of several when the failure is one that may pass."""
        answers: list[Answer] = []

        def work() -> Answer:
            answers.append(self._ask_once(question, log))
            failure = status_error(answers[-1].status, answers[-1].headers)
            if isinstance(failure, TransientError):
                raise failure
            return answers[-1]

        try:
            return self.tries(work)
        except (ServerFailed, RateLimited):
            if not answers:  # the host asked for quiet before: nothing was sent
                raise
            return answers[-1]

    def _ask_once(self, question: _Question, log: AcquisitionLog) -> Answer:
        with self.open(
            question.url,
            source=question.source,
            log=log,
            accept=question.accept,
            headers=question.headers,
            max_redirects=question.max_redirects,
        ) as exchange:
            kind = exchange.headers.get("content-type", "").lower()
            wanted = not (question.leave and kind.startswith(question.leave))
            body = b"".join(exchange.chunks(question.max_bytes)) if wanted else b""
        assert exchange.attempt is not None
        return Answer(
            url=exchange.url,
            status=exchange.status,
            headers=exchange.headers,
            body=body,
            attempt=exchange.attempt,
        )

    def _is_fresh(self, stored: Stored, *, fresh: bool) -> bool:
        return not fresh and stored.age_seconds < self._settings.cache_seconds

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
            with self._sent(url, headers) as exchange:
                yield exchange
            failure = status_error(exchange.status, exchange.headers)
            outcome = failure.code if failure else "redirect" if exchange.redirect else "ok"
        except VerifyError as error:
            outcome, detail = error.code, error.detail
            raise
        finally:
            attempt = Attempt(
                source=source,
                url=url,
                started_at=started_at,
                ended_at=datetime.now(UTC),
                outcome=outcome,
                http_status=None if exchange is None else exchange.status,
                sha256=None if exchange is None else exchange.sha256,
                detail=detail,
            )
            if exchange is not None:
                exchange.attempt = attempt
            log.add(attempt)

    @contextlib.contextmanager
    def _sent(self, url: str, headers: Mapping[str, str]) -> Iterator[Exchange]:
        """The response to one request, sent when it is this host's turn; how it went is remembered."""
        stand_in = self._stand_in(url)
        target = self._guard.target(stand_in or url)
        if self._settings.offline:
            raise NotStored(url[:200])
        extra = {"X-Forwarded-Host": split_url(url).netloc} if stand_in else {}
        request = self._http.build_request("GET", target.url, headers={**headers, **extra})
        name = f"{target.host}:{target.port}"
        with self._manners.turn(name):
            try:
                with translated(), contextlib.closing(self._http.send(request, stream=True)) as response:
                    exchange = Exchange(url, response)
                    yield exchange
            except VerifyError as error:
                self._manners.note(name, error)
                raise
            self._manners.note(name, status_error(exchange.status, exchange.headers))

    def _stand_in(self, url: str) -> str:
        """`url` at the server that VERIFY_HOST_MAP names for its host; empty for none."""
        try:
            parts = split_url(url)
        except InvalidUrl:  # refused later, by the guard, inside an attempt
            return ""
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
    return f"verify/{__version__} (footage provenance research{'; ' + printable if printable else ''})"


def _from_store(url: str, stored: Stored, source: str, log: AcquisitionLog) -> Answer:
    """A stored answer, with an attempt that says so and how old it is."""
    now = datetime.now(UTC)
    attempt = Attempt(
        source=source,
        url=url,
        started_at=now,
        ended_at=now,
        outcome="stored",
        sha256=stored.sha256,
        detail=f"stored {stored.age_seconds:.0f} s before; nothing was sent",
    )
    log.add(attempt)
    return Answer(url=stored.url, status=200, headers=stored.headers, body=stored.body, attempt=attempt)


def _not_modified(answer: Answer, stored: Stored, log: AcquisitionLog) -> Answer:
    detail = f"the server says that what was stored {stored.age_seconds:.0f} s before still holds"
    attempt = log.conclude(answer.attempt, outcome="not_modified", detail=detail)
    return replace(answer, status=200, headers=stored.headers, body=stored.body, attempt=attempt)


def _judge_redirect(before: str, after: str) -> None:
    if split_url(before).scheme == "https" and split_url(after).scheme != "https":
        raise ForbiddenScheme(f"https redirects to {after[:200]}")


def _origin(url: str) -> tuple[str, str]:
    parts = split_url(url)
    return parts.scheme, parts.netloc
