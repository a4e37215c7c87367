"""Videos, opened with PyAV: MP4, QuickTime, Matroska, WebM, AVI, and the codecs posts come in.

In: the file and what is asked. Out: upright grey frames with their true times, or JPEG stills.
Refuses, before decoding: no video stream, a codec off the list, a picture or a length over the
limits. The pass itself is in `walk`.
"""

from __future__ import annotations

import math
import os
import struct
from collections import deque
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, cast

import av
import av.subtitles.stream  # opening any container imports it
from av.error import FFmpegError
from av.stream import Disposition
from av.video.reformatter import VideoReformatter

from verify.media.decoder_child import wire
from verify.media.decoder_child.walk import Budget, Skip, Walk, presentation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.buffer import Buffer
    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from PIL.Image import Image

    from verify.media.decoder_child.wire import Bounds, Ending, Picture, Request, Sender

_FORMATS = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/3gpp": "mov",
    "video/x-matroska": "matroska",
    "video/webm": "matroska",
    "video/x-msvideo": "avi",
}
#: Decoders that may run: what posts, phones and cameras come in, no more (reliability.md 2.3).
_DECODERS = frozenset(
    {
        *("h264", "hevc", "vp8", "vp9", "libdav1d", "av1"),
        *("mpeg4", "msmpeg4v2", "msmpeg4", "h263", "mjpeg", "mpeg1video", "mpeg2video", "prores", "cinepak"),
    }
)
#: How far before a still's time to start; an index may lead past it, so further back each time.
_BACK_US = (0, 2_000_000, 10_000_000)
#: The same for a run of neighbouring frames: a dozen before the middle one lie within the first.
_RUN_BACK_US = (1_000_000, 10_000_000, 60_000_000)
_UPRIGHT = (1, 0, 0, 1)
#: Signs of a display matrix (a, b, c, d) -> degrees clockwise, and Pillow's name for the turn.
_TURNS = {
    (0, 1, -1, 0): (90, "ROTATE_270"),
    (-1, 0, 0, -1): (180, "ROTATE_180"),
    (0, -1, 1, 0): (270, "ROTATE_90"),
    (-1, 0, 0, 1): (0, "FLIP_LEFT_RIGHT"),
    (1, 0, 0, -1): (0, "FLIP_TOP_BOTTOM"),
    (0, 1, 1, 0): (90, "TRANSPOSE"),
    (0, -1, -1, 0): (270, "TRANSVERSE"),
}


def answer(request: Request, bounds: Bounds, sender: Sender) -> Ending:
    """Carry out one request. Raises wire.RefusalError and FFmpegError."""
    av.logging.set_level(av.logging.PANIC)
    grid = request.op == "frames" and not request.intra and not request.times_us
    with _open(bounds) as container:
        stream = _video_stream(container)
        _check(container, stream, bounds)
        context = stream.codec_context
        context.thread_count = 1
        context.options = {"max_pixels": str(bounds.max_pixels)}
        # Moves a hash by 2 to 8 of 256 bits and saves a sixth of the time (algorithms.md 2). Not of a span:
        # what changes from one frame to the next is what is looked at there, and blocks would change too.
        if grid:
            context.options = {**context.options, "skip_loop_filter": "all"}
        skip: Skip = "NONREF" if grid else "NONKEY"
        # stills are few: only the hard limit binds them
        budget = Budget(
            cpu_seconds=bounds.cpu_seconds if request.op == "frames" else math.inf,
            dense_pixels=bounds.max_dense_pixels,
            length_us=bounds.max_duration_us,
        )
        walk = Walk(container, stream, skip, max(1, request.step_us), budget)
        return _carry_out(request, walk, sender)


def _carry_out(request: Request, walk: Walk, sender: Sender) -> Ending:
    picks = walk.picks()
    first = next(picks, None)
    if first is None and walk.stopped:
        raise wire.RefusalError("decoder_crashed", "no CPU time was left for it")
    if first is None:
        raise wire.RefusalError("broken_media", f"{walk.failures} packets failed, none gave a picture")
    frame = first[1]
    sender.metadata(_metadata(walk.container, walk.stream, frame))
    if request.op == "probe":
        return wire.Ending()
    if request.op == "stills":
        return _stills(walk, request, sender)
    if request.op == "around":
        return _around(walk, request, sender)
    if request.times_us:
        return _part(walk, request, sender)
    painter = Painter(walk.stream, frame, request.long_side)
    ending = wire.Ending()
    sender.picture(wire.FRAME, painter.grey(*first))
    ending.frames_read = 1
    for time_us, picked in picks:
        sender.picture(wire.FRAME, painter.grey(time_us, picked))
        ending.frames_read += 1
    _conclude(ending, walk)
    return ending


def _open(bounds: Bounds) -> InputContainer:
    file = os.fdopen(os.dup(bounds.fd), "rb", buffering=0)
    file.seek(0)
    try:
        return av.open(
            file,
            mode="r",
            format=_FORMATS[bounds.mime],
            options={
                "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi",
                "protocol_whitelist": "",
                "codec_whitelist": ",".join(sorted(_DECODERS)),  # these two bind what opening itself decodes
                "max_pixels": str(bounds.max_pixels),
                "threads": "1",
            },
            metadata_errors="replace",
            buffer_size=1 << 17,
        )
    except ValueError as error:
        if isinstance(error, FFmpegError):
            raise
        raise wire.RefusalError("broken_media", str(error)) from error


