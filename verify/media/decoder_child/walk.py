"""One pass over a video in presentation order: which packets are decoded, which pictures picked.

In: an open container and stream. Out: picked pictures with their times in microseconds from the
first picture. Damage is counted and passed over. When the CPU budget runs low, the pass goes on
with pictures that stand alone, then stops; `note` says so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from av.error import EOFError as EndOfFile
from av.error import FFmpegError

from verify.media.decoder_child.slices import first_slice, length_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from verify.media.decoder_child.slices import Slice

    _Read = tuple[Packet[VideoStream], Slice | None]

Skip = Literal["DEFAULT", "NONREF", "NONKEY"]
_MICROSECONDS = 1_000_000
_MAX_DEMUX_FAILURES = 20  #: in a row: a demuxer that only fails has read what it can
_MOST_HELD = 100  #: packets: a third of a second at 240 pictures a second has 80
_BEFORE_ALL = -(1 << 40)
_TAIL_US = 500_000  #: the last half second is decoded whole, so that the last picture is seen
#: Shares of the CPU limit after which a pass goes coarse and after which it stops.
_COARSE_SHARE, _STOP_SHARE = 0.7, 0.9


def presentation(pts: int, time_base: Fraction) -> int:
    """`pts` in microseconds, rounded half up. Whole numbers throughout: this runs for every packet."""
    return (2 * _MICROSECONDS * time_base.numerator * pts + time_base.denominator) // (
        2 * time_base.denominator
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much a pass may take before it goes coarse or stops."""

    cpu_seconds: float  #: the child's limit: shares of it are kept for what follows
    dense_pixels: int  #: decoded before a grid goes coarse
    length_us: int


