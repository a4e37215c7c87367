"""Clips that benchmarks cut out of others and write anew: pictures in colour, 8 bits, blue first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 25  # frames a second

Picture = NDArray[np.uint8]  # (height, width, 3)


def pictures_at(path: Path, wanted: Sequence[float]) -> Iterator[Picture]:
    """For each second of `wanted`, in order, the first picture at or after it; the last one past the end."""
    given = 0
    last: av.VideoFrame | None = None
    with av.open(str(path)) as container:
        for last in container.decode(video=0):
            due = sum(second <= float(last.time or 0) for second in wanted[given:])
            if due:
                yield from repeat(_pixels(last), due)
                given += due
            if given == len(wanted):
                return
    if last:
        yield from repeat(_pixels(last), len(wanted) - given)


def _pixels(frame: av.VideoFrame) -> Picture:
    return frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)


def write(path: Path, pictures: Iterator[Picture]) -> None:
    """A clip of pictures of one size, RATE a second, without an odd last row or column."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "26"})
        stream.pix_fmt = "yuv420p"
        for number, picture in enumerate(pictures):
            if not number:
                stream.height, stream.width = (side // 2 * 2 for side in picture.shape[:2])
            even = np.ascontiguousarray(picture[: stream.height, : stream.width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="bgr24")))
        container.mux(stream.encode())
