"""What the decoder child sends, checked before it is believed.

In: bytes of a process that may be in an attacker's hands. Out: model records. Every length is
capped before memory is taken for it, every number has a range, every text is cut and printable.
Anything else is DecoderCrashed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from verify import errors
from verify.media.decoder_child import wire
from verify.model import DecodeOutcome, Frame, MediaMetadata, Still

if TYPE_CHECKING:
    from verify.media.child_process import ChildProcess

_MAX_JSON_BYTES = 64 * 1024
_MAX_SIDE = 1 << 17  #: pixels; more than any format read here can state
_MAX_US = 1 << 53
_MAX_TAGS = 32
_REFUSALS: dict[str, type[errors.MediaRejected]] = {
    kind.code: kind
    for kind in (
        errors.BrokenMedia,
        errors.MediaTooLarge,
        errors.NoVideoStream,
        errors.WrongMediaType,
        errors.DecoderCrashed,
    )
}


class ReplyReader:
    """Reads the messages that answer one request."""

    def __init__(self, child: ChildProcess) -> None:
        self._child = child

    def metadata(self) -> MediaMetadata:
        """The first message of every answer. Raises the error that the child sent instead."""
        kind, length = self._header()
        if kind != wire.METADATA:
            _garbled("metadata was due")
        return _metadata(self._json(length))

    def frame(self, long_side: int) -> Frame | wire.Ending:
        """The next frame, at most `long_side` pixels long, or the ending."""
        kind, length = self._header()
        if kind == wire.END:
            return _ending(self._json(length))
        if kind != wire.FRAME or length > wire.PICTURE.size + long_side * long_side:
            _garbled("a frame was due")
        time_us, width, height, alone = wire.PICTURE.unpack(self._child.read(wire.PICTURE.size))
        _check_picture(time_us, width, height, long_side)
        if length != wire.PICTURE.size + width * height:
            _garbled("a frame of another size")
        pixels = np.frombuffer(self._child.read(width * height), np.uint8).reshape(height, width)
        return Frame(time_us=time_us, image=pixels, is_intra=bool(alone))

    def still(self, long_side: int) -> Still | wire.Ending:
        """The next still, at most `long_side` pixels long, or the ending."""
        kind, length = self._header()
        if kind == wire.END:
            return _ending(self._json(length))
        most = wire.PICTURE.size + 3 * long_side * long_side + _MAX_JSON_BYTES
        if kind != wire.STILL or not wire.PICTURE.size < length <= most:
            _garbled("a still was due")
        time_us, width, height, _ = wire.PICTURE.unpack(self._child.read(wire.PICTURE.size))
        _check_picture(time_us, width, height, long_side)
        jpeg = bytes(self._child.read(length - wire.PICTURE.size))
        return Still(time_us=time_us, jpeg=jpeg, width=width, height=height)

    def ending(self) -> wire.Ending:
        kind, length = self._header()
        if kind != wire.END:
            _garbled("the end was due")
        return _ending(self._json(length))

    def _header(self) -> tuple[bytes, int]:
        kind, length = wire.HEADER.unpack(self._child.read(wire.HEADER.size))
        if kind == wire.ERROR:
            fields = self._json(length)
            refusal = _REFUSALS.get(str(fields.get("code")), errors.DecoderCrashed)
            raise refusal(_text(fields.get("detail"), 300))
        return kind, length

    def _json(self, length: int) -> dict[str, object]:
        if length > _MAX_JSON_BYTES:
            _garbled("a message too long")
        try:
            fields = json.loads(self._child.read(length))
        except (ValueError, RecursionError):
            _garbled("no JSON")
        if not isinstance(fields, dict):
            _garbled("no JSON object")
        return fields


def outcome(metadata: MediaMetadata, ending: wire.Ending, *, frames_read: int) -> DecodeOutcome:
    """`frames_read` is what arrived, whatever the child says.

    The length of an animation is known only now: its header states none.
    """
    duration_us = metadata.duration_us or ending.read_until_us
    return DecodeOutcome(
        metadata=replace(metadata, duration_us=duration_us),
        frames_read=frames_read,
        read_until_us=ending.read_until_us,
        complete=ending.complete,
        failures=ending.failures,
        note=ending.note,
    )


def _metadata(fields: dict[str, object]) -> MediaMetadata:
    tags = fields.get("tags")
    rate = fields.get("frames_per_second")
    count = fields.get("frame_count")
    return MediaMetadata(
        container=_text(fields.get("container"), 60),
        codec=_text(fields.get("codec"), 60),
        width=_whole(fields.get("width"), _MAX_SIDE),
        height=_whole(fields.get("height"), _MAX_SIDE),
        duration_us=_whole(fields.get("duration_us", 0), _MAX_US),
        frame_count=None if count is None else _whole(count, _MAX_US),
        frames_per_second=rate if isinstance(rate, float) and 0 < rate < 1e6 else None,
        rotation_degrees=_whole(fields.get("rotation_degrees", 0), 359),
        pixel_format=_text(fields.get("pixel_format"), 60),
        tags=tuple(_tag(pair) for pair in tags[:_MAX_TAGS]) if isinstance(tags, list) else (),
    )


def _tag(pair: object) -> tuple[str, str]:
    if not isinstance(pair, list) or len(pair) != 2:
        _garbled("a tag without a value")
    return _text(pair[0], 60), _text(pair[1], 200)


def _ending(fields: dict[str, object]) -> wire.Ending:
    return wire.Ending(
        frames_read=_whole(fields.get("frames_read"), _MAX_US),
        read_until_us=_whole(fields.get("read_until_us"), _MAX_US),
        complete=fields.get("complete") is True,
        failures=_whole(fields.get("failures"), _MAX_US),
        note=_text(fields.get("note"), 300),
    )


def _check_picture(time_us: int, width: int, height: int, long_side: int) -> None:
    if not (0 <= time_us < _MAX_US and 1 <= width <= long_side and 1 <= height <= long_side):
        _garbled("a picture out of range")


def _text(value: object, most: int) -> str:
    if not isinstance(value, str):
        _garbled("text was due")
    return "".join(char if char.isprintable() else " " for char in value[:most])


def _whole(value: object, most: int) -> int:
    if not isinstance(value, int) or not 0 <= value <= most:
        _garbled("a number out of range")
    return int(value)


def _garbled(what: str) -> NoReturn:
    raise errors.DecoderCrashed(f"it sent what it must not: {what}")