def _video_stream(container: InputContainer) -> VideoStream:
    streams = [
        stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic
    ]
    if not streams:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise wire.RefusalError("no_video_stream", f"it holds {kinds}")
    return max(streams, key=lambda stream: (_area(stream), -stream.index))


def _area(stream: VideoStream) -> int:
    context: VideoCodecContext | None = stream.codec_context  # None for a codec without a decoder
    return 0 if context is None else context.width * context.height


def _check(container: InputContainer, stream: VideoStream, bounds: Bounds) -> None:
    context: VideoCodecContext | None = stream.codec_context
    if context is None or context.codec.name not in _DECODERS:
        name = "an unknown codec" if context is None else context.codec.name
        raise wire.RefusalError("wrong_media_type", f"its pictures are in {name}, which is not read here")
    if _area(stream) > bounds.max_pixels:
        raise wire.RefusalError("media_too_large", f"{context.width} x {context.height} pixels")
    length_us = _duration_us(container, stream)
    if length_us > bounds.max_duration_us:
        hours = length_us / 3_600_000_000
        raise wire.RefusalError("media_too_large", f"{hours:.1f} hours long by its header")


def _duration_us(container: InputContainer, stream: VideoStream) -> int:
    if stream.duration is not None and stream.time_base is not None:
        return max(0, presentation(stream.duration, stream.time_base))
    return max(0, container.duration or 0)


def _metadata(container: InputContainer, stream: VideoStream, frame: VideoFrame) -> dict[str, object]:
    width, height = _displayed(stream, frame)
    turn = _turn(frame)
    if turn in _TURNS and turn[0] == 0:
        width, height = height, width
    rate = stream.average_rate
    return {
        "container": container.format.name,
        "codec": stream.codec_context.codec.canonical_name,
        "width": width,
        "height": height,
        "duration_us": _duration_us(container, stream),
        "frame_count": stream.frames or None,
        "frames_per_second": float(rate) if rate else None,
        "rotation_degrees": _TURNS.get(turn, (0, ""))[0],
        "pixel_format": frame.format.name,
        "tags": wire.clean_tags({**stream.metadata, **container.metadata}),
    }


def _displayed(stream: VideoStream, frame: VideoFrame) -> tuple[int, int]:
    """Width and height with square pixels, before any turn."""
    aspect = stream.codec_context.sample_aspect_ratio or Fraction(1)
    if not Fraction(1, 4) <= aspect <= 4:
        aspect = Fraction(1)
    return max(1, round(frame.width * aspect)), frame.height


def _turn(frame: VideoFrame) -> tuple[int, int, int, int]:
    """Signs of the display matrix's a, b, c and d (ISO/IEC 14496-12, 6.2.2)."""
    matrix = cast("Buffer | None", frame.side_data.get("DISPLAYMATRIX"))
    if matrix is None or matrix.buffer_size < 36:
        return _UPRIGHT
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix)[:36])
    half = max(abs(a), abs(b), abs(c), abs(d)) // 2
    signs = [(value > half) - (value < -half) for value in (a, b, c, d)]
    return signs[0], signs[1], signs[2], signs[3]


class Painter:
    """Scales, turns and converts decoded pictures of one stream."""

    def __init__(self, stream: VideoStream, first: VideoFrame, long_side: int) -> None:
        self._size = wire.fitted(*_displayed(stream, first), long_side)
        self._turn = _TURNS.get(_turn(first), (0, ""))[1]
        self._scaler = VideoReformatter()

    def grey(self, time_us: int, frame: VideoFrame) -> Picture:
        """8 bits, full range, whatever the source's depth and range."""
        data = self._pixels(frame, "gray")
        width, height = self._size
        if self._turn:
            turned = self._turned("L", data)
            width, height, data = turned.width, turned.height, turned.tobytes()
        return wire.Picture(
            time_us=time_us, width=width, height=height, data=data, alone=bool(frame.key_frame)
        )

    def jpeg(self, time_us: int, frame: VideoFrame) -> Picture:
        from verify.media.decoder_child.image import encode_jpeg  # noqa: PLC0415 - 30 ms that only stills need

        return encode_jpeg(self._turned("RGB", self._pixels(frame, "rgb24")), time_us)

    def _pixels(self, frame: VideoFrame, pixel_format: str) -> bytes:
        width, height = self._size
        small = self._scaler.reformat(frame, width, height, pixel_format, interpolation="AREA")
        plane = small.planes[0]
        row = width * (3 if pixel_format == "rgb24" else 1)
        data = memoryview(plane)
        if plane.line_size == row:
            return bytes(data[: row * height])
        return b"".join(data[at : at + row] for at in range(0, plane.line_size * height, plane.line_size))

    def _turned(self, mode: str, data: bytes) -> Image:
        from PIL import Image  # noqa: PLC0415 - the same

        image = Image.frombytes(mode, self._size, data)
        return image.transpose(Image.Transpose[self._turn]) if self._turn else image


