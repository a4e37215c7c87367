"""Any news or web page: its own lead video and pictures, and the posts it embeds as child items.

In: a page's address. Out: a post whose media are the page's own (role "page") and whose `linked` are
the embedded posts, in order. A page that turns out to be a media file is given as that file.
Refused: login walls, pages that refuse programs, and what is neither a page nor a photo or video.
Own media come from Open Graph, Twitter cards, JSON-LD (schema.org) and the article's own elements.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from verify.errors import BadResponse, LoginRequired
from verify.fetch.client import Answer
from verify.fetch.download import looks_like_html
from verify.model import Author, LinkedPost, MediaKind, MediaRef, MediaRole, MediaVariant, Post, PostState
from verify.posts.ask import Asker, page_text
from verify.posts.embeds import embedded_posts, linked_post
from verify.posts.markup import attribute, node_text, parsed
from verify.posts.urls import PostAddress, media_kind_of

SOURCE = "web_page"
PAGE_MAX_BYTES = 8 * 2**20  # rendered pages of news sites reach 1 MB
MOST_IMAGES = 4  # lead pictures; the rest of a page is furniture
_MEDIA_TYPES = ("video/", "image/")
_VIDEO_FIELDS = ("og:video:secure_url", "og:video:url", "og:video", "twitter:player:stream")
_IMAGE_FIELDS = ("og:image:secure_url", "og:image:url", "og:image", "twitter:image", "twitter:image:src")
_DATE_FIELDS = ("article:published_time", "og:article:published_time", "datepublished", "date", "pubdate")
_AUTHOR_FIELDS = ("article:author", "author", "byl", "parsely-author", "dc.creator")


def webpage(address: PostAddress, ask: Asker) -> Post:
    """The page at `address`."""
    answer = ask.answer(
        address.url,
        source=SOURCE,
        accept="text/html, */*;q=0.5",
        max_bytes=PAGE_MAX_BYTES,
        leave=_MEDIA_TYPES,
    )
    return ask.read(answer, lambda got: _read(got, address))


def children(post: Post) -> tuple[LinkedPost, ...]:
    """The posts that a page embeds, each an item of its own: `url` resolves it, `text` are its words."""
    return tuple(link for link in post.linked if link.role is MediaRole.PAGE and link.url)


def _read(answer: Answer, address: PostAddress) -> Post:
    if answer.status in {401, 402, 403, 407, 451}:
        raise LoginRequired(f"HTTP {answer.status}; the site may also refuse every program")
    markup = page_text(answer)
    kind = answer.headers.get("content-type", "").lower()
    if kind.startswith(_MEDIA_TYPES) and "svg" not in kind:
        return _file(answer.url, kind, address)
    if not looks_like_html(answer.body) and "html" not in kind:
        raise BadResponse(f"neither a web page nor a photo or video: {kind[:100] or 'no content type'}")
    return _page(parsed(markup), answer.url, address)


def _file(url: str, kind: str, address: PostAddress) -> Post:
    media = MediaKind.GIF if "gif" in kind else MediaKind.VIDEO if "video" in kind else MediaKind.IMAGE
    ref = MediaRef(
        kind=media, url=url, variants=(MediaVariant(url=url, mime=kind.split(";", maxsplit=1)[0].strip()),)
    )
    return Post(
        key=address.key, url=address.url, submitted=address.submitted, state=PostState.OK, media=(ref,)
    )


def _page(page: LexborHTMLParser, base: str, address: PostAddress) -> Post:
    fields = _fields(page)
    data = tuple(_structured(page))
    videos, players = _videos(page, fields, data, base)
    media = (*videos, *_images(page, fields, data, base))
    linked = {str(link.key): link for link in (*embedded_posts(page), *players)}
    return Post(
        key=address.key,
        url=address.url,
        submitted=address.submitted,
        state=PostState.OK if media else PostState.OK_NO_MEDIA,
        author=_author(fields, data),
        text=_text(page, fields),
        language=(attribute(page.css_first("html"), "lang"))[:20],
        reported_at=_published(page, fields, data),
        media=media,
        linked=tuple(linked.values()),
        notes=(f"The page embeds {len(linked)} post(s), each checked as an item of its own.",)
        if linked
        else (),
    )


def _fields(page: LexborHTMLParser) -> dict[str, list[str]]:
    """The page's `meta` values by name, in lower case; some sites write `value` for `content`."""
    fields: dict[str, list[str]] = {}
    for node in page.css("meta"):
        name = attribute(node, "property") or attribute(node, "name") or attribute(node, "itemprop")
        value = attribute(node, "content") or attribute(node, "value")
        if name and value:
            fields.setdefault(name.lower(), []).append(value)
    return fields


