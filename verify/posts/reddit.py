"""Reddit's JSON pages.

In: a submission's number. Out: the submission with its photo, gallery, GIF or hosted video; what it
links to and what it is a crosspost of kept apart. The hosted mp4 has no sound, which does not matter
here. Refused: private, quarantined and removed submissions, by the reason that Reddit gives.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from verify.errors import (
    AccountSuspended,
    BadResponse,
    HttpRefused,
    LoginRequired,
    PostDeleted,
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
from verify.posts.ask import Asker, Shape, decoded, error_words, shaped
from verify.posts.urls import PostAddress, media_kind_of, parse

SOURCE = "reddit"
_MEDIA_HOSTS = ("https://i.redd.it/", "https://preview.redd.it/")
_REASONS: dict[str, type[VerifyError]] = {
    "private": PostProtected,
    "quarantined": LoginRequired,
    "gated": LoginRequired,
    "banned": AccountSuspended,
}


class Video(Shape):
    fallback_url: str
    hls_url: str = ""
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    is_gif: bool = False


class Hosted(Shape):
    reddit_video: Video | None = None


class Item(Shape):
    media_id: str
    caption: str | None = None


class Gallery(Shape):
    items: tuple[Item, ...] = ()


class Source(Shape):
    u: str = ""
    gif: str = ""
    mp4: str = ""
    x: int | None = None
    y: int | None = None


class Metadata(Shape):
    status: str = ""
    m: str = ""
    s: Source = Source()


class Submission(Shape):
    id: str
    author: str
    title: str
    created_utc: float
    selftext: str = ""
    url: str = ""
    permalink: str = ""
    edited: float | bool = False
    over_18: bool = False
    removed_by_category: str | None = None
    media: Hosted | None = None
    secure_media: Hosted | None = None
    gallery_data: Gallery | None = None
    media_metadata: dict[str, Metadata] | None = None
    preview: dict[str, Any] | None = None
    crosspost_parent_list: tuple[Submission, ...] = ()


def reddit(address: PostAddress, ask: Asker) -> Post:
    """The submission at `address`, as its JSON page tells it."""
    url = f"{ask.settings.reddit_url}/comments/{address.key.id}.json?raw_json=1&limit=1"
    return ask.read(ask.answer(url, source=SOURCE), lambda got: _post(_submission(got), address))


def _submission(answer: Answer) -> Submission:
    if answer.status in {403, 404, 451}:
        name, words = error_words(answer)
        known = _REASONS.get(name, PostNotFound if answer.status == 404 else HttpRefused)
        raise known(f"HTTP {answer.status}; Reddit says: {name} {words}".strip()[:200])
    value = decoded(answer)
    try:
        children = value[0]["data"]["children"]  # type: ignore[index]  # any JSON; checked by trying
    except (KeyError, IndexError, TypeError) as error:
        raise BadResponse(f"missing field: 0.data.children ({error})") from error
    if not children:
        raise PostNotFound("an empty listing")
    submission = shaped(Submission, children[0].get("data") if isinstance(children[0], dict) else None)
    if submission.removed_by_category and not tuple(_media(submission, MediaRole.OWN, "")):
        raise PostDeleted(f"Reddit says that it was removed by: {submission.removed_by_category}")
    return submission


def _post(submission: Submission, address: PostAddress) -> Post:
    media = list(_media(submission, MediaRole.OWN, ""))
    parents = submission.crosspost_parent_list
    for parent in parents:
        media.extend(_media(parent, MediaRole.PARENT, _url(parent)))
    removed = submission.removed_by_category
    return Post(
        key=address.key,
        url=_url(submission),
        submitted=address.submitted,
        state=PostState.OK if media else PostState.OK_NO_MEDIA,
        author=Author(handle=submission.author),
        text=_text(submission),
        reported_at=_created(submission),
        media=tuple(media),
        linked=(*map(_parent, parents), *(() if parents else _outside(submission))),
        edited=bool(submission.edited),
        sensitive=submission.over_18,
        notes=(f"Reddit says that the submission was removed by: {removed}.",) if removed else (),
    )


def _media(submission: Submission, role: MediaRole, page_url: str) -> Iterator[MediaRef]:
    """The gallery in its order, else the hosted video, else the picture linked to."""
    if submission.gallery_data is not None and submission.media_metadata is not None:
        items = submission.gallery_data.items
        known = [item for item in items if item.media_id in submission.media_metadata]
        for index, item in enumerate(known):
            yield _gallery_ref(item, submission.media_metadata[item.media_id], role, index, page_url)
        return
    hosted = submission.secure_media or submission.media
    if hosted is not None and hosted.reddit_video is not None:
        yield _video_ref(hosted.reddit_video, submission.url, role, page_url)
    elif submission.url.startswith(_MEDIA_HOSTS):
        yield _linked_ref(submission, role, page_url)


def _gallery_ref(item: Item, data: Metadata, role: MediaRole, index: int, page_url: str) -> MediaRef:
    ending = {"image/png": "png", "image/gif": "gif"}.get(data.m, "jpg")
    kind = MediaKind.GIF if data.m == "image/gif" else MediaKind.IMAGE
    urls = [f"https://i.redd.it/{item.media_id}.{ending}", data.s.mp4, data.s.gif, data.s.u]
    variants = tuple(
        MediaVariant(url=html.unescape(url), width=data.s.x, height=data.s.y) for url in urls if url
    )
    return MediaRef(
        kind=kind,
        url=variants[0].url,
        role=role,
        index=index,
        variants=variants,
        media_id=item.media_id,
        alt_text=item.caption or "",
        page_url=page_url,
    )


def _video_ref(video: Video, url: str, role: MediaRole, page_url: str) -> MediaRef:
    variants = [
        MediaVariant(url=video.fallback_url, mime="video/mp4", width=video.width, height=video.height)
    ]
    if video.hls_url:
        variants.append(MediaVariant(url=video.hls_url, mime="application/x-mpegURL"))
    return MediaRef(
        kind=MediaKind.GIF if video.is_gif else MediaKind.VIDEO,
        url=video.fallback_url,
        role=role,
        variants=tuple(variants),
        media_id=url.rstrip("/").rsplit("/", 1)[-1] if "v.redd.it/" in url else None,
        duration_us=None if video.duration is None else round(video.duration * 1_000_000),
        page_url=page_url,
    )


def _linked_ref(submission: Submission, role: MediaRole, page_url: str) -> MediaRef:
    kind = media_kind_of(submission.url) or MediaKind.IMAGE
    return MediaRef(
        kind=kind,
        url=submission.url,
        role=role,
        variants=(MediaVariant(url=submission.url),),
        page_url=page_url,
    )


def _parent(parent: Submission) -> LinkedPost:
    return LinkedPost(
        role=MediaRole.PARENT,
        key=PostKey(platform="reddit", id=parent.id),
        url=_url(parent),
        author=Author(handle=parent.author),
        text=_text(parent),
        posted_at=_created(parent),
    )


def _outside(submission: Submission) -> Iterator[LinkedPost]:
    """The page elsewhere that a link submission points to: an item of its own."""
    if (
        not submission.url.startswith("http")
        or "redd.it/" in submission.url
        or "reddit.com/" in submission.url
    ):
        return
    try:
        address = parse(submission.url)
    except VerifyError:
        return
    yield LinkedPost(role=MediaRole.PAGE, key=address.key, url=address.url)


def _text(submission: Submission) -> str:
    return html.unescape("\n\n".join(part for part in (submission.title, submission.selftext) if part))


def _url(submission: Submission) -> str:
    return urljoin("https://www.reddit.com/", submission.permalink or f"/comments/{submission.id}/")


def _created(submission: Submission) -> datetime:
    return datetime.fromtimestamp(submission.created_utc, UTC)
