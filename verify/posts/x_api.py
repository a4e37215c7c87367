"""X's API v2, asked when the user has a bearer token (VERIFY_X_BEARER_TOKEN).

In: a post's number. Out: the post with full text, media with every mp4, its edits; quoted, replied-to
and reposted posts and their media kept apart. Refused: posts that the API reports in `errors`, by the
type of the problem. The token is sent to VERIFY_X_API_URL only and is in no log.
Source: handbook `posts.md` 2.7; X API v2, tweets lookup.
"""

from __future__ import annotations

import html
from datetime import datetime
from urllib.parse import urlencode

from verify.errors import (
    AccountSuspended,
    BadResponse,
    HttpRefused,
    PostNotFound,
    PostProtected,
    VerifyError,
)
from verify.fetch.client import Answer
from verify.model import (
    Author,
    LinkedPost,
    MediaKind,
    MediaRef,
    MediaRole,
    MediaVariant,
    Post,
    PostKey,
    PostState,
)
from verify.posts.ask import Asker, Shape, decoded, shaped
from verify.posts.ids import tweet_time, x_media_id, x_upload_time
from verify.posts.urls import PostAddress
from verify.posts.x_media import Variant as KnownVariant
from verify.posts.x_media import photo_variants, video_variants

SOURCE = "x_api"
_FIELDS = {
    "expansions": (
        "attachments.media_keys,author_id,referenced_tweets.id,referenced_tweets.id.author_id,"
        "referenced_tweets.id.attachments.media_keys"
    ),
    "media.fields": "type,url,duration_ms,height,width,preview_image_url,alt_text,variants",
    "tweet.fields": (
        "attachments,author_id,created_at,lang,possibly_sensitive,note_tweet,edit_history_tweet_ids,"
        "referenced_tweets,withheld"
    ),
    "user.fields": "username,name",
}
_KINDS = {"photo": MediaKind.IMAGE, "video": MediaKind.VIDEO, "animated_gif": MediaKind.GIF}
_ROLES = {"quoted": MediaRole.QUOTED, "retweeted": MediaRole.QUOTED, "replied_to": MediaRole.PARENT}


class Attachments(Shape):
    media_keys: tuple[str, ...] = ()


class Reference(Shape):
    type: str
    id: str


class Note(Shape):
    text: str = ""


class Tweet(Shape):
    id: str
    text: str
    author_id: str = ""
    created_at: datetime | None = None
    lang: str = ""
    possibly_sensitive: bool | None = None
    attachments: Attachments = Attachments()
    note_tweet: Note | None = None
    edit_history_tweet_ids: tuple[str, ...] = ()
    referenced_tweets: tuple[Reference, ...] = ()


class Variant(Shape):
    url: str
    content_type: str = ""
    bit_rate: int | None = None


class Media(Shape):
    media_key: str
    type: str
    url: str = ""
    duration_ms: int | None = None
    width: int | None = None
    height: int | None = None
    alt_text: str | None = None
    variants: tuple[Variant, ...] = ()


class User(Shape):
    id: str
    username: str
    name: str = ""


class Includes(Shape):
    media: tuple[Media, ...] = ()
    tweets: tuple[Tweet, ...] = ()
    users: tuple[User, ...] = ()


class Trouble(Shape):
    title: str = ""
    type: str = ""
    detail: str = ""


class Lookup(Shape):
    data: Tweet | None = None
    includes: Includes = Includes()
    errors: tuple[Trouble, ...] = ()


def x_api(address: PostAddress, ask: Asker) -> Post:
    """The post at `address`, as the API tells it."""
    token = ask.settings.x_bearer_token.get_secret_value()
    answer = ask.answer(
        f"{ask.settings.x_api_url}/2/tweets/{address.key.id}?{urlencode(_FIELDS, safe=',')}",
        source=SOURCE,
        headers={"Authorization": f"Bearer {token}"},
    )
    return ask.read(answer, lambda got: _read(got, address))