def _structured(page: LexborHTMLParser) -> Iterator[dict[str, Any]]:
    """Every schema.org object of the page's JSON-LD, however nested; broken scripts are passed over."""
    for script in page.css('script[type="application/ld+json"]'):
        try:
            value = json.loads(script.text() or "")
        except (ValueError, RecursionError):
            continue
        yield from _objects(value)


def _objects(value: object, depth: int = 6) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list) and depth:
        for part in value:
            if isinstance(part, (dict, list)):
                yield from _objects(part, depth - 1)


def _videos(
    page: LexborHTMLParser, fields: dict[str, list[str]], data: tuple[dict[str, Any], ...], base: str
) -> tuple[tuple[MediaRef, ...], tuple[LinkedPost, ...]]:
    """The page's own video files, and the players of other platforms that it names as its video."""
    named = [url for name in _VIDEO_FIELDS for url in fields.get(name, ())]
    named += [
        str(one[key]) for one in data for key in ("contentUrl", "embedUrl") if _is_video(one) and one.get(key)
    ]
    in_page = [attribute(node, "src", base) for node in page.css("video[src], video source[src]")]
    urls = dict.fromkeys(_joined(base, url) for url in (*named, *in_page) if url)
    files = [url for url in urls if media_kind_of(url) is MediaKind.VIDEO]
    players = tuple(link for url in urls if url not in files and (link := linked_post(url)) is not None)
    refs = (
        MediaRef(
            kind=MediaKind.VIDEO, url=url, role=MediaRole.PAGE, index=index, variants=(MediaVariant(url=url),)
        )
        for index, url in enumerate(files[:MOST_IMAGES])
    )
    return tuple(refs), players


def _images(
    page: LexborHTMLParser, fields: dict[str, list[str]], data: tuple[dict[str, Any], ...], base: str
) -> tuple[MediaRef, ...]:
    """The page's lead pictures; those inside the article when it names none."""
    named = [url for name in _IMAGE_FIELDS for url in fields.get(name, ())]
    named += [
        url for one in data if "Article" in str(one.get("@type")) for url in _picture_urls(one.get("image"))
    ]
    if not named:
        named = [
            attribute(node, "src") for node in page.css("article img[src], main img[src], figure img[src]")
        ]
    urls = dict.fromkeys(_joined(base, url) for url in named if url and not url.startswith("data:"))
    usable = [url for url in urls if url.startswith("http") and not url.split("?", 1)[0].endswith(".svg")]
    return tuple(
        MediaRef(
            kind=MediaKind.IMAGE, url=url, role=MediaRole.PAGE, index=index, variants=(MediaVariant(url=url),)
        )
        for index, url in enumerate(usable[:MOST_IMAGES])
    )


def _picture_urls(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [str(value["url"])] if value.get("url") else []
    return [url for part in value for url in _picture_urls(part)] if isinstance(value, list) else []


def _is_video(one: dict[str, Any]) -> bool:
    return "VideoObject" in str(one.get("@type"))


def _text(page: LexborHTMLParser, fields: dict[str, list[str]]) -> str:
    """The headline and the summary: what the page claims."""
    title = page.css_first("title")
    headline = next(iter(fields.get("og:title", ())), "") or (node_text(title) if title is not None else "")
    summaries = (*fields.get("og:description", ()), *fields.get("description", ()))
    return "\n\n".join(part for part in (headline, next(iter(summaries), "")) if part)


def _author(fields: dict[str, list[str]], data: tuple[dict[str, Any], ...]) -> Author | None:
    named = (
        value for name in _AUTHOR_FIELDS for value in fields.get(name, ()) if not value.startswith("http")
    )
    written = (name for one in data for name in _names(one.get("author")))
    name = next(named, "") or next(written, "")
    return Author(handle="", name=name[:200]) if name else None


def _names(value: object) -> list[str]:
    if isinstance(value, dict):
        return [str(value["name"])] if value.get("name") else []
    if isinstance(value, list):
        return [name for part in value for name in _names(part)]
    return [value] if isinstance(value, str) else []


def _published(
    page: LexborHTMLParser, fields: dict[str, list[str]], data: tuple[dict[str, Any], ...]
) -> datetime | None:
    """When the page says it was published; a date without a zone is read as UTC."""
    stamps = [value for name in _DATE_FIELDS for value in fields.get(name, ())]
    stamps += [str(one["datePublished"]) for one in data if one.get("datePublished")]
    stamps += [attribute(node, "datetime") for node in page.css("article time[datetime]")]
    return next((moment for stamp in stamps if (moment := _instant(stamp)) is not None), None)


def _instant(stamp: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(stamp.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError:
        return ""
