"""Which sources are asked about a post, and in which order (handbook `posts.md` 2.9 and 2.10).

In: an address and the settings. Out: functions from the address to a `Post`, each raising what it
learned when it has none. Third parties are asked only when a setting names them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from verify.errors import VerifyError
from verify.model import Post
from verify.posts import oembed
from verify.posts.ask import Asker
from verify.posts.bluesky import bluesky
from verify.posts.mastodon import mastodon
from verify.posts.reddit import reddit
from verify.posts.telegram import telegram
from verify.posts.urls import PostAddress
from verify.posts.webpage import webpage
from verify.posts.x import syndication
from verify.posts.x_api import x_api
from verify.posts.x_fxembed import fxembed
from verify.posts.ytdlp import EXTRACTORS, is_installed, ytdlp
from verify.settings import Settings

Source = Callable[[PostAddress, Asker], Post]

_OWN: dict[str, Source] = {
    "bluesky": bluesky,
    "mastodon": mastodon,
    "telegram": telegram,
    "reddit": reddit,
}


def sources_for(address: PostAddress, settings: Settings) -> tuple[Source, ...]:
    """The sources that may have the media, best first; never empty."""
    platform = address.key.platform
    if platform == "x":
        return _x_sources(settings)
    if platform in _OWN:
        return (_OWN[platform],)
    if platform in oembed.ENDPOINTS:
        return (ytdlp, oembed.oembed)
    return (ytdlp, webpage) if platform in EXTRACTORS else (webpage,)


def word_of(address: PostAddress) -> Source | None:
    """A source of author and text alone, for when no other has the post."""
    return oembed.x_oembed if address.key.platform == "x" else None


def with_full_text(post: Post, address: PostAddress, ask: Asker) -> Post:
    """`post` with its whole text when its source cut it and a mirror is named that has it."""
    if not post.text_truncated or not ask.settings.x_fxembed_url:
        return post
    try:
        whole = fxembed(address, ask)
    except VerifyError:
        return post
    if len(whole.text) <= len(post.text):
        return post
    note = "The full text was read from a mirror, not from X itself."
    return replace(post, text=whole.text, text_truncated=False, notes=(*post.notes, note))


def _x_sources(settings: Settings) -> tuple[Source, ...]:
    named = (
        (bool(settings.x_bearer_token.get_secret_value()), x_api),
        (True, syndication),
        (bool(settings.x_fxembed_url), fxembed),
        (is_installed(), ytdlp),
    )
    return tuple(source for wanted, source in named if wanted)