def _read(answer: Answer, address: PostAddress) -> Post:
    if answer.status in {401, 403}:
        raise HttpRefused(f"HTTP {answer.status}: X refused the bearer token")
    lookup = shaped(Lookup, decoded(answer))
    if lookup.data is None:
        raise _trouble(lookup.errors)
    return _post(lookup.data, lookup.includes, address)


def _trouble(errors: tuple[Trouble, ...]) -> VerifyError:
    if not errors:
        return BadResponse("data: field required")
    first = errors[0]
    said = f"X says: {first.detail or first.title}"[:200]
    if "suspended" in first.detail.lower():
        return AccountSuspended(said)
    if first.type.endswith("not-authorized-for-resource"):
        return PostProtected(said)
    return PostNotFound(said)


def _post(tweet: Tweet, includes: Includes, address: PostAddress) -> Post:
    author = _author(tweet, includes)
    media = _media(tweet, includes, MediaRole.OWN, "")
    linked = []
    for reference in tweet.referenced_tweets:
        link, refs = _referenced(reference, includes)
        linked.append(link)
        media += refs
    return Post(
        key=address.key,
        url=f"https://x.com/{author.handle or 'i'}/status/{tweet.id}",
        submitted=address.submitted,
        state=PostState.OK if media else PostState.OK_NO_MEDIA,
        author=author,
        text=_text(tweet),
        language=tweet.lang,
        reported_at=tweet.created_at,
        media=media,
        linked=tuple(linked),
        edited=len(tweet.edit_history_tweet_ids) > 1,
        edit_ids=tweet.edit_history_tweet_ids,
        sensitive=tweet.possibly_sensitive,
    )


def _referenced(reference: Reference, includes: Includes) -> tuple[LinkedPost, tuple[MediaRef, ...]]:
    role = _ROLES.get(reference.type, MediaRole.QUOTED)
    key = PostKey(platform="x", id=reference.id)
    other = next((tweet for tweet in includes.tweets if tweet.id == reference.id), None)
    if other is None:
        url = f"https://x.com/i/status/{reference.id}"
        state = PostState.NOT_FOUND_UNCONFIRMED
        return LinkedPost(role=role, key=key, url=url, posted_at=tweet_time(reference.id), state=state), ()
    author = _author(other, includes)
    url = f"https://x.com/{author.handle or 'i'}/status/{other.id}"
    link = LinkedPost(
        role=role,
        key=key,
        url=url,
        author=author,
        text=_text(other),
        posted_at=tweet_time(other.id) or other.created_at,
    )
    return link, _media(other, includes, role, url)


def _media(tweet: Tweet, includes: Includes, role: MediaRole, page_url: str) -> tuple[MediaRef, ...]:
    by_key = {media.media_key: media for media in includes.media}
    known = [by_key[key] for key in tweet.attachments.media_keys if key in by_key]
    usable = [(media, variants) for media in known if media.type in _KINDS and (variants := _variants(media))]
    return tuple(
        MediaRef(
            kind=_KINDS[media.type],
            url=variants[0].url,
            role=role,
            index=index,
            variants=variants,
            media_id=x_media_id(variants[0].url) or media.media_key.rpartition("_")[2],
            uploaded_at=x_upload_time(variants[0].url) or tweet_time(media.media_key.rpartition("_")[2]),
            duration_us=None if media.duration_ms is None else media.duration_ms * 1000,
            alt_text=media.alt_text or "",
            page_url=page_url,
        )
        for index, (media, variants) in enumerate(usable)
    )


def _variants(media: Media) -> tuple[MediaVariant, ...]:
    if media.type == "photo":
        return photo_variants(media.url) if media.url else ()
    return video_variants(
        tuple(
            KnownVariant(url=one.url, content_type=one.content_type, bitrate=one.bit_rate)
            for one in media.variants
        )
    )


def _text(tweet: Tweet) -> str:
    return html.unescape(tweet.note_tweet.text if tweet.note_tweet and tweet.note_tweet.text else tweet.text)


def _author(tweet: Tweet, includes: Includes) -> Author:
    user = next((user for user in includes.users if user.id == tweet.author_id), None)
    return Author(handle=user.username if user else "", id=tweet.author_id, name=user.name if user else "")
