"""A post's address to the post: the chain of sources, and what each of them said.

In: what the user pasted. Out: a `Post` in a typed state, with its media, its dates and every request
made. A post that cannot be had is an answer too: it is returned with its state, the date its number
gives and what to try next, never raised. Refused: InvalidUrl and UnsupportedUrl.
"Deleted" and the like are concluded only from a source that says so (handbook `posts.md` 2.9).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import replace

from verify.errors import (
    AccountSuspended,
    AgeRestricted,
    BadResponse,
    FetchRefused,
    ForbiddenAddress,
    ForbiddenScheme,
    HttpRefused,
    LoginRequired,
    MediaGone,
    NotStored,
    PostDeleted,
    PostNotFound,
    PostProtected,
    RateLimited,
    TransientError,
    UsageError,
    VerifyError,
    WithheldInCountry,
)
from verify.fetch.client import GuardedClient
from verify.fetch.log import AcquisitionLog
from verify.model import Attempt, Post, PostState
from verify.posts.advice import next_steps, oddities
from verify.posts.ask import Asker
from verify.posts.direct import direct
from verify.posts.expand import expand
from verify.posts.sources import Source, sources_for, with_full_text, word_of
from verify.posts.urls import PostAddress, parse
from verify.settings import Settings

_STATES: tuple[tuple[type[VerifyError], PostState], ...] = (  # the first that fits
    (PostDeleted, PostState.DELETED),
    (AccountSuspended, PostState.SUSPENDED),
    (PostProtected, PostState.PROTECTED),
    (AgeRestricted, PostState.AGE_RESTRICTED),
    (WithheldInCountry, PostState.WITHHELD_IN_COUNTRY),
    (LoginRequired, PostState.LOGIN_REQUIRED),
    (PostNotFound, PostState.NOT_FOUND_UNCONFIRMED),
    (MediaGone, PostState.NOT_FOUND_UNCONFIRMED),
    (HttpRefused, PostState.NOT_FOUND_UNCONFIRMED),
    (RateLimited, PostState.RATE_LIMITED),
    (TransientError, PostState.NETWORK_ERROR),
    (BadResponse, PostState.BAD_RESPONSE),
    (NotStored, PostState.NETWORK_ERROR),
    (ForbiddenAddress, PostState.UNSUPPORTED_URL),
    (ForbiddenScheme, PostState.UNSUPPORTED_URL),
    (UsageError, PostState.UNSUPPORTED_URL),
    (FetchRefused, PostState.BAD_RESPONSE),
)
_FINAL = frozenset(  # stated by a source in so many words: no further source is asked
    {PostState.DELETED, PostState.SUSPENDED, PostState.PROTECTED, PostState.WITHHELD_IN_COUNTRY}
)
_TOLD = _FINAL | {PostState.AGE_RESTRICTED, PostState.LOGIN_REQUIRED}
_DATED_BY_PLATFORM = frozenset({"x", "tiktok", "instagram"})  # whose servers make the number


class Resolver:
    """Resolves posts. Safe to share between threads; one post is fetched by one of them at a time."""

    def __init__(self, client: GuardedClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._under_way: dict[str, Future[Post]] = {}
        self._lock = threading.Lock()

    def resolve(
        self, url: str, *, on_attempt: Callable[[Attempt], None] | None = None, fresh: bool = False
    ) -> Post:
        """The post that `url` names; `on_attempt` hears of each request as it ends.

        `fresh` asks the platform even when an answer was stored a moment ago. A post that another
        thread is fetching is waited for and shared. Raises InvalidUrl or UnsupportedUrl, nothing else.
        """
        address = parse(url)
        ask = Asker(self._client, self._settings, AcquisitionLog(on_attempt), fresh=fresh)
        post = self._once(address, ask)
        return replace(post, submitted=url)

    def _once(self, address: PostAddress, ask: Asker) -> Post:
        name = str(address.key)
        with self._lock:
            other = self._under_way.get(name)
            mine: Future[Post] = Future()
            if other is None:
                self._under_way[name] = mine
        if other is not None:
            return other.result()
        try:
            mine.set_result(self._read(address, ask))
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._under_way[name]
        return mine.result()

    def _read(self, address: PostAddress, ask: Asker) -> Post:
        try:
            address = expand(address, ask)
        except VerifyError as error:
            return _finished(_unavailable(address, [error]), address, ask)
        return _finished(_resolved(address, ask), address, ask)


def state_of(error: VerifyError) -> PostState:
    """The state of a post about which a source raised `error`."""
    return next((state for kind, state in _STATES if isinstance(error, kind)), PostState.NETWORK_ERROR)


def _resolved(address: PostAddress, ask: Asker) -> Post:
    if address.key.platform == "direct":
        return direct(address)
    if address.login_only:
        return _unavailable(address, [LoginRequired("the address of a private channel")])
    failures: list[VerifyError] = []
    for source in sources_for(address, ask.settings):
        post = _attempt(source, address, ask, failures)
        if post is not None:
            return with_full_text(post, address, ask)
        if state_of(failures[-1]) in _FINAL:
            break
    return _unavailable(address, failures, _last_word(address, ask, failures))


def _attempt(source: Source, address: PostAddress, ask: Asker, failures: list[VerifyError]) -> Post | None:
    try:
        return source(address, ask)
    except VerifyError as error:
        failures.append(error)
        return None


def _last_word(address: PostAddress, ask: Asker, failures: list[VerifyError]) -> Post | None:
    """Author and text from a source that has no media, when no other said what became of the post."""
    source = word_of(address)
    if source is None or any(state_of(failure) in _TOLD for failure in failures):
        return None
    return _attempt(source, address, ask, failures)


def _unavailable(address: PostAddress, failures: list[VerifyError], word: Post | None = None) -> Post:
    """The post in the state that its sources leave it in: the one told, else what the first source met."""
    states = [state_of(failure) for failure in failures]
    state = next((state for state in states if state in _TOLD), states[0])
    post = word or Post(key=address.key, url=address.url, submitted=address.submitted, state=state)
    return replace(post, state=state, notes=(*_sentences(failures), *post.notes))


def _sentences(failures: Iterable[VerifyError]) -> Iterable[str]:
    return dict.fromkeys(str(failure) for failure in failures)


def _finished(post: Post, address: PostAddress, ask: Asker) -> Post:
    """`post` with its date, its log, what is odd about it and what to try next."""
    dated = _dated(post, address)
    notes = dict.fromkeys((*dated.notes, *oddities(dated), *next_steps(dated)))
    return replace(dated, notes=tuple(notes), attempts=ask.log.attempts)


def _dated(post: Post, address: PostAddress) -> Post:
    """`post` with its date: the number's where the platform makes the number, else as reported."""
    reported = (post.reported_at, f"reported by {address.key.platform}")
    numbered = (address.posted_at, address.posted_at_basis)
    order = (numbered, reported) if address.key.platform in _DATED_BY_PLATFORM else (reported, numbered)
    posted_at, basis = next(((at, why) for at, why in order if at is not None), (None, ""))
    return replace(post, posted_at=posted_at, posted_at_basis=basis)
