"""Dates read off identifiers, without asking anyone (pure).

In: an identifier or a media address. Out: the instant it was made, or None when it does not carry
one. These work for posts that are gone. Refused: identifiers from before the scheme was introduced.
Sources: handbook `posts.md` 2.1; TikTok and Instagram checked against ten and three dated videos of
yt-dlp's own tests; TID from the AT Protocol specification; Mastodon `lib/mastodon/snowflake.rb`.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_X_EPOCH_MS = 1_288_834_974_657
_FIRST_SNOWFLAKE = 29_700_859_247  # X's ids of before 2010-11-04 count up and carry no time
_INSTAGRAM_EPOCH_MS = 1_314_220_021_721
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TID = "234567abcdefghijklmnopqrstuvwxyz"  # sortable base 32
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)

_X_VIDEO = re.compile(r"/(?:ext_tw_video|amplify_video|ext_tw_video_thumb|amplify_video_thumb)/(\d+)")
_X_NAMED = re.compile(
    r"(?:pbs|video)\.twimg\.com/(?:media|tweet_video|tweet_video_thumb)/([A-Za-z0-9_-]{15})(?![A-Za-z0-9_-])"
)


def tweet_time(identifier: str) -> datetime | None:
    """When an X post or medium of this number was made; None for numbers of before November 2010."""
    number = _number(identifier)
    if number < _FIRST_SNOWFLAKE:
        return None
    return _instant(milliseconds=(number >> 22) + _X_EPOCH_MS)


def x_media_id(url: str) -> str | None:
    """The number of the photo, GIF or video at a `twimg.com` address; None for other addresses."""
    if found := _X_VIDEO.search(url):
        return found[1]
    if found := _X_NAMED.search(url):
        return _named_media_id(found[1])
    return None


def x_upload_time(url: str) -> datetime | None:
    """When the photo, GIF or video at a `twimg.com` address was uploaded to X."""
    identifier = x_media_id(url)
    return tweet_time(identifier) if identifier else None


def tiktok_time(identifier: str) -> datetime | None:
    """When a TikTok video of this number was made, to within about ten seconds before its posting."""
    number = _number(identifier)
    return _instant(milliseconds=(number >> 32) * 1000) if number >> 60 else None


def instagram_time(code: str) -> datetime | None:
    """When the Instagram post of this short code was made; private ones carry 28 letters more."""
    number = 0
    for letter in code[:11]:
        if letter not in _BASE64:
            return None
        number = number * 64 + _BASE64.index(letter)
    return _instant(milliseconds=(number >> 23) + _INSTAGRAM_EPOCH_MS) if number >> 23 else None


def mastodon_time(identifier: str) -> datetime | None:
    """When the status of this number was made, to the millisecond; None for other software's ids."""
    number = _number(identifier)
    return _instant(milliseconds=number >> 16) if 10**17 <= number < 2**63 else None


def tid_time(key: str) -> datetime | None:
    """When the author's client says a Bluesky record was made: the clock in its 13-letter key."""
    if len(key) != 13 or any(letter not in _TID for letter in key):
        return None
    number = 0
    for letter in key:
        number = number * 32 + _TID.index(letter)
    return _instant(milliseconds=(number >> 10) // 1000)


def _named_media_id(name: str) -> str | None:
    """The number in a photo's name: its first eight bytes, big end first."""
    try:
        raw = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4))
    except (binascii.Error, ValueError):
        return None
    return str(int.from_bytes(raw[:8], "big"))


def _number(identifier: str) -> int:
    return int(identifier) if identifier.isascii() and identifier.isdigit() and len(identifier) < 20 else 0


def _instant(*, milliseconds: int) -> datetime | None:
    try:
        instant = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
    return instant if instant < _LATEST else None
