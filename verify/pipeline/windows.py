"""Frames of kept media for whoever steps through them: decoded when asked for, a window at a time.

In: a file and a time. Out: the frame shown then with its own next neighbours, as JPEG stills with their
true times. One decoder child gives a whole window, and windows are kept up to CACHE_BYTES, so that most steps
start none. Raises MediaNotKept, what the decoder raises (MediaRejected), and FramesBusy when more readers
wait than can be served soon.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from verify.errors import BlobMissing, FramesBusy, MediaNotKept
from verify.media.decoder import Decoder
from verify.model import MediaFile, Still
from verify.store.blobs import Blobs

REACH = 12  # frames on each side of the one asked for: a dozen steps for one child
STILL_SIDE = 960  # pixels, long side
CACHE_BYTES = 64 * 2**20  # of JPEG files, in this process; about 70 windows of 720p footage
CHILDREN = 2  # decoding for readers at once
MOST_WAITING = 8  # readers that wait for one of them; each holds a thread of the server
WAIT_SECONDS = 5.0
#: A time that was computed lands on a frame that starts this much later: times are rounded.
SLACK_US = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A frame and its neighbours in its own file."""

    frame: Still
    previous_us: int | None  #: None: it is the first that can be read
    next_us: int | None  #: None: it is the last
    around_us: tuple[int, ...]  #: times of the frames near it, itself among them, none left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Neighbouring frames in order, none left out between them."""

    frames: tuple[Still, ...]
    at_start: bool  #: nothing can be read before the first
    at_end: bool

    def place(self, time_us: int) -> int | None:
        """Which frame is shown at that time; None when the window cannot say, or not what is next to it."""
        place = bisect_right(self.frames, time_us + SLACK_US, key=lambda still: still.time_us) - 1
        is_inside = (place > 0 or self.at_start) and (place < len(self.frames) - 1 or self.at_end)
        return max(place, 0) if is_inside else None

    def step(self, place: int) -> Step:
        around = tuple(still.time_us for still in self.frames)
        padded = (None, *around, None)
        return Step(
            frame=self.frames[place],
            previous_us=padded[place],
            next_us=padded[place + 2],
            around_us=around,
        )

    @property
    def size_bytes(self) -> int:
        return sum(len(still.jpeg) for still in self.frames)


class FrameWindows:
    """Windows of the media in `blobs`. Safe to share between threads."""

    def __init__(self, decoder: Decoder, blobs: Blobs, *, cache_bytes: int = CACHE_BYTES) -> None:
        self._decoder = decoder
        self._blobs = blobs
        self._cache_bytes = cache_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int], Window] = OrderedDict()  # by file and first frame
        self._kept_bytes = 0
        self._children = threading.Semaphore(CHILDREN)
        self._waiting = threading.Semaphore(CHILDREN + MOST_WAITING)

    def step(self, file: MediaFile, time_us: int) -> Step:
        """The frame of `file` shown at `time_us` (the first or last for a time outside) and its neighbours.

        Raises MediaNotKept, MediaRejected, FramesBusy.
        """
        time_us = max(time_us, 0)
        found = self._found(file, time_us)
        if found is None:
            with self._turn():
                found = self._found(file, time_us)  # another reader may have asked for the same
                if found is None:
                    window = self._decoded(file, time_us)
                    found = window, _place(window, time_us)
        window, place = found
        return window.step(place)

    def _found(self, file: MediaFile, time_us: int) -> tuple[Window, int] | None:
        with self._lock:
            for key, window in self._kept.items():
                if key[0] == file.sha256 and (place := window.place(time_us)) is not None:
                    self._kept.move_to_end(key)
                    return window, place
        return None

    def _decoded(self, file: MediaFile, time_us: int) -> Window:
        try:
            path = self._blobs.path(file.sha256)
        except BlobMissing as error:
            raise MediaNotKept(file.sha256) from error
        middle_us = time_us + SLACK_US
        frames = self._decoder.around(path, file.kind, middle_us, reach=REACH, long_side=STILL_SIDE)
        after = sum(still.time_us > middle_us for still in frames)
        window = Window(
            frames=frames,
            at_start=frames[0].time_us == 0 or len(frames) - after < 2,
            at_end=after < REACH,
        )
        self._keep((file.sha256, frames[0].time_us), window)
        return window

    def _keep(self, key: tuple[str, int], window: Window) -> None:
        with self._lock:
            old = self._kept.pop(key, None)
            self._kept_bytes += window.size_bytes - (old.size_bytes if old else 0)
            self._kept[key] = window
            while self._kept_bytes > self._cache_bytes and len(self._kept) > 1:
                _, oldest = self._kept.popitem(last=False)
                self._kept_bytes -= oldest.size_bytes

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One of the few places at a decoder child. Raises FramesBusy."""
        if not self._waiting.acquire(blocking=False):
            raise FramesBusy(retry_after_seconds=WAIT_SECONDS)
        try:
            if not self._children.acquire(timeout=WAIT_SECONDS):
                raise FramesBusy(retry_after_seconds=WAIT_SECONDS)
            try:
                yield
            finally:
                self._children.release()
        finally:
            self._waiting.release()


def _place(window: Window, time_us: int) -> int:
    """As `Window.place`, of the window that was decoded around that very time."""
    return max(sum(still.time_us <= time_us + SLACK_US for still in window.frames) - 1, 0)
