"""Media files -> frames, stills and metadata, decoded in a child process under limits.

In: a path, what `sniff` said it is, and what is wanted. Out: model records, lazily, with bounded
memory. The child (`decoder_child`) is forked from a `template`, so that it starts with its decoder
imported; it gets an open descriptor, an empty environment and no network, and is killed when its time
is over or the consumer stops. Raises the MediaRejected errors; a crash or an exceeded limit is
DecoderCrashed, never a hang.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import asdict
from itertools import pairwise
from typing import TYPE_CHECKING, Self

from verify.errors import DecoderCrashed, UnreadableInput
from verify.media.child_process import ChildProcess
from verify.media.decoder_child import wire
from verify.media.plan import MAX_LONG_SIDE, DecodeLimits, FrameMode, FramePlan
from verify.media.replies import ReplyReader, outcome
from verify.media.sandbox import child_command, library_folders
from verify.media.sniff import HEAD_BYTES, sniff
from verify.model import DecodeOutcome, Frame, MediaKind, MediaMetadata, Still

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

__all__ = ["DecodeLimits", "Decoder", "FrameMode", "FramePlan", "FrameStream", "MediaSession"]

_MAX_STILLS = 256
_MAX_REACH = 32  #: frames on each side; each is held in the child's memory until all are read


class Decoder:
    """Opens media under `limits`. Safe to share between threads.

    Between calls the process keeps a few templates; they end with it.
    """

    def __init__(self, limits: DecodeLimits) -> None:
        self._limits = limits

    def open(self, path: Path, kind: MediaKind) -> MediaSession:
        """A child on `path` for several requests; use it in a `with` statement.

        `kind` IMAGE reads only the first picture of an animation. Raises UnreadableInput,
        SandboxUnavailable, and what `sniff` raises.
        """
        return MediaSession(path, kind, self._limits)

    def probe(self, path: Path, kind: MediaKind) -> MediaMetadata:
        """What the container says, once a first picture was read. Raises MediaRejected errors."""
        with self.open(path, kind) as session:
            return session.probe()

    def frames(self, path: Path, kind: MediaKind, plan: FramePlan) -> FrameStream:
        """The frames that `plan` asks for, in order of time; use it in a `with` statement.

        Raises MediaRejected errors here for a file that gives no picture at all, and DecoderCrashed
        while iterating. A file that breaks later ends early, and `outcome` says where.
        """
        session = self.open(path, kind)
        try:
            return FrameStream(session, plan, owns_session=True)
        except BaseException:
            session.close()
            raise

    def stills(
        self, path: Path, kind: MediaKind, times_us: Sequence[int], long_side: int
    ) -> tuple[Still, ...]:
        """See MediaSession.stills."""
        with self.open(path, kind) as session:
            return session.stills(times_us, long_side)

    def around(
        self, path: Path, kind: MediaKind, time_us: int, *, reach: int, long_side: int
    ) -> tuple[Still, ...]:
        """See MediaSession.around."""
        with self.open(path, kind) as session:
            return session.around(time_us, reach=reach, long_side=long_side)


class MediaSession:
    """One file, one child, any number of requests one after the other."""

    def __init__(self, path: Path, kind: MediaKind, limits: DecodeLimits) -> None:
        self._limits = limits
        self._child: ChildProcess | None = None
        self._busy = False
        self._fd = _open_regular(path)
        try:
            self._bounds = _bounds(self._fd, kind, limits)
            self._command = _template_command(limits.sandbox, self._bounds.mime)
        except BaseException:
            os.close(self._fd)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child and close the file; harmless when done twice."""
        self._end_child()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @property
    def max_duration_us(self) -> int:
        return self._limits.max_duration_us

    def probe(self) -> MediaMetadata:
        """What the container says, once a first picture was read. Raises MediaRejected errors."""
        reader = self.ask(wire.Request(op="probe"))
        metadata = reader.metadata()
        reader.ending()
        self.answered()
        return metadata

    def frames(self, plan: FramePlan) -> FrameStream:
        """See Decoder.frames; the child stays for further requests."""
        return FrameStream(self, plan, owns_session=False)

    def stills(self, times_us: Sequence[int], long_side: int) -> tuple[Still, ...]:
        """One colour JPEG for each of `times_us` (ascending, at most 256): the picture shown then.

        Each carries the true time of its picture; a time past the end gives the last picture. The
        same file gives the same bytes. Raises MediaRejected errors.
        """
        if list(times_us) != sorted(times_us) or len(times_us) > _MAX_STILLS or min(times_us, default=0) < 0:
            raise ValueError("stills take at most 256 ascending times from 0 on")
        if not 1 <= long_side <= MAX_LONG_SIDE:
            raise ValueError(f"no still is {long_side} pixels long")
        request = wire.Request(op="stills", times_us=tuple(times_us), long_side=long_side)
        return self._pictures(request, most=len(times_us))

    def around(self, time_us: int, *, reach: int, long_side: int) -> tuple[Still, ...]:
        """The frame shown at `time_us` and its own next neighbours, up to `reach` on each side.

        In order of their true times, whatever the frame rate; fewer where the medium begins or ends. Each
        frame at or before `time_us` that was sent has no other between it and the next. A long video is
        sought, not read from its beginning. Raises MediaRejected errors.
        """
        if time_us < 0 or not 1 <= reach <= _MAX_REACH:
            raise ValueError(f"no run of frames takes {reach} on each side of {time_us} us")
        if not 1 <= long_side <= MAX_LONG_SIDE:
            raise ValueError(f"no still is {long_side} pixels long")
        request = wire.Request(op="around", times_us=(time_us,), reach=reach, long_side=long_side)
        run = self._pictures(request, most=2 * reach + 1)
        times = [still.time_us for still in run]
        if not run or any(late <= early for early, late in pairwise(times)):
            raise DecoderCrashed("it sent what it must not: no frames, or frames out of order")
        return run

    def _pictures(self, request: wire.Request, *, most: int) -> tuple[Still, ...]:
        reader = self.ask(request)
        reader.metadata()
        stills = []
        while isinstance(reply := reader.still(request.long_side), Still):
            stills.append(reply)
            if len(stills) > most:
                raise DecoderCrashed("it sent more stills than were asked for")
        self.answered()
        return tuple(stills)

    def ask(self, request: wire.Request) -> ReplyReader:
        """Send `request`. An answer that was not read to its end costs a new child."""
        if self._busy:
            self._end_child()
        if self._child is None:
            self._child = ChildProcess(
                self._command, self._bounds, fd=self._fd, wall_seconds=self._limits.wall_seconds
            )
        self._busy = True
        self._child.send(json.dumps(asdict(request)).encode() + b"\n")
        return ReplyReader(self._child)

    def answered(self) -> None:
        """Note that the answer was read to its end."""
        self._busy = False

    def _end_child(self) -> None:
        if self._child is not None:
            self._child.close(idle=not self._busy)
            self._child = None
        self._busy = False


