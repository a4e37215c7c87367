"""A post's address to the post: the chain of sources, and what each of them said.

In: what the user pasted. Out: a `Post` in a typed state, with its media, its dates and every request
made. A post that cannot be had is an answer too: it is returned with its state, the date its number
gives and what to try next, never raised. Refused: InvalidUrl and UnsupportedUrl.
"Deleted" and the like are concluded only from a source that says so (handbook `posts.md` 2.9).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from verify.errors import (
    AccountSuspended,
    AgeRestricted,
    BadResponse,
    FetchRefused,
    HttpRefused,
    LoginRequired,
    PostDeleted,
    PostNotFound,
    PostProtected,
    RateLimited,
    TransientError,
    UnsupportedUrl,
    VerifyError,
    WithheldInCountry,
)
from verify.fetch.client import GuardedClient
from verify.fetch.log import AcquisitionLog
from verify.model import Attempt, Post, PostState
from verify.posts.ask import Asker
from verify.posts.bluesky import bluesky
from verify.posts.direct import direct
from verify.posts.mastodon import mastodon
from verify.posts.reddit import reddit
from verify.posts.telegram import telegram
from verify.posts.urls import PostAddress, parse
from verify.posts.x import syndication
from verify.settings import Settings

Source = Callable[[PostAddress, Asker], Post]

_STATES: tuple[tuple[type[VerifyError], PostState], ...] = (  # the first that fits
    (PostDeleted, PostState.DELETED),
    (AccountSuspended, PostState.SUSPENDED),
    (PostProtected, PostState.PROTECTED),
    (AgeRestricted, PostState.AGE_RESTRICTED),
    (WithheldInCountry, PostState.WITHHELD_IN_COUNTRY),
    (LoginRequired, PostState.LOGIN_REQUIRED),
    (PostNotFound, PostState.NOT_FOUND_UNCONFIRMED),
    (HttpRefused, PostState.NOT_FOUND_UNCONFIRMED),
    (RateLimited, PostState.RATE_LIMITED),
    (TransientError, PostState.NETWORK_ERROR),
    (BadResponse, PostState.BAD_RESPONSE),
    (FetchRefused, PostState.NETWORK_ERROR),
    (UnsupportedUrl, PostState.UNSUPPORTED_URL),
)
_TOLD = frozenset(  # states that a source stated in so many words
    {
        PostState.DELETED,
        PostState.SUSPENDED,
        PostState.PROTECTED,
        PostState.AGE_RESTRICTED,
        PostState.WITHHELD_IN_COUNTRY,
        PostState.LOGIN_REQUIRED,
    }
)
_SOURCES: dict[str, tuple[Source, ...]] = {
    "x": (syndication,),
    "bluesky": (bluesky,),
    "mastodon": (mastodon,),
    "telegram": (telegram,),
    "reddit": (reddit,),
}
_DATED_BY_PLATFORM = frozenset({"x", "tiktok", "instagram"})  # whose servers make the number


class Resolver:
    """Resolves posts. Safe to share between threads."""

    def __init__(self, client: GuardedClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def resolve(self, url: str, *, on_attempt: Callable[[Attempt], None] | None = None) -> Post:
        """The post that `url` names; `on_attempt` hears of each request as it ends.

        Raises InvalidUrl or UnsupportedUrl, and nothing else.
        """
        address = parse(url)
        log = AcquisitionLog(on_attempt)
        ask = Asker(self._client, self._settings, log)
        post = self._read(address, ask)
        return _dated(replace(post, submitted=url, attempts=log.attempts), address)

    def _read(self, address: PostAddress, ask: Asker) -> Post:
        if address.key.platform == "direct":
            return direct(address)
        failures: list[VerifyError] = []
        for source in self._sources(address):
            try:
                return source(address, ask)
            except VerifyError as error:
                failures.append(error)
        return _unavailable(address, failures)

    def _sources(self, address: PostAddress) -> tuple[Source, ...]:
        sources = _SOURCES.get(address.key.platform)
        if sources is None:
            raise UnsupportedUrl(address.key.platform)
        return sources


def state_of(error: VerifyError) -> PostState:
    """The state of a post about which a source raised `error`."""
    return next((state for kind, state in _STATES if isinstance(error, kind)), PostState.NETWORK_ERROR)


def _unavailable(address: PostAddress, failures: list[VerifyError]) -> Post:
    states = [state_of(failure) for failure in failures]
    state = next((state for state in states if state in _TOLD), states[0])
    notes = tuple(dict.fromkeys(str(failure) for failure in failures))
    return Post(key=address.key, url=address.url, submitted=address.submitted, state=state, notes=notes)


def _dated(post: Post, address: PostAddress) -> Post:
    """`post` with its date: the number's where the platform makes the number, else as reported."""
    reported = (post.reported_at, f"reported by {address.key.platform}")
    numbered = (address.posted_at, address.posted_at_basis)
    order = (numbered, reported) if address.key.platform in _DATED_BY_PLATFORM else (reported, numbered)
    posted_at, basis = next(((at, why) for at, why in order if at is not None), (None, ""))
    return replace(post, posted_at=posted_at, posted_at_basis=basis)
