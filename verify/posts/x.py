"""X's syndication endpoint, which answers without an account.

In: a post's number. Out: the post as X describes it; quoted and parent posts and their media are kept
apart. Refused: tombstones by the error their sentence stands for, and `{}` or 404 as PostNotFound,
which here never means deleted: age-restricted posts and shared networks get the same answer.
Sources: handbook `posts.md` 2.2 (react-tweet, yt-dlp); the token is JavaScript's number formatting.
"""

from __future__ import annotations

import html
import math
import re
from datetime import datetime
from urllib.parse import urlencode

from verify.errors import (
    AccountSuspended,
    AgeRestricted,
    BadResponse,
    PostDeleted,
    PostNotFound,
    PostProtected,
    PostUnavailable,
    WithheldInCountry,
)
from verify.fetch.client import Answer
from verify.model import Author, LinkedPost, MediaRef, MediaRole, Post, PostKey, PostState
from verify.posts.ask import Asker, Shape, decoded, shaped
from verify.posts.ids import tweet_time
from verify.posts.urls import PostAddress
from verify.posts.x_media import Media, media_refs

SOURCE = "x_syndication"
_FEATURES = (
    "tfw_timeline_list:;"
    "tfw_follower_count_sunset:true;"
    "tfw_tweet_edit_backend:on;"
    "tfw_refsrc_session:on;"
    "tfw_fosnr_soft_interventions_enabled:on;"
    "tfw_show_birdwatch_pivots_enabled:on;"
    "tfw_show_business_verified_badge:on;"
    "tfw_duplicate_scribes_to_settings:on;"
    "tfw_use_profile_image_shape_enabled:on;"
    "tfw_show_blue_verified_badge:on;"
    "tfw_legacy_timeline_sunset:true;"
    "tfw_show_gov_verified_badge:on;"
    "tfw_show_business_affiliate_badge:on;"
    "tfw_tweet_edit_frontend:on"
)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_TOMBSTONES: tuple[tuple[str, type[PostUnavailable]], ...] = (  # X's own sentences, in English as asked for
    ("limits who can view", PostProtected),
    ("are protected", PostProtected),
    ("age-restricted", AgeRestricted),
    ("adult content", AgeRestricted),
    ("suspended", AccountSuspended),
    ("withheld", WithheldInCountry),
    ("was deleted", PostDeleted),
    ("no longer exists", PostDeleted),
    ("violated the", PostDeleted),
)


class User(Shape):
    id_str: str = ""
    name: str = ""
    screen_name: str


class Text(Shape):
    text: str = ""


class Tombstone(Shape):
    text: Text = Text()


class EditControl(Shape):
    edit_tweet_ids: tuple[str, ...] = ()


class BirdwatchPivot(Shape):
    """The community note beside a post."""

    title: str = ""
    subtitle: Text = Text()


class Tweet(Shape):
    """The documented answer, as far as it is read."""

    id_str: str
    text: str
    user: User
    created_at: datetime | None = None
    lang: str = ""
    possibly_sensitive: bool | None = None
    mediaDetails: tuple[Media, ...] = ()  # noqa: N815 - the platform's name
    edit_control: EditControl = EditControl()
    isEdited: bool = False  # noqa: N815 - same
    note_tweet: object = None
    birdwatch_pivot: BirdwatchPivot | None = None
    quoted_tweet: Tweet | None = None
    parent: Tweet | None = None
    quoted_tombstone: Tombstone | None = None
    in_reply_to_status_id_str: str | None = None
    in_reply_to_screen_name: str | None = None


def token(identifier: str) -> str:
    r"""The token that the endpoint asks for with post `identifier`.

    `((Number(id) / 1e15) * Math.PI).toString(36).replace(/(0+|\.)/g, '')` in JavaScript.
    """
    return re.sub(r"0+|\.", "", base36(float(int(identifier)) / 1e15 * math.pi))


def base36(value: float) -> str:
    """`value.toString(36)` of ECMAScript for 0 <= value < 2**53, digit by digit as V8 prints it."""
    whole, fraction = int(value), value - int(value)
    delta = max(0.5 * (math.nextafter(value, math.inf) - value), math.nextafter(0.0, 1.0))
    digits: list[int] = []
    while fraction >= delta:
        fraction *= 36
        delta *= 36
        digits.append(int(fraction))
        fraction -= int(fraction)
        if (fraction > 0.5 or (fraction == 0.5 and digits[-1] & 1)) and fraction + delta > 1:
            whole += _carry(digits)
            break
    tail = "".join(_DIGITS[digit] for digit in digits)
    return _whole36(whole) + (f".{tail}" if tail else "")


