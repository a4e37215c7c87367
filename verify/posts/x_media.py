"""Photos, GIFs and videos as X describes them, in the shape its own endpoints share (pure).

In: one media object. Out: a `MediaRef` whose first address is the original: photos at full size, the
mp4 of the highest bit rate, playlists last. The upload time is read off the media id, so it is that of
the first upload when the post shows someone else's hosted file.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from verify.model import MediaKind, MediaRef, MediaRole, MediaVariant
from verify.posts.ask import Shape
from verify.posts.ids import x_media_id, x_upload_time

_KINDS = {"photo": MediaKind.IMAGE, "video": MediaKind.VIDEO, "animated_gif": MediaKind.GIF}
_PHOTO = re.compile(r"(https?://[^/]+/media/[A-Za-z0-9_-]+)(?:\.(\w+))?(?::\w+)?(?:\?.*)?\Z")
_STATUS = re.compile(r"/status/(\d+)")


class Variant(Shape):
    url: str
    content_type: str = ""
    bitrate: int | None = None


class VideoInfo(Shape):
    duration_millis: int | None = None
    variants: tuple[Variant, ...] = ()


class Size(Shape):
    width: int | None = None
    height: int | None = None


class Availability(Shape):
    status: str = "Available"
    reason: str = ""


class Media(Shape):
    """One entry of `mediaDetails` (syndication) or `extended_entities.media` (GraphQL)."""

    type: str
    media_url_https: str
    expanded_url: str = ""
    ext_alt_text: str | None = None
    ext_media_availability: Availability = Availability()
    original_info: Size = Size()
    video_info: VideoInfo = VideoInfo()


def media_refs(
    details: tuple[Media, ...], *, post_id: str, role: MediaRole, page_url: str
) -> tuple[MediaRef, ...]:
    """`details` of post `post_id` in their order; kinds that are not known are left out."""
    known = (media for media in details if media.type in _KINDS and _addresses(media))
    return tuple(
        _ref(media, index=index, post_id=post_id, role=role, page_url=page_url)
        for index, media in enumerate(known)
    )


def photo_variants(url: str, size: Size | None = None) -> tuple[MediaVariant, ...]:
    """The addresses of a photo, original size first (handbook `posts.md` 2.9, step 11)."""
    found = _PHOTO.match(url)
    if not found:
        return (MediaVariant(url=url),)
    ending = (found[2] or "jpg").lower()
    mime = "image/png" if ending == "png" else "image/jpeg"
    width, height = (size.width, size.height) if size else (None, None)
    original = MediaVariant(
        url=f"{found[1]}?format={ending}&name=orig", mime=mime, width=width, height=height
    )
    smaller = (
        MediaVariant(url=f"{found[1]}?format={ending}&name={name}", mime=mime)
        for name in ("4096x4096", "large")
    )
    return (original, *smaller, MediaVariant(url=url, mime=mime))


def video_variants(variants: tuple[Variant, ...]) -> tuple[MediaVariant, ...]:
    """The mp4 files by bit rate, highest first, then the rest."""
    ranked = sorted(variants, key=lambda one: (one.content_type != "video/mp4", -(one.bitrate or 0)))
    return tuple(
        MediaVariant(url=one.url, mime=one.content_type, bitrate=one.bitrate, **_frame_size(one.url))
        for one in ranked
    )


def _frame_size(url: str) -> dict[str, int]:
    found = re.search(r"/(\d{2,5})x(\d{2,5})/", urlsplit(url).path)
    return {"width": int(found[1]), "height": int(found[2])} if found else {}


def _addresses(media: Media) -> tuple[MediaVariant, ...]:
    if media.type == "photo":
        return photo_variants(media.media_url_https, media.original_info)
    return video_variants(media.video_info.variants)


def _ref(media: Media, *, index: int, post_id: str, role: MediaRole, page_url: str) -> MediaRef:
    variants = _addresses(media)
    millis = media.video_info.duration_millis
    origin = _STATUS.search(media.expanded_url)
    is_borrowed = origin is not None and origin[1] != post_id
    return MediaRef(
        kind=_KINDS[media.type],
        url=variants[0].url,
        role=role,
        index=index,
        variants=variants,
        media_id=x_media_id(variants[0].url),
        uploaded_at=x_upload_time(variants[0].url),
        duration_us=None if millis is None else millis * 1000,
        alt_text=media.ext_alt_text or "",
        page_url=media.expanded_url if is_borrowed else page_url,
    )