@dataclass(slots=True)
class Walk:
    """A pass that picks the first picture, then the first at or after each grid point, and the last.

    `skip` is libavcodec's skip_frame from the second picture on: "NONREF" leaves out pictures that
    no other needs, "NONKEY" all that do not stand alone, "DEFAULT" none.
    """

    container: InputContainer
    stream: VideoStream
    skip: Skip
    step_us: int
    budget: Budget
    failures: int = 0
    note: str = ""
    origin_us: int | None = None
    last_us: int = -1  #: time of the last decoded picture
    stopped: bool = False
    _due_us: int = 0  #: the next grid point
    _end_us: int = 0  #: end of the last packet, on the container's clock
    _length_us: int = 0  #: of a picture
    _damaged: bool = False  #: since the last decoded picture
    _rewound: bool = False
    _restart: bool = False
    _held: list[_Read] = field(default_factory=list)  #: see `_wanted`
    _needed_us: int = -1  #: time of the latest picture handed on that is surely decoded
    _fed_us: set[int] = field(default_factory=set)
    _pixels: int = 0  #: decoded so far, counted before they are
    _area: int = field(init=False)
    _base: Fraction = field(init=False)
    _size_bytes: int = field(init=False)  #: of a unit's length in H.264 packets; 0: they are not looked into

    def __post_init__(self) -> None:
        context = self.stream.codec_context
        self._size_bytes = length_bytes(context.codec.canonical_name, context.extradata)
        self._area = self.stream.codec_context.width * self.stream.codec_context.height
        self._base = self.stream.time_base or Fraction(1, _MICROSECONDS)

    def picks(self) -> Iterator[tuple[int, VideoFrame]]:
        """(time_us, picture) in order of time, each once."""
        spare: tuple[int, VideoFrame] | None = None
        for time_us, frame in self._decoded():
            if time_us >= self._due_us:
                self._due_us = (time_us // self.step_us + 1) * self.step_us
                spare = None
                yield time_us, frame
            else:
                spare = time_us, frame
        if spare is not None and self.skip != "NONKEY":
            yield spare

    @property
    def read_until_us(self) -> int:
        """End of what was read: of the last packet, or of the last picture before a break."""
        if self._damaged or self.stopped or self.origin_us is None:
            return max(0, self.last_us + self._length_us)
        return max(0, self._end_us - self.origin_us, self.last_us)

    def _decoded(self) -> Iterator[tuple[int, VideoFrame]]:
        for packet in self._packets():
            for frame in self._decode(packet):
                time_us = self._time_of(frame)
                if time_us <= self.last_us:
                    continue
                if self._starved(time_us):
                    self._rewind()
                    break
                if time_us > self.budget.length_us:
                    self._stop(f"only the first {self.budget.length_us / 3_600_000_000:.1f} hours were read")
                    return
                self._saw(time_us, frame)
                if self.skip != "NONKEY" or frame.key_frame or time_us == 0:
                    yield time_us, frame

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        """Packets worth decoding, over damage and rewinds; what is held back before the end of the stream."""
        errors = 0
        while errors < _MAX_DEMUX_FAILURES:
            self._restart = False
            try:
                for packet in self.container.demux(self.stream):
                    errors = 0
                    yield from self._wanted(packet)
                    if self._restart or self._spent():
                        break
            except EndOfFile:
                return
            except FFmpegError:
                errors += 1
                self._fail()
                continue
            if not self._restart:
                return

    def _wanted(self, packet: Packet[VideoStream]) -> Iterator[Packet[VideoStream]]:
        """`packet`, after those held back, unless it can wait.

        After a grid point nothing is picked until the next. What comes between is held back: where a
        picture that stands alone comes first it is never needed (a tenth of a clip with an I-frame
        every two seconds).
        """
        self._note_times(packet)
        content, alone = self._content(packet), self._is_picked_alone(packet)
        if (alone or (content and content.alone)) and self._is_latest(packet):
            self._held.clear()
        if (alone or content) and self._can_wait(packet):
            if self.skip != "NONKEY":
                self._held.append((packet, content))
            return
        yield from self._released(packet, content)

    def _is_latest(self, packet: Packet[VideoStream]) -> bool:
        """Whether time goes on from those held back to `packet`, as it does not where files were joined."""
        held = [one.pts for one, _ in self._held]
        return packet.pts is not None and all(pts is not None and pts < packet.pts for pts in held)

    def _released(self, packet: Packet[VideoStream], content: Slice | None) -> Iterator[Packet[VideoStream]]:
        released, self._held = [*self._held, (packet, content)], []
        for one, seen in released:
            self._pixels += self._area if one.size else 0
            if seen:
                self._count_on(one, seen)
            yield one
            if self._restart:
                return

    def _note_times(self, packet: Packet[VideoStream]) -> None:
        if packet.pts is None or packet.is_discard:  # before or after what an edit list shows
            return
        start_us = presentation(packet.pts, self._base)
        self._end_us = max(self._end_us, start_us + presentation(packet.duration or 0, self._base))
        if self.skip == "NONREF" and self.origin_us is not None:
            self._fed_us.add(start_us - self.origin_us)
            if self._ends_at() - start_us < _TAIL_US:
                self.stream.codec_context.skip_frame = "DEFAULT"

    def _ends_at(self) -> int:
        """Stated end of the stream on the container's clock; far away when nothing is stated."""
        if self.stream.duration is None:
            return 1 << 62
        return presentation((self.stream.start_time or 0) + self.stream.duration, self._base)

    def _is_picked_alone(self, packet: Packet[VideoStream]) -> bool:
        """Whether `packet` needs no other and no other that is wanted needs it."""
        return self.stream.codec_context.codec.intra_only or (self.skip == "NONKEY" and packet.is_keyframe)

    def _can_wait(self, packet: Packet[VideoStream]) -> bool:
        """Whether the picture of `packet` comes before the next grid point, and no earlier one after it."""
        if self.origin_us is None or packet.pts is None or len(self._held) == _MOST_HELD:
            return False
        start_us = presentation(packet.pts, self._base) - self.origin_us
        next_us = max(self._due_us, (self._needed_us // self.step_us + 1) * self.step_us)
        return self._needed_us < start_us < next_us

    def _content(self, packet: Packet[VideoStream]) -> Slice | None:
        if not self._size_bytes or packet.is_discard:
            return None
        return first_slice(bytes(packet), self._size_bytes)

    def _count_on(self, packet: Packet[VideoStream], content: Slice) -> None:
        """Note that a picture of this time will come: the decoder gives it out some packets later."""
        if self.origin_us is None or packet.pts is None:
            return
        if content.needed if self.skip == "NONREF" else self.skip == "DEFAULT":
            start_us = presentation(packet.pts, self._base) - self.origin_us
            self._needed_us = max(self._needed_us, start_us)

    def _decode(self, packet: Packet[VideoStream]) -> list[VideoFrame]:
        try:
            frames = list(packet.decode())
        except EndOfFile:
            return []
        except FFmpegError:
            self._fail()
            return []
        whole = [frame for frame in frames if not frame.is_corrupt]
        for _ in range(len(frames) - len(whole)):
            self._fail()
        return whole

    def _fail(self) -> None:
        self.failures += 1
        self._damaged = True

    def _time_of(self, frame: VideoFrame) -> int:
        pts = frame.pts if frame.pts is not None else frame.dts
        if pts is None:  # no clock: count at the stated rate
            return self.last_us + max(1, self._length_us) if self.last_us >= 0 else 0
        at_us = presentation(pts, self._base)
        if self.origin_us is None:
            self.origin_us = at_us
        return at_us - self.origin_us

    def _saw(self, time_us: int, frame: VideoFrame) -> None:
        if self.last_us < 0:
            self.stream.codec_context.skip_frame = self.skip
        if frame.interlaced_frame:  # a packet may be one of two fields, its time not the picture's
            self._size_bytes = 0
        self.last_us = time_us
        self._damaged = False
        self._length_us = self._length_of(frame)
        self._fed_us = {fed for fed in self._fed_us if fed > time_us}

    def _length_of(self, frame: VideoFrame) -> int:
        if frame.duration:
            return presentation(frame.duration, self._base)
        rate = self.stream.average_rate
        return round(_MICROSECONDS / rate) if rate else 0

    def _starved(self, time_us: int) -> bool:
        """Whether leaving out pictures that no other needs has left a grid point without one."""
        if self.skip != "NONREF" or self._rewound or self.last_us < 0:
            return False
        next_cell_us = (self.last_us // self.step_us + 1) * self.step_us
        cell_end_us = (time_us // self.step_us) * self.step_us
        return any(next_cell_us <= fed < cell_end_us for fed in self._fed_us)

    def _rewind(self) -> None:
        """Go back to the last picture and decode everything from there."""
        self._rewound = True
        self._held.clear()
        self.skip = "DEFAULT"
        self.stream.codec_context.skip_frame = "DEFAULT"
        try:
            self.seek(self.last_us)
        except FFmpegError:
            return
        self._restart = True

    def seek(self, time_us: int) -> None:
        """To the last picture at or before `time_us` that stands alone. Raises FFmpegError."""
        if time_us <= 0 and "mov" in self.container.format.name:
            # Where an edit list shows several parts, their times are not in order in the index.
            self.container.seek(_BEFORE_ALL, stream=self.stream)
            return
        on_clock = Fraction((self.origin_us or 0) + time_us, _MICROSECONDS)
        self.container.seek(int(on_clock / self._base), stream=self.stream)

    def _stop(self, why: str) -> None:
        self.stopped = True
        self.note = f"{self.note}; {why}".removeprefix("; ")

    def _spent(self) -> bool:
        """Whether the CPU budget ends the pass here."""
        used = time.process_time() / self.budget.cpu_seconds
        if used > _STOP_SHARE:
            self._stop(f"stopped at {self.last_us // _MICROSECONDS} s, with {used:.0%} of the CPU time used")
        elif self.skip != "NONKEY" and (used > _COARSE_SHARE or self._pixels > self.budget.dense_pixels):
            self.skip = "NONKEY"
            self.stream.codec_context.skip_frame = "NONKEY"
            self.note = f"only pictures that stand alone were read after {self.last_us // _MICROSECONDS} s"
        return self.stopped
