"""oEmbed: a platform's own word on who posted what, without the media.

In: a post's address. Out: author and text, and at most a preview picture. Used for X as a sign of
life and last-resort text, never for "deleted": it answers 404 for what it will not show, too.
Sources: oembed.com; handbook `posts.md` 2.3 and 2.10.
"""

from __future__ import annotations

from urllib.parse import urlencode

from verify.errors import PostProtected
from verify.fetch.client import Answer
from verify.model import Author, MediaKind, MediaRef, MediaRole, MediaVariant, Post, PostState
from verify.posts.ask import Asker, Shape, decoded, shaped
from verify.posts.markup import plain_text
from verify.posts.urls import PostAddress

SOURCE = "oembed"
X_SOURCE = "x_oembed"
ENDPOINTS = {
    "tiktok": "https://www.tiktok.com/oembed",
    "youtube": "https://www.youtube.com/oembed",
    "vimeo": "https://vimeo.com/api/oembed.json",
    "dailymotion": "https://www.dailymotion.com/services/oembed",
}


class Embed(Shape):
    author_name: str = ""
    author_url: str = ""
    title: str = ""
    html: str = ""
    thumbnail_url: str | None = None


def x_oembed(address: PostAddress, ask: Asker) -> Post:
    """Author and text of the X post at `address`; its media remain unknown."""
    query = urlencode(
        {"url": address.url.replace("https://x.com/", "https://twitter.com/"), "omit_script": 1}
    )
    answer = ask.answer(f"{ask.settings.x_oembed_url}/oembed?{query}", source=X_SOURCE)
    return ask.read(answer, lambda got: _x_post(got, address))


def oembed(address: PostAddress, ask: Asker) -> Post:
    """Author, title and preview picture of a video platform's post. The video itself remains unseen."""
    query = urlencode({"url": address.url, "format": "json"})
    answer = ask.answer(f"{ENDPOINTS[address.key.platform]}?{query}", source=SOURCE)
    return ask.read(answer, lambda got: _preview(shaped(Embed, decoded(got)), address))


def _x_post(answer: Answer, address: PostAddress) -> Post:
    if answer.status == 403:
        raise PostProtected("HTTP 403 from X's oEmbed endpoint")
    embed = shaped(Embed, decoded(answer))
    return Post(
        key=address.key,
        url=address.url,
        submitted=address.submitted,
        state=PostState.NOT_FOUND_UNCONFIRMED,
        author=_author(embed),
        text=_quoted_text(embed.html),
        notes=(
            (
                "X still shows this post (oEmbed), so it exists, but no source gave its media. "
                "Save the media by hand and check the file."
            ),
        ),
    )


def _quoted_text(markup: str) -> str:
    """The first paragraph of the blockquote: the post's words without the byline."""
    return plain_text(markup.partition("<p")[2].partition(">")[2].partition("</p>")[0]) or plain_text(markup)


def _preview(embed: Embed, address: PostAddress) -> Post:
    media: tuple[MediaRef, ...] = ()
    if embed.thumbnail_url:
        variants = (MediaVariant(url=embed.thumbnail_url),)
        media = (
            MediaRef(kind=MediaKind.IMAGE, url=embed.thumbnail_url, role=MediaRole.OWN, variants=variants),
        )
    return Post(
        key=address.key,
        url=address.url,
        submitted=address.submitted,
        state=PostState.OK if media else PostState.OK_NO_MEDIA,
        author=_author(embed),
        text=embed.title,
        media=media,
        notes=("Only the preview picture was had, not the video. Save the video and check the file.",),
    )


def _author(embed: Embed) -> Author:
    handle = embed.author_url.rstrip("/").rsplit("/", 1)[-1].lstrip("@")
    return Author(handle=handle or embed.author_name, name=embed.author_name)