def _part(walk: Walk, request: Request, sender: Sender) -> Ending:
    """The pictures of a grid from one time to another."""
    start_us, end_us = request.times_us
    ending = wire.Ending()
    painter: Painter | None = None
    for time_us, frame in _picks_from(walk, start_us, request.step_us):
        if time_us > end_us:
            break
        if time_us >= start_us:
            painter = painter or Painter(walk.stream, frame, request.long_side)
            sender.picture(wire.FRAME, painter.grey(time_us, frame))
            ending.frames_read += 1
    return ending


def _picks_from(walk: Walk, start_us: int, step_us: int) -> Iterator[tuple[int, VideoFrame]]:
    """The pictures of a grid from `start_us` at the latest, as far as there is one so early."""
    for from_us in (*(max(0, start_us - back_us) for back_us in _BACK_US), 0):
        walk.stream.codec_context.skip_frame = "DEFAULT"
        walk.seek(from_us)
        follow = Walk(walk.container, walk.stream, "DEFAULT", step_us, walk.budget, origin_us=walk.origin_us)
        picks = follow.picks()
        first = next(picks, None)
        if first is not None and (first[0] <= start_us or from_us == 0):
            return chain([first], picks)
    return iter(())


def _stills(walk: Walk, request: Request, sender: Sender) -> Ending:
    """For each time, in order, the picture shown at it: the last one that starts at or before."""
    ending = wire.Ending()
    walk.stream.codec_context.skip_frame = "DEFAULT"
    painter: Painter | None = None
    for time_us in request.times_us:
        found = _shown_at(walk, time_us)
        painter = painter or Painter(walk.stream, found[1], request.long_side)
        sender.picture(wire.STILL, painter.jpeg(*found))
        ending.frames_read += 1
    return ending


def _shown_at(walk: Walk, time_us: int) -> tuple[int, VideoFrame]:
    for start_us in (*(max(0, time_us - back_us) for back_us in _BACK_US), 0):
        walk.seek(start_us)
        found = _last_until(walk, time_us)
        if found is not None:
            return found
    raise wire.RefusalError("broken_media", f"no picture could be read at {time_us / 1_000_000:.2f} s")


def _last_until(walk: Walk, time_us: int) -> tuple[int, VideoFrame] | None:
    found: tuple[int, VideoFrame] | None = None
    follow = Walk(walk.container, walk.stream, "DEFAULT", 1, walk.budget, origin_us=walk.origin_us)
    for at_us, frame in follow.picks():
        if at_us > time_us:
            break
        found = at_us, frame
    return found


def _around(walk: Walk, request: Request, sender: Sender) -> Ending:
    """The frame shown at a time and up to `reach` neighbours on each side, as stills in order."""
    walk.stream.codec_context.skip_frame = "DEFAULT"
    run = _run_around(walk, request.times_us[0], request.reach)
    painter = Painter(walk.stream, run[0][1], request.long_side)
    for time_us, frame in run:
        sender.picture(wire.STILL, painter.jpeg(time_us, frame))
    return wire.Ending(frames_read=len(run))


def _run_around(walk: Walk, time_us: int, reach: int) -> list[tuple[int, VideoFrame]]:
    for start_us in (*(max(0, time_us - back_us) for back_us in _RUN_BACK_US), 0):
        walk.seek(start_us)
        run = _run_from_here(walk, time_us, reach)
        before = sum(at_us <= time_us for at_us, _ in run)
        if before > 1 or (before and (run[0][0] == 0 or start_us == 0)):
            return run
    raise wire.RefusalError("broken_media", f"no picture could be read at {time_us / 1_000_000:.2f} s")


def _run_from_here(walk: Walk, time_us: int, reach: int) -> list[tuple[int, VideoFrame]]:
    before: deque[tuple[int, VideoFrame]] = deque(maxlen=reach + 1)
    after: list[tuple[int, VideoFrame]] = []
    follow = Walk(walk.container, walk.stream, "DEFAULT", 1, walk.budget, origin_us=walk.origin_us)
    for at_us, frame in follow.picks():
        if at_us <= time_us:
            before.append((at_us, frame))
        else:
            after.append((at_us, frame))
            if len(after) == reach:
                break
    return [*before, *after]


def _conclude(ending: Ending, walk: Walk) -> None:
    stated_us = _duration_us(walk.container, walk.stream)
    ending.read_until_us = walk.read_until_us
    ending.failures = walk.failures
    notes = [walk.note] if walk.note else []
    missing_us = stated_us - ending.read_until_us
    if missing_us > max(500_000, stated_us // 50):
        notes.append(f"pictures end at {ending.read_until_us / 1e6:.1f} s of {stated_us / 1e6:.1f} s")
    if walk.failures:
        notes.append(f"{walk.failures} damaged packets or pictures were left out")
    ending.complete = not notes
    ending.note = "; ".join(notes)
