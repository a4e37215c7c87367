"""Bluesky's public API, which answers without an account.

In: a post's author and record key. Out: the post, its photos and video with their alt text; quoted
and parent posts and their media kept apart. A link card's picture is not the post's own medium.
Refused: posts that the server says are not found, blocked, or of a removed account.
The mp4 that was uploaded lies at the author's own server, named in the DID document; the address that
the API gives is a playlist. Sources: handbook `posts.md` 2.10, `app.bsky.feed.getPostThread`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import Field

from verify.errors import (
    AccountSuspended,
    BadResponse,
    HttpRefused,
    LoginRequired,
    PostNotFound,
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
from verify.posts.urls import PostAddress

SOURCE = "bluesky"


class Ratio(Shape):
    width: int | None = None
    height: int | None = None


class Image(Shape):
    fullsize: str
    thumb: str = ""
    alt: str = ""
    aspectRatio: Ratio | None = None  # noqa: N815 - the platform's name


class Embed(Shape):
    """`#view` of images, video, record or recordWithMedia; the rest is a link card."""

    kind: str = Field(default="", alias="$type")
    images: tuple[Image, ...] = ()
    playlist: str = ""
    cid: str = ""
    alt: str = ""
    aspectRatio: Ratio | None = None  # noqa: N815 - same
    media: Embed | None = None
    record: dict[str, Any] | None = None


class Actor(Shape):
    did: str
    handle: str
    displayName: str = ""  # noqa: N815 - same


class Record(Shape):
    text: str = ""
    createdAt: datetime | None = None  # noqa: N815 - same
    langs: tuple[str, ...] = ()


class Label(Shape):
    val: str = ""


class View(Shape):
    """A post as the server shows it; a quoted one calls its record `value` and its embed `embeds`."""

    uri: str
    author: Actor
    record: Record = Record()
    value: Record | None = None
    embed: Embed | None = None
    embeds: tuple[Embed, ...] = ()
    labels: tuple[Label, ...] = ()


def bluesky(address: PostAddress, ask: Asker) -> Post:
    """The post at `address`, as the public API shows it."""
    actor, key = address.key.id.rsplit("/", 1)
    try:
        view, parent = _thread(actor, key, ask)
    except PostNotFound:
        did = "" if actor.startswith("did:") else _did(actor, ask)
        if not did:
            raise
        view, parent = _thread(did, key, ask)
    return _post(view, parent, address, ask)


def _thread(actor: str, key: str, ask: Asker) -> tuple[View, View | None]:
    query = urlencode(
        {"uri": f"at://{actor}/app.bsky.feed.post/{key}", "depth": 0, "parentHeight": 1}, safe=":/"
    )
    answer = ask.answer(f"{ask.settings.bluesky_url}/xrpc/app.bsky.feed.getPostThread?{query}", source=SOURCE)
    return ask.read(answer, _views)


def _did(handle: str, ask: Asker) -> str:
    """The account behind a handle; empty when the server does not know it."""
    url = f"{ask.settings.bluesky_url}/xrpc/com.atproto.identity.resolveHandle?handle={quote(handle)}"
    try:
        value = ask.read(ask.answer(url, source=SOURCE), decoded)
    except VerifyError:
        return ""
    return str(value.get("did", "")) if isinstance(value, dict) else ""


def _views(answer: Answer) -> tuple[View, View | None]:
    if answer.status in {400, 401, 403}:
        raise _refusal(answer)
    value = decoded(answer)
    if not isinstance(value, dict):
        raise BadResponse("not a JSON object")
    thread = value.get("thread", value)
    kind = str(thread.get("$type", "")) if isinstance(thread, dict) else ""
    if kind.endswith("#notFoundPost"):
        raise PostNotFound("Bluesky says: not found")
    if kind.endswith("#blockedPost"):
        raise LoginRequired("Bluesky says: blocked")
    posts = value.get("posts")
    view = posts[0] if isinstance(posts, list) and posts else thread.get("post", thread)
    parent = thread.get("parent") if isinstance(thread.get("parent"), dict) else {}
    above = parent.get("post") if isinstance(parent, dict) else None
    return shaped(View, view), shaped(View, above) if above else None


def _refusal(answer: Answer) -> VerifyError:
    name, words = error_words(answer)
    said = f"Bluesky says: {words or name}"[:200]
    if name in {"NotFound", "InvalidRequest"}:
        return PostNotFound(said)
    if "Takedown" in name or "Takendown" in name or "Suspended" in name:
        return AccountSuspended(said)
    if "Deactivated" in name or name.startswith("Auth"):
        return LoginRequired(said)
    return HttpRefused(f"HTTP {answer.status}; {said}")


def _post(view: View, parent: View | None, address: PostAddress, ask: Asker) -> Post:
    media = _media(_embeds(view), view.author.did, MediaRole.OWN, "", ask)
    linked: list[LinkedPost] = []
    others = [(_quoted(view), MediaRole.QUOTED), (parent, MediaRole.PARENT)]
    for other, role in others:
        if isinstance(other, View):
            linked.append(_linked(other, role))
            media += _media(_embeds(other), other.author.did, role, linked[-1].url, ask)
        elif other is not None:
            linked.append(LinkedPost(role=role, state=other))
    return Post(
        key=address.key,
        url=_url(view),
        submitted=address.submitted,
        state=PostState.OK if media else PostState.OK_NO_MEDIA,
        author=_author(view),
        text=view.record.text,
        language=",".join(view.record.langs),
        reported_at=view.record.createdAt,
        media=tuple(media),
        linked=tuple(linked),
        sensitive=any(
            label.val in {"porn", "sexual", "nudity", "graphic-media", "gore"} for label in view.labels
        ),
    )


def _embeds(view: View) -> list[Embed]:
    """Its embeds that carry media, those inside a quote-with-media included."""
    embeds = [embed for embed in (view.embed, *view.embeds) if embed is not None]
    return [embed.media if embed.media is not None else embed for embed in embeds]


def _quoted(view: View) -> View | PostState | None:
    """The quoted post, or the state it is in; None when nothing is quoted."""
    records = (embed.record for embed in (view.embed, *view.embeds) if embed is not None and embed.record)
    record: dict[str, Any] | None = next(records, None)
    if record is None:
        return None
    inner = (
        record.get("record") if "author" not in record and isinstance(record.get("record"), dict) else record
    )
    kind = str((inner or {}).get("$type", ""))
    if kind.endswith(("#viewNotFound", "#viewDetached")):
        return PostState.NOT_FOUND_UNCONFIRMED
    if kind.endswith("#viewBlocked"):
        return PostState.LOGIN_REQUIRED
    return shaped(View, inner) if kind.endswith("#viewRecord") else None


def _linked(view: View, role: MediaRole) -> LinkedPost:
    record = view.value or view.record
    return LinkedPost(
        role=role,
        key=PostKey(platform="bluesky", id=f"{view.author.did}/{view.uri.rsplit('/', 1)[-1]}"),
        url=_url(view),
        author=_author(view),
        text=record.text,
        posted_at=record.createdAt,
    )


def _media(embeds: Iterable[Embed], did: str, role: MediaRole, page_url: str, ask: Asker) -> list[MediaRef]:
    refs: list[MediaRef] = []
    for embed in embeds:
        refs.extend(map(_photo, embed.images))
        if embed.playlist:
            refs.append(_video(embed, did, ask))
    return [replace(ref, role=role, index=index, page_url=page_url) for index, ref in enumerate(refs)]


def _photo(image: Image) -> MediaRef:
    size = image.aspectRatio or Ratio()
    variants = [MediaVariant(url=image.fullsize, width=size.width, height=size.height)]
    if image.thumb:
        variants.append(MediaVariant(url=image.thumb))
    return MediaRef(kind=MediaKind.IMAGE, url=image.fullsize, variants=tuple(variants), alt_text=image.alt)


def _video(embed: Embed, did: str, ask: Asker) -> MediaRef:
    size = embed.aspectRatio or Ratio()
    playlist = MediaVariant(
        url=embed.playlist, mime="application/vnd.apple.mpegurl", width=size.width, height=size.height
    )
    variants = [playlist]
    if embed.cid:
        blob = f"com.atproto.sync.getBlob?{urlencode({'did': did, 'cid': embed.cid})}"
        variants.insert(0, MediaVariant(url=f"{_home_server(did, ask)}/xrpc/{blob}", mime="video/mp4"))
    return MediaRef(
        kind=MediaKind.VIDEO,
        url=embed.playlist,
        variants=tuple(variants),
        media_id=embed.cid or None,
        alt_text=embed.alt,
    )


def _home_server(did: str, ask: Asker) -> str:
    """Where the account's files lie: its DID document says so; Bluesky's own server when it cannot be had."""
    url = f"https://plc.directory/{did}"
    if did.startswith("did:web:"):
        url = f"https://{did.removeprefix('did:web:')}/.well-known/did.json"
    try:
        document = ask.read(ask.answer(url, source="did_document"), decoded)
    except VerifyError:
        document = {}
    services = document.get("service") if isinstance(document, dict) else None
    for service in services if isinstance(services, list) else ():
        if isinstance(service, dict) and str(service.get("id", "")).endswith("#atproto_pds"):
            return str(service.get("serviceEndpoint", "")).rstrip("/")
    return "https://bsky.social"


def _url(view: View) -> str:
    return f"https://bsky.app/profile/{view.author.handle}/post/{view.uri.rsplit('/', 1)[-1]}"


def _author(view: View) -> Author:
    return Author(handle=view.author.handle, id=view.author.did, name=view.author.displayName)
