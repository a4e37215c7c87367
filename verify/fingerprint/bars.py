"""Where the picture is within the frame: letterbox and pillarbox bars, in any plain colour.

In go running profiles of a clip's thumbnails, out comes the box without bars in fractions of the
frame. A bar is a run of rows or columns at the edge that is plain in every frame of the clip, so a
dark scene or a sky does not count as one unless it lasts for the whole clip.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint.record import WHOLE, Box
from verify.model import GreyImage

PLAIN_DEVIATION = 5.0  #: grey levels; compression noise in black bars stays below (x264 crf 40)
PLAIN_STEP = 12.0  #: grey levels between neighbouring lines of one bar
LEAST_CONTENT = 0.2  #: share of a side; less is taken for a plain frame, not for bars
LEAST_BAR = 0.02  #: share of a side; thinner bars do not change the hash


class BarProfile:
    """Collects, frame by frame, how plain each row and column of a clip is."""

    def __init__(self) -> None:
        self._rows: NDArray[np.float32] | None = None
        self._columns: NDArray[np.float32] | None = None

    def add(self, thumbnail: GreyImage) -> None:
        rows, columns = _unplainness(thumbnail), _unplainness(thumbnail.T)
        self._rows = rows if self._rows is None else np.maximum(self._rows, rows)
        self._columns = columns if self._columns is None else np.maximum(self._columns, columns)

    def content_box(self) -> Box:
        if self._rows is None or self._columns is None:
            return WHOLE
        top, bottom = _content(self._rows)
        left, right = _content(self._columns)
        return (left, top, right, bottom)


def _unplainness(picture: GreyImage) -> NDArray[np.float32]:
    """Per row, 0 when plain: its spread, or its step from the edge row of the same side."""
    wide = picture.astype(np.float32)
    spread = wide.std(axis=1)
    mean = wide.mean(axis=1)
    step = np.minimum(np.abs(mean - mean[0]), np.abs(mean - mean[-1])) * (PLAIN_DEVIATION / PLAIN_STEP)
    unplain: NDArray[np.float32] = np.maximum(spread, step)
    return unplain


def _content(unplain: NDArray[np.float32]) -> tuple[float, float]:
    filled = np.flatnonzero(unplain > PLAIN_DEVIATION)
    size = len(unplain)
    if not len(filled):
        return 0.0, 1.0
    first, last = int(filled[0]), int(filled[-1]) + 1
    if last - first < LEAST_CONTENT * size:
        return 0.0, 1.0
    start = first / size if first >= LEAST_BAR * size else 0.0
    end = last / size if size - last >= LEAST_BAR * size else 1.0
    return start, end


def cut(picture: GreyImage, box: Box) -> GreyImage:
    """The part of a picture inside a box given in fractions, at least one pixel each way."""
    height, width = picture.shape[:2]
    left, top = round(box[0] * width), round(box[1] * height)
    right, bottom = max(left + 1, round(box[2] * width)), max(top + 1, round(box[3] * height))
    return picture[top:bottom, left:right]
