"""Where the picture is within the frame: bars in any plain colour, with or without a caption in them.

In go running profiles of a clip's thumbnails, out comes the box without bars in fractions of the
frame. A bar is a run of rows or columns at the edge that is plain in every frame of the clip, so a
dark scene or a sky does not count as one unless it lasts for the whole clip. Text is part of a bar
when plain lines enclose it.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint.record import WHOLE, Box
from verify.model import GreyImage

PLAIN_REACH = 12  #: grey levels from the edge line's
PLAIN_SHARE = 0.95  #: of a line's pixels that are plain, for a plain line
TEXT_SHARE = 0.1  #: of a line's pixels that are plain, in text; bold letters leave a sixth at 160 pixels
CLOSING_SHARE = 0.7  #: of the last line of a bar with text, where its letters ring
CLOSING_FALL = 0.5  #: by which that share falls within two lines, where the picture begins
MOST_TEXT = 0.35  #: of a side that a bar with text may take
LEAST_CONTENT = 0.2  #: share of a side; less is taken for a plain frame, not for bars
LEAST_BAR = 0.02  #: share of a side; thinner bars do not change the hash

Pixel = TypeVar("Pixel", bound=np.generic)
Shares = NDArray[np.float32]


class BarProfile:
    """Collects, frame by frame, how much of each row and column is as plain as the frame's edges."""

    def __init__(self) -> None:
        self._least: list[Shares] = []  #: from the top, the bottom, the left, the right

    def add(self, thumbnail: GreyImage) -> None:
        seen = [_plainness(side) for side in (thumbnail, thumbnail[::-1], thumbnail.T, thumbnail.T[::-1])]
        pairs = zip(self._least or seen, seen, strict=True)
        self._least = [np.minimum(before, now) for before, now in pairs]

    def content_box(self) -> Box:
        if not self._least:
            return WHOLE
        from_top, from_bottom, from_left, from_right = self._least
        top, bottom = _content(from_top, from_bottom)
        left, right = _content(from_left, from_right)
        return (left, top, right, bottom)


def _plainness(picture: GreyImage) -> Shares:
    """Per row, the share of its pixels that are as grey as the first row."""
    first, width = np.sort(picture[0]), len(picture[0])
    edge = (int(first[(width - 1) // 2]) + int(first[width // 2])) // 2  # the median
    plain = (picture >= max(0, edge - PLAIN_REACH)) & (picture <= min(255, edge + PLAIN_REACH))
    share: Shares = np.add.reduce(plain, axis=1, dtype=np.float32) / np.float32(width)
    return share


def _content(before: Shares, after: Shares) -> tuple[float, float]:
    """Start and end of what two opposite bars leave: with their text, else without."""
    size = len(before)
    for bar in (_captioned, _plain):
        start, end = bar(before), size - bar(after)
        if end - start >= LEAST_CONTENT * size:
            return (
                start / size if start >= LEAST_BAR * size else 0.0,
                end / size if size - end >= LEAST_BAR * size else 1.0,
            )
    return 0.0, 1.0


def _plain(shares: Shares) -> int:
    """Lines from the edge before the first that is not plain."""
    return _first(shares < PLAIN_SHARE)


def _captioned(shares: Shares) -> int:
    """Lines from the edge to the last fall, with nothing but plain lines and text before it."""
    plain = _plain(shares)
    reach = min(_first(shares < TEXT_SHARE), int(MOST_TEXT * len(shares)))
    after = np.minimum(shares[1:-1], shares[2:])
    falls = np.flatnonzero((shares[:-2] >= CLOSING_SHARE) & (shares[:-2] - after >= CLOSING_FALL))
    closing = falls[falls < reach]
    return max(plain, int(closing[-1]) + 1) if plain and closing.size else plain


def _first(lines: NDArray[np.bool_]) -> int:
    return int(lines.argmax()) if lines.any() else len(lines)


def cut(picture: NDArray[Pixel], box: Box) -> NDArray[Pixel]:
    """The part of a picture inside a box given in fractions, at least one pixel each way; a view of it."""
    height, width = picture.shape[:2]
    left, top = min(round(box[0] * width), width - 1), min(round(box[1] * height), height - 1)
    right, bottom = max(left + 1, round(box[2] * width)), max(top + 1, round(box[3] * height))
    return picture[top:bottom, left:right]