class FrameStream:
    """Frames as they are decoded; memory for one at a time. `outcome` after the last."""

    def __init__(self, session: MediaSession, plan: FramePlan, *, owns_session: bool) -> None:
        self._session = session
        self._plan = plan
        self._owns_session = owns_session
        self._outcome: DecodeOutcome | None = None
        self._most = session.max_duration_us // plan.step_us + 3
        request = wire.Request(
            op="frames",
            intra=plan.mode is FrameMode.INTRA,
            step_us=plan.step_us,
            long_side=plan.long_side,
            times_us=(plan.span.start_us, plan.span.end_us) if plan.span else (),
        )
        self._reader = session.ask(request)
        self.metadata: MediaMetadata = self._reader.metadata()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._owns_session:
            self._session.close()

    def __iter__(self) -> Iterator[Frame]:
        count, last_us = 0, -1
        while isinstance(reply := self._reader.frame(self._plan.long_side), Frame):
            count += 1
            if reply.time_us <= last_us or count > self._most:
                raise DecoderCrashed("it sent what it must not: frames out of order or without end")
            last_us = reply.time_us
            yield reply
        self._outcome = outcome(self.metadata, reply, frames_read=count)
        self._session.answered()

    @property
    def outcome(self) -> DecodeOutcome:
        """How far the file could be read. Raises RuntimeError before the last frame was taken."""
        if self._outcome is None:
            raise RuntimeError("the frames have not all been read")
        return self._outcome


def _open_regular(path: Path) -> int:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO must not block here
    except OSError as error:
        raise UnreadableInput(f"{path}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise UnreadableInput(f"{path} is not a file")
    return fd


def _bounds(fd: int, kind: MediaKind, limits: DecodeLimits) -> wire.Bounds:
    sniffed = sniff(os.pread(fd, HEAD_BYTES, 0))
    is_video = sniffed.kind is MediaKind.VIDEO
    return wire.Bounds(
        fd=wire.MEDIUM_FD,
        mime=sniffed.mime,
        first_only=MediaKind.IMAGE in {kind, sniffed.kind},
        cpu_seconds=limits.cpu_seconds,
        memory_bytes=limits.memory_bytes if is_video else limits.memory_bytes // 2,
        max_pixels=limits.max_video_pixels if is_video else limits.max_image_pixels,
        max_animation_frames=limits.max_animation_frames,
        max_animation_pixels=limits.max_animation_pixels,
        max_duration_us=limits.max_duration_us,
        max_dense_pixels=limits.max_dense_pixels,
    )


def _template_command(sandbox: str, mime: str) -> list[str]:
    """One decoder each: PyAV's libraries would take up 100 MB of what a photo's child may address."""
    library = "video" if mime.startswith("video/") else "image"
    return [*child_command(sandbox), library, os.pathsep.join(library_folders())]
