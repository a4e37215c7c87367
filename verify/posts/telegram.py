"""Public Telegram posts, read from the page that embeds them.

In: a channel and a message number. Out: the message with every photo and video of its album, where it
was forwarded from and what it replies to. A replied-to message's thumbnail and a link preview's
picture are not its media. Refused: absent messages, which Telegram does not tell from deleted ones,
and messages that only its own program shows. Source: handbook `posts.md` 2.10; markup of t.me.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from selectolax.lexbor import LexborNode

from verify.errors import BadResponse, LoginRequired, PostNotFound, VerifyError
from verify.fetch.client import Answer
from verify.model import (
    Author,
    LinkedPost,
    MediaKind,
    MediaRef,
    MediaRole,
    MediaVariant,
    Post,
    PostState,
)
from verify.posts.ask import Asker, page_text
from verify.posts.markup import attribute, background_image, is_inside, node_text, parsed
from verify.posts.urls import PostAddress, parse

SOURCE = "telegram"
_PHOTO = "a.tgme_widget_message_photo_wrap"
_PLAYER = ".tgme_widget_message_video_player, .tgme_widget_message_roundvideo_player"
_NOT_OWN = ("tgme_widget_message_reply", "tgme_widget_message_link_preview")
_CLOCK = re.compile(r"\A(?:(\d+):)?(\d+):(\d\d)\Z")


def telegram(address: PostAddress, ask: Asker) -> Post:
    """The message at `address`, as its embed shows it."""
    channel, number = address.key.id.rsplit("/", 1)
    url = f"{ask.settings.telegram_url}/{address.handle or channel}/{number}?embed=1"
    answer = ask.answer(url, source=SOURCE, accept="text/html")
    return ask.read(answer, lambda got: _post(_message(got, address), address))


def _message(answer: Answer, address: PostAddress) -> LexborNode:
    page = parsed(page_text(answer))
    messages = page.css(".tgme_widget_message[data-post]")
    wanted = [node for node in messages if attribute(node, "data-post").lower() == address.key.id]
    if wanted:
        return wanted[0]
    error = page.css_first(".tgme_widget_message_error")
    if error is not None:
        raise _absence(node_text(error))
    if page.css_first(".tgme_page") is not None:
        raise PostNotFound("Telegram shows the channel's card in place of the message")
    raise BadResponse("no element .tgme_widget_message[data-post] of this message")


def _absence(words: str) -> VerifyError:
    said = f"Telegram says: {words[:200]}"
    return PostNotFound(said) if "not found" in words.lower() else LoginRequired(said)


def _post(message: LexborNode, address: PostAddress) -> Post:
    media = tuple(_media(message))
    owner = message.css_first(".tgme_widget_message_owner_name")
    meta = message.css_first(".tgme_widget_message_meta")
    return Post(
        key=address.key,
        url=address.url,
        submitted=address.submitted,
        state=PostState.OK if media else PostState.OK_NO_MEDIA,
        author=Author(
            handle=attribute(message, "data-post").rsplit("/", 1)[0],
            name=node_text(owner) if owner is not None else "",
        ),
        text=_text(message),
        reported_at=_sent_at(message),
        media=media,
        linked=tuple(_linked(message)),
        edited=meta is not None and "edited" in node_text(meta),
        notes=tuple(_notes(message)),
    )


def _text(message: LexborNode) -> str:
    """The caption or text; the outermost of the nested copies that albums carry."""
    texts = (node for node in message.css(".js-message_text") if not is_inside(node, *_NOT_OWN))
    first = next(texts, None)
    return node_text(first) if first is not None else ""


def _sent_at(message: LexborNode) -> datetime | None:
    stamp = attribute(message.css_first(".tgme_widget_message_date time[datetime]"), "datetime")
    try:
        return datetime.fromisoformat(stamp) if stamp else None
    except ValueError:
        return None


def _media(message: LexborNode) -> Iterator[MediaRef]:
    index = 0
    for node in message.css(f"{_PHOTO}, {_PLAYER}"):
        ref = None if is_inside(node, *_NOT_OWN) else _ref(node, index)
        if ref is not None:
            index += 1
            yield ref


def _ref(node: LexborNode, index: int) -> MediaRef | None:
    """A photo, a video, or the preview picture of a video that the page does not serve."""
    video = node.css_first("video[src]")
    url = attribute(video, "src", "https://t.me/")
    if url:
        return MediaRef(
            kind=MediaKind.VIDEO,
            url=url,
            index=index,
            variants=(MediaVariant(url=url, mime="video/mp4"),),
            duration_us=_duration_us(node),
        )
    picture = next((found for part in (node, *node.css("i")) if (found := background_image(part))), "")
    if not picture:
        return None
    return MediaRef(
        kind=MediaKind.IMAGE,
        url=picture,
        index=index,
        variants=(MediaVariant(url=picture, mime="image/jpeg"),),
    )


def _duration_us(node: LexborNode) -> int | None:
    clock = node.css_first(".js-message_video_duration, .js-message_roundvideo_duration")
    found = _CLOCK.match(node_text(clock)) if clock is not None else None
    if not found:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return (hours * 3600 + minutes * 60 + seconds) * 1_000_000


def _linked(message: LexborNode) -> Iterator[LinkedPost]:
    origin = message.css_first(".tgme_widget_message_forwarded_from_name")
    if origin is not None:
        url = attribute(origin, "href")
        handle = url.split("t.me/", 1)[-1].split("/")[0] if "t.me/" in url else ""
        yield _link(MediaRole.QUOTED, url, Author(handle=handle, name=node_text(origin)))
    reply = message.css_first("a.tgme_widget_message_reply")
    if reply is not None:
        name = reply.css_first(".tgme_widget_message_author_name")
        words = reply.css_first(".js-message_reply_text, .tgme_widget_message_metatext")
        author = Author(handle="", name=node_text(name)) if name is not None else None
        text = node_text(words) if words is not None else ""
        yield _link(MediaRole.PARENT, attribute(reply, "href"), author, text)


def _link(role: MediaRole, url: str, author: Author | None, text: str = "") -> LinkedPost:
    try:
        key = parse(url).key
    except VerifyError:
        key = None
    return LinkedPost(role=role, key=key, url=url, author=author, text=text)


def _notes(message: LexborNode) -> Iterator[str]:
    if message.css_first(".tgme_widget_message_forwarded_from_name") is not None:
        yield "The message was forwarded: its footage was sent elsewhere before."
    unserved = [node for node in message.css(_PLAYER) if node.css_first("video[src]") is None]
    if unserved:
        yield (
            f"Telegram's page does not serve {len(unserved)} video(s) of this message (too big for it), only "
            "a preview picture. Save the video from Telegram and check the file."
        )
    if message.css_first(".tgme_widget_message_document_wrap") is not None:
        yield "A file is attached that Telegram's page does not serve. Save it there and check the file."
