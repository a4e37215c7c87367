"""Pictures and animations, opened with Pillow: JPEG, PNG, WebP, GIF, AVIF, BMP and no other format.

In: the file and what is asked. Out: upright grey frames or JPEG stills without metadata.
Transparency is laid on white; EXIF orientation is applied; palettes, CMYK and 16 bits are
converted. Refuses pictures over the pixel limit before decoding them.
"""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import AvifImagePlugin, Image, ImageOps, WebPImagePlugin  # noqa: F401 - else Pillow imports all it has

from verify.media.decoder_child import wire

if TYPE_CHECKING:
    from verify.media.decoder_child.wire import Bounds, Ending, Picture, Request, Sender

_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/avif": "AVIF",
    "image/bmp": "BMP",
}
_EXIF_TAGS = {271: "Make", 272: "Model", 305: "Software", 306: "DateTime"}
_EXIF_DETAIL_TAGS = {36867: "DateTimeOriginal", 36881: "OffsetTimeOriginal"}
_EXIF_DETAIL = 0x8769
_EXIF_GPS = 0x8825
_JPEG_QUALITY = 85

Image.preinit()  # the other formats read here; before the fork, and not in each child


def answer(request: Request, bounds: Bounds, sender: Sender) -> Ending:
    """Carry out one request. Raises wire.RefusalError and whatever Pillow raises on damaged bytes."""
    image = _open(bounds)
    moving = _is_moving(image, bounds)
    sender.metadata(_metadata(image, bounds, moving=moving))
    if request.op == "probe":
        return wire.Ending()
    if request.op == "stills":
        return _stills(image, request, sender, moving=moving)
    if request.op == "around":
        return _around(image, request, sender, moving=moving)
    if not moving:
        sender.picture(wire.FRAME, _grey(image, request.long_side, time_us=0, alone=True))
        return wire.Ending(frames_read=1)
    return _frames(image, request, sender)


def _open(bounds: Bounds) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = bounds.max_pixels
    file = os.fdopen(os.dup(bounds.fd), "rb")
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(file, formats=[_FORMATS[bounds.mime]])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise wire.RefusalError("media_too_large", f"more than {bounds.max_pixels:,} pixels") from error
    if image.width * image.height > bounds.max_pixels:
        raise wire.RefusalError("media_too_large", f"{image.width} x {image.height} pixels")
    return image


def _is_moving(image: Image.Image, bounds: Bounds) -> bool:
    """Whether there is more than one picture to read. Refuses animations over the limits."""
    if bounds.first_only or not getattr(image, "is_animated", False):
        return False
    count = int(getattr(image, "n_frames", 1))
    if count > bounds.max_animation_frames:
        raise wire.RefusalError("media_too_large", f"an animation of {count:,} pictures")
    if count * image.width * image.height > bounds.max_animation_pixels:
        raise wire.RefusalError(
            "media_too_large", f"{count:,} pictures of {image.width} x {image.height} pixels"
        )
    return count > 1


def _metadata(image: Image.Image, bounds: Bounds, *, moving: bool) -> dict[str, object]:
    name = _FORMATS[bounds.mime].lower()
    exif = image.getexif()
    sideways = exif.get(274) in {5, 6, 7, 8}
    width, height = (image.height, image.width) if sideways else image.size
    tags = {label: str(exif[tag]) for tag, label in _EXIF_TAGS.items() if tag in exif}
    detail = exif.get_ifd(_EXIF_DETAIL)
    tags |= {label: str(detail[tag]) for tag, label in _EXIF_DETAIL_TAGS.items() if tag in detail}
    tags |= _position(exif.get_ifd(_EXIF_GPS))
    return {
        "container": name,
        "codec": name,
        "width": width,
        "height": height,
        "frame_count": getattr(image, "n_frames", 1) if moving else 1,
        "pixel_format": image.mode,
        "rotation_degrees": {3: 180, 6: 90, 8: 270}.get(exif.get(274, 1), 0),
        "tags": wire.clean_tags(tags),
    }


def _position(gps: dict[int, Any]) -> dict[str, str]:
    """The GPS position in ISO 6709, as phones write it into videos: "+35.8697+036.7183/"."""
    try:
        latitude, longitude = _degrees(gps[2], gps[1]), _degrees(gps[4], gps[3])
    except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError):
        return {}
    return {"GPSPosition": f"{latitude:+08.4f}{longitude:+09.4f}/"}


def _degrees(parts: Any, side: Any) -> float:
    degrees = float(parts[0]) + float(parts[1]) / 60 + float(parts[2]) / 3600
    return -degrees if side in {"S", "W"} else degrees


