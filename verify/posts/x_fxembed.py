"""An FxEmbed-compatible mirror of X, when the user names one (VERIFY_X_FXEMBED_URL).

In: a post's number. Out: the post with its full text and media, the quoted post and its media kept
apart. Off by default: asking a third party tells it what an investigator looks at.
Refused: tombstones by their reason, and the codes 401 (private), 404 and 500.
Source: handbook `posts.md` 2.5; FxEmbed's API, versions 2 and 1.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from verify.errors import (
    AccountSuspended,
    BadResponse,
    PostDeleted,
    PostNotFound,
    PostProtected,
    ServerFailed,
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
from verify.posts.ask import Asker, Shape, decoded, error_code, shaped
from verify.posts.ids import tweet_time, x_media_id, x_upload_time
from verify.posts.urls import PostAddress
from verify.posts.x_media import Variant, photo_variants, video_variants

SOURCE = "x_fxembed"
_REASONS: dict[str, type[VerifyError]] = {
    "deleted": PostDeleted,
    "suspended": AccountSuspended,
    "private": PostProtected,
}


class Person(Shape):
    id: str = ""
    name: str = ""
    screen_name: str


class Photo(Shape):
    url: str
    width: int | None = None
    height: int | None = None
    alt: str = Field(default="", alias="altText")


class Film(Shape):
    url: str = ""
    type: str = "video"
    duration: float | None = None
    formats: tuple[dict[str, Any], ...] = ()
    variants: tuple[Variant, ...] = ()


class Attached(Shape):
    photos: tuple[Photo, ...] = ()
    videos: tuple[Film, ...] = ()


class Note(Shape):
    text: str = ""


class Status(Shape):
    id: str
    text: str
    author: Person
    url: str = ""
    created_timestamp: float | None = None
    lang: str | None = None
    possibly_sensitive: bool | None = None
    media: Attached | None = None
    quote: dict[str, Any] | None = None
    community_note: Note | str | None = None


def fxembed(address: PostAddress, ask: Asker) -> Post:
    """The post at `address`, as the mirror tells it: in version 2, or 1 where 2 is not known."""
    base = ask.settings.x_fxembed_url.rstrip("/")
    answer = ask.answer(f"{base}/2/status/{address.key.id}", source=SOURCE)
    if answer.status == 404 and not error_code(answer):
        answer = ask.answer(f"{base}/status/{address.key.id}", source=SOURCE)
    return ask.read(answer, lambda got: _post(_status(got), address))


def _status(answer: Answer) -> Status:
    code = error_code(answer) or answer.status
    known: dict[int, type[VerifyError]] = {401: PostProtected, 404: PostNotFound, 500: ServerFailed}
    if code in known:
        raise known[code](f"the mirror says: code {code}")
    value = decoded(answer)
    body = (value.get("status") or value.get("tweet")) if isinstance(value, dict) else None
    if not isinstance(body, dict):
        raise BadResponse("status: field required")
    if body.get("type") == "tombstone":
        reason = str(body.get("reason", ""))
        raise _REASONS.get(reason, PostNotFound)(f"the mirror says: {reason}")
    return shaped(Status, body)


def _post(status: Status, address: PostAddress) -> Post:
    media = _media(status, MediaRole.OWN, "")
    linked: tuple[LinkedPost, ...] = ()
    if status.quote is not None and status.quote.get("type") != "tombstone":
        quoted = shaped(Status, status.quote)
        linked = (_linked(quoted),)
        media += _media(quoted, MediaRole.QUOTED, _url(quoted))
    elif status.quote is not None:
        state = (
            PostState.DELETED if status.quote.get("reason") == "deleted" else PostState.NOT_FOUND_UNCONFIRMED
        )
        linked = (LinkedPost(role=MediaRole.QUOTED, state=state),)
    note = status.community_note
    return Post(
        key=address.key,
        url=_url(status),
        submitted=address.submitted,
        state=PostState.OK if media else PostState.OK_NO_MEDIA,
        author=_author(status),
        text=status.text,
        language=status.lang or "",
        reported_at=_created(status),
        media=media,
        linked=linked,
        community_note=note.text if isinstance(note, Note) else note or "",
        sensitive=status.possibly_sensitive,
        notes=("Read from a mirror, not from X itself.",),
    )


def _media(status: Status, role: MediaRole, page_url: str) -> tuple[MediaRef, ...]:
    attached = status.media or Attached()
    refs = [*map(_photo, attached.photos), *map(_film, attached.videos)]
    known = (ref for ref in refs if ref.url)
    return tuple(replace(ref, role=role, index=index, page_url=page_url) for index, ref in enumerate(known))


def _photo(photo: Photo) -> MediaRef:
    return _ref(MediaKind.IMAGE, photo_variants(photo.url), alt_text=photo.alt)


def _film(film: Film) -> MediaRef:
    kind = MediaKind.GIF if film.type == "gif" else MediaKind.VIDEO
    duration_us = round(film.duration * 1_000_000) if film.duration else None
    return _ref(kind, _film_variants(film), duration_us=duration_us)


def _ref(
    kind: MediaKind, variants: tuple[MediaVariant, ...], *, alt_text: str = "", duration_us: int | None = None
) -> MediaRef:
    url = variants[0].url if variants else ""
    return MediaRef(
        kind=kind,
        url=url,
        variants=variants,
        media_id=x_media_id(url),
        uploaded_at=x_upload_time(url),
        duration_us=duration_us,
        alt_text=alt_text,
    )


def _film_variants(film: Film) -> tuple[MediaVariant, ...]:
    formats = (
        Variant(
            url=str(one.get("url", "")),
            content_type="video/mp4" if one.get("container") == "mp4" else str(one.get("container", "")),
            bitrate=one.get("bitrate") if isinstance(one.get("bitrate"), int) else None,
        )
        for one in film.formats
    )
    known = tuple(one for one in (*formats, *film.variants) if one.url)
    return video_variants(known) or ((MediaVariant(url=film.url, mime="video/mp4"),) if film.url else ())


def _linked(status: Status) -> LinkedPost:
    return LinkedPost(
        role=MediaRole.QUOTED,
        key=PostKey(platform="x", id=status.id),
        url=_url(status),
        author=_author(status),
        text=status.text,
        posted_at=tweet_time(status.id) or _created(status),
    )


def _created(status: Status) -> datetime | None:
    return None if status.created_timestamp is None else datetime.fromtimestamp(status.created_timestamp, UTC)


def _url(status: Status) -> str:
    return f"https://x.com/{status.author.screen_name}/status/{status.id}"


def _author(status: Status) -> Author:
    return Author(handle=status.author.screen_name, id=status.author.id, name=status.author.name)