def syndication(address: PostAddress, ask: Asker) -> Post:
    """The post at `address`, as the syndication endpoint describes it."""
    identifier = address.key.id
    query = urlencode(
        {"id": identifier, "lang": "en", "token": token(identifier), "features": _FEATURES}, safe=":;"
    )
    answer = ask.answer(f"{ask.settings.x_syndication_url}/tweet-result?{query}", source=SOURCE)
    return ask.read(answer, lambda got: _post(_tweet(got), address))


def tombstone_error(sentence: str) -> PostUnavailable:
    """The error that X's sentence on a missing post stands for; PostNotFound for unknown ones."""
    lowered = sentence.lower()
    kind = next((kind for words, kind in _TOMBSTONES if words in lowered), PostNotFound)
    return kind(f"X says: {sentence[:200]}" if sentence else "a tombstone without a sentence")


def _tweet(answer: Answer) -> Tweet:
    value = decoded(answer)
    if not isinstance(value, dict):
        raise BadResponse("not a JSON object")
    if not value:
        raise PostNotFound("an empty answer")
    if value.get("__typename") == "TweetTombstone" or ("tombstone" in value and "id_str" not in value):
        raise tombstone_error(shaped(Tombstone, value.get("tombstone") or {}).text.text)
    return shaped(Tweet, value)


def _post(tweet: Tweet, address: PostAddress) -> Post:
    own = _media(tweet, MediaRole.OWN, "")
    linked = tuple(_linked(tweet))
    others = [_media(other, role, _url(other)) for other, role in _others(tweet)]
    media = own + tuple(ref for refs in others for ref in refs)
    return Post(
        key=address.key,
        url=_url(tweet),
        submitted=address.submitted,
        state=PostState.OK if media else PostState.OK_NO_MEDIA,
        author=_author(tweet),
        text=html.unescape(tweet.text),
        text_truncated=tweet.note_tweet is not None,
        language=tweet.lang,
        reported_at=tweet.created_at,
        media=media,
        linked=linked,
        edited=tweet.isEdited or len(tweet.edit_control.edit_tweet_ids) > 1,
        edit_ids=tweet.edit_control.edit_tweet_ids,
        community_note=tweet.birdwatch_pivot.subtitle.text if tweet.birdwatch_pivot else "",
        sensitive=tweet.possibly_sensitive,
        notes=tuple(_notes(tweet, address, own)),
    )


def _notes(tweet: Tweet, address: PostAddress, own: tuple[MediaRef, ...]) -> list[str]:
    notes = []
    if tweet.id_str != address.key.id:
        notes.append(f"X answered with post {tweet.id_str}, another edit of the one asked for.")
    unavailable = [
        media for media in tweet.mediaDetails if media.ext_media_availability.status != "Available"
    ]
    if unavailable:
        notes.append(f"X says that {len(unavailable)} of the post's media are not available.")
    if len(own) < len(tweet.mediaDetails):
        notes.append(
            f"{len(tweet.mediaDetails) - len(own)} media of the post are of a kind that is not read."
        )
    return notes


def _others(tweet: Tweet) -> list[tuple[Tweet, MediaRole]]:
    pairs = ((tweet.quoted_tweet, MediaRole.QUOTED), (tweet.parent, MediaRole.PARENT))
    return [(other, role) for other, role in pairs if other is not None]


def _linked(tweet: Tweet) -> list[LinkedPost]:
    linked = [
        LinkedPost(
            role=role,
            key=PostKey(platform="x", id=other.id_str),
            url=_url(other),
            author=_author(other),
            text=html.unescape(other.text),
            posted_at=tweet_time(other.id_str) or other.created_at,
        )
        for other, role in _others(tweet)
    ]
    if tweet.parent is None and tweet.in_reply_to_status_id_str:
        handle, number = tweet.in_reply_to_screen_name or "i", tweet.in_reply_to_status_id_str
        linked.append(
            LinkedPost(
                role=MediaRole.PARENT,
                key=PostKey(platform="x", id=number),
                url=f"https://x.com/{handle}/status/{number}",
                posted_at=tweet_time(number),
            )
        )
    return linked


def _media(tweet: Tweet, role: MediaRole, page_url: str) -> tuple[MediaRef, ...]:
    return media_refs(tweet.mediaDetails, post_id=tweet.id_str, role=role, page_url=page_url)


def _url(tweet: Tweet) -> str:
    return f"https://x.com/{tweet.user.screen_name}/status/{tweet.id_str}"


def _author(tweet: Tweet) -> Author:
    return Author(handle=tweet.user.screen_name, id=tweet.user.id_str, name=tweet.user.name)


def _carry(digits: list[int]) -> int:
    """Round the last of `digits` up in place; 1 when that runs over the point."""
    while digits:
        if digits[-1] + 1 < 36:
            digits[-1] += 1
            return 0
        digits.pop()
    return 1


def _whole36(number: int) -> str:
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
        if not number:
            return text