def _frames(image: Image.Image, request: Request, sender: Sender) -> Ending:
    """An animation: the first picture, then the first at or after each grid point, and the last."""
    ending = wire.Ending()
    due_us = last_us = sent_us = 0
    for last_us, end_us in _played(image, ending):
        ending.read_until_us = end_us
        if last_us >= due_us:
            sender.picture(wire.FRAME, _grey(image, request.long_side, time_us=last_us, alone=last_us == 0))
            ending.frames_read += 1
            sent_us = last_us
            due_us = (last_us // request.step_us + 1) * request.step_us
    if ending.complete and last_us > sent_us:
        sender.picture(wire.FRAME, _grey(image, request.long_side, time_us=last_us, alone=False))
        ending.frames_read += 1
    if not ending.frames_read:
        raise wire.RefusalError("broken_media", ending.note)
    return ending


def _played(image: Image.Image, ending: Ending) -> Iterator[tuple[int, int]]:
    """Start and end of each picture of an animation, with `image` holding it; notes where it breaks."""
    start_us = 0
    for index in range(getattr(image, "n_frames", 1)):
        try:
            image.seek(index)
            image.load()
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - Pillow raises anything on damaged bytes
            ending.complete = False
            ending.failures += 1
            ending.note = f"picture {index + 1} is damaged ({type(error).__name__})"
            return
        end_us = start_us + _duration_us(image)
        yield start_us, end_us
        start_us = end_us


def _duration_us(image: Image.Image) -> int:
    """How long browsers show the current picture: what is stated, but 0.1 s for 10 ms or less."""
    stated_us = round(float(image.info.get("duration") or 0) * 1000)
    return stated_us if stated_us > 10_000 else 100_000


def _stills(image: Image.Image, request: Request, sender: Sender, *, moving: bool) -> Ending:
    """One still for each time, in order; times past the end get the last picture."""
    ending = wire.Ending()
    wanted = list(request.times_us)
    still: Picture | None = None
    for start_us, end_us in _played(image, ending) if moving else [(0, 1)]:
        due = [time_us for time_us in wanted if time_us < end_us]
        still = _jpeg(image, request.long_side, time_us=start_us)
        for _ in due:
            sender.picture(wire.STILL, still)
        wanted = wanted[len(due) :]
        if not wanted:
            break
    if still is None:
        raise wire.RefusalError("broken_media", ending.note)
    for _ in wanted:
        sender.picture(wire.STILL, still)
    return ending


def _around(image: Image.Image, request: Request, sender: Sender, *, moving: bool) -> Ending:
    """The picture shown at a time and up to `reach` neighbours on each side, as stills in order."""
    ending = wire.Ending()
    before: deque[tuple[int, Image.Image]] = deque(maxlen=request.reach + 1)
    after: list[tuple[int, Image.Image]] = []
    for start_us, _ in _played(image, ending) if moving else [(0, 1)]:
        shown = start_us, _scaled(_upright(image).convert("RGB"), request.long_side)
        (before if start_us <= request.times_us[0] else after).append(shown)
        if len(after) == request.reach:
            break
    if not before:
        raise wire.RefusalError("broken_media", ending.note)
    for start_us, picture in (*before, *after):
        sender.picture(wire.STILL, encode_jpeg(picture, start_us))
    return ending


def _grey(image: Image.Image, long_side: int, *, time_us: int, alone: bool) -> Picture:
    if image.format == "JPEG":  # decodes the luma at a reduced scale: a fraction of the time
        image.draft("L", (2 * long_side, 2 * long_side))
    small = _scaled(_upright(image).convert("L"), long_side)
    return wire.Picture(
        time_us=time_us, width=small.width, height=small.height, data=small.tobytes(), alone=alone
    )


def _jpeg(image: Image.Image, long_side: int, *, time_us: int) -> Picture:
    small = _scaled(_upright(image).convert("RGB"), long_side)
    return encode_jpeg(small, time_us)


def encode_jpeg(image: Image.Image, time_us: int) -> Picture:
    """`image` (RGB) as a JPEG file without metadata; the same bytes for the same pixels."""
    file = BytesIO()
    image.save(file, "JPEG", quality=_JPEG_QUALITY)
    return wire.Picture(time_us=time_us, width=image.width, height=image.height, data=file.getvalue())


def _scaled(image: Image.Image, long_side: int) -> Image.Image:
    size = wire.fitted(image.width, image.height, long_side)
    return image if size == image.size else image.resize(size, Image.Resampling.BOX)


def _upright(image: Image.Image) -> Image.Image:
    """RGB or 8-bit grey, turned as EXIF says, transparent parts white."""
    image.load()
    turned = ImageOps.exif_transpose(image)
    if turned.mode.startswith("I"):  # 16 bits
        return turned.convert("I").point(lambda value: value / 256).convert("L")
    if turned.has_transparency_data:
        layer = turned.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(ground, layer).convert("RGB")
    return turned if turned.mode in {"L", "RGB"} else turned.convert("RGB")
