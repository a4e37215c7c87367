"""Any Mastodon server's own API, and software that answers like it.

In: a server and a status number. Out: the status with its media and alt text; boosts, quotes and
parents kept apart. A status of another server has its original file as a further variant.
Refused: what the server does not find or shows to members only. Source: docs.joinmastodon.org, Status.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from verify.errors import HttpRefused, LoginRequired
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
from verify.posts.markup import plain_text
from verify.posts.urls import PostAddress, media_kind_of

SOURCE = "mastodon"
_KINDS = {"image": MediaKind.IMAGE, "video": MediaKind.VIDEO, "gifv": MediaKind.GIF}


class Original(Shape):
    width: int | None = None
    height: int | None = None
    duration: float | None = None


class Meta(Shape):
    original: Original = Original()


class Attachment(Shape):
    id: str = ""
    type: str
    url: str | None = None
    remote_url: str | None = None
    description: str | None = None
    meta: Meta | None = None


class Account(Shape):
    username: str
    acct: str = ""
    display_name: str = ""


class Quote(Shape):
    quoted_status: Status | None = None


class Status(Shape):
    id: str
    content: str
    account: Account
    created_at: datetime | None = None
    edited_at: datetime | None = None
    url: str | None = None
    uri: str = ""
    language: str | None = None
    sensitive: bool = False
    spoiler_text: str = ""
    in_reply_to_id: str | None = None
    media_attachments: tuple[Attachment, ...] = ()
    reblog: Status | None = None
    quote: Quote | None = None


def mastodon(address: PostAddress, ask: Asker) -> Post:
    """The status at `address`, as its server tells it."""
    host, identifier = address.key.id.rsplit("/", 1)
    answer = ask.answer(f"https://{host}/api/v1/statuses/{identifier}", source=SOURCE)
    return ask.read(answer, lambda got: _post(_status(got), address, host))


def _status(answer: Answer) -> Status:
    if answer.status in {401, 403, 422}:
        words = " ".join(error_words(answer)).strip()
        kind = LoginRequired if answer.status == 401 or "authenticated" in words else HttpRefused
        raise kind(f"HTTP {answer.status}: the server says: {words[:200]}")
    return shaped(Status, decoded(answer))


def _post(status: Status, address: PostAddress, host: str) -> Post:
    others = _others(status)
    media = _media(status, MediaRole.OWN, "")
    for other, role in others:
        media += _media(other, role, other.url or other.uri)
    linked = [_linked(other, role, host) for other, role in others]
    if status.in_reply_to_id:
        linked.append(
            LinkedPost(
                role=MediaRole.PARENT,
                key=PostKey(platform="mastodon", id=f"{host}/{status.in_reply_to_id}"),
                url=f"https://{host}/web/statuses/{status.in_reply_to_id}",
            )
        )
    return Post(
        key=address.key,
        url=status.url or status.uri or address.url,
        submitted=address.submitted,
        state=PostState.OK if media else PostState.OK_NO_MEDIA,
        author=_author(status),
        text=_text(status),
        language=status.language or "",
        reported_at=status.created_at,
        media=media,
        linked=tuple(linked),
        edited=status.edited_at is not None,
        sensitive=status.sensitive,
    )


def _others(status: Status) -> list[tuple[Status, MediaRole]]:
    quoted = status.quote.quoted_status if status.quote else None
    return [(other, MediaRole.QUOTED) for other in (status.reblog, quoted) if other is not None]


def _media(status: Status, role: MediaRole, page_url: str) -> tuple[MediaRef, ...]:
    refs = (_ref(attachment, role, page_url) for attachment in status.media_attachments)
    known = [ref for ref in refs if ref is not None]
    return tuple(replace(ref, index=index) for index, ref in enumerate(known))


def _ref(attachment: Attachment, role: MediaRole, page_url: str) -> MediaRef | None:
    """One attachment; None for audio, and for files that the server does not hold nor name."""
    urls = [url for url in (attachment.url, attachment.remote_url) if url]
    kind = _KINDS.get(attachment.type)
    if kind is None and attachment.type == "unknown" and urls:
        kind = media_kind_of(urls[0])
    if kind is None or not urls:
        return None
    size = attachment.meta.original if attachment.meta else Original()
    return MediaRef(
        kind=kind,
        url=urls[0],
        role=role,
        variants=tuple(MediaVariant(url=url, width=size.width, height=size.height) for url in urls),
        media_id=attachment.id or None,
        duration_us=None if size.duration is None else round(size.duration * 1_000_000),
        alt_text=attachment.description or "",
        page_url=page_url,
    )


def _linked(status: Status, role: MediaRole, host: str) -> LinkedPost:
    return LinkedPost(
        role=role,
        key=PostKey(platform="mastodon", id=f"{host}/{status.id}"),
        url=status.url or status.uri,
        author=_author(status),
        text=_text(status),
        posted_at=status.created_at,
    )


def _text(status: Status) -> str:
    return "\n\n".join(part for part in (status.spoiler_text.strip(), plain_text(status.content)) if part)


def _author(status: Status) -> Author:
    account = status.account
    return Author(handle=account.username, id=account.acct or account.username, name=account.display_name)
