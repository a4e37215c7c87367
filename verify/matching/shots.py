"""The shots of a query, and where the picture lies within the frame in each.

In go a query's fingerprint and its usable frames, out come runs of frames between cuts and a box for every
frame: the pieces of a compilation have bars of their own, which are no bars of the whole clip.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import Fingerprint
from verify.fingerprint.bars import BarProfile
from verify.fingerprint.perceptual import hamming
from verify.fingerprint.record import Box

CUT_BITS = 64  #: of 256 between neighbouring sampled frames: another shot
LEAST_SHOT = 4  #: sampled frames, a bit more than a second
LOOKED_AT = 6  #: frames of a shot in which its bars are plain

Frames = NDArray[np.intp]
Boxes = NDArray[np.float64]  #: (n, 4): left, top, right, bottom in each sampled frame, in fractions


def shots(query: Fingerprint, frames: Frames) -> list[Frames]:
    """`frames` divided where the picture changes most from one to the next, no two cuts too near."""
    if not frames.size:
        return []
    codes = query.codes[frames, 1]
    change = hamming(codes[1:], codes[:-1])
    starts = np.zeros(0, np.intp)
    for cut in (np.argsort(-change, kind="stable") + 1).tolist():
        if change[cut - 1] <= CUT_BITS:
            break
        if np.abs(np.append(starts, 0) - cut).min() >= LEAST_SHOT:
            starts = np.append(starts, cut)
    return np.split(frames, np.sort(starts))


def box_of(boxes: Boxes, frame: int) -> Box:
    left, top, right, bottom = boxes[frame].tolist()
    return left, top, right, bottom


def picture_boxes(query: Fingerprint, frames: Frames) -> Boxes:
    """The frame without the bars of its shot; those of the whole clip in frames that are not in `frames`."""
    boxes = np.tile(np.array(query.content_box), (query.quality.size, 1))
    parts = shots(query, frames)
    for shot in parts if len(parts) > 1 else []:
        profile = BarProfile()
        for at in np.linspace(0, shot.size - 1, min(LOOKED_AT, shot.size)).round().astype(np.intp):
            profile.add(query.thumbnail(int(shot[at])))
        boxes[shot] = profile.content_box()
    return boxes
