"""The shots of a query, and where the picture lies within the frame in each.

In go a query's fingerprint and its usable frames, out come runs of frames between cuts and a box for every
frame: the pieces of a compilation have bars of their own, which are no bars of the whole clip.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import Fingerprint
from verify.fingerprint.bars import BarProfile
from verify.fingerprint.perceptual import hamming
from verify.fingerprint.record import Box

CUT_BITS = 64  #: of 256 between neighbouring sampled frames: another shot
LEAST_SHOT = 4  #: sampled frames, a bit more than a second
LOOKED_AT = 6  #: frames of a shot in which its bars are plain
MOST_BOXED = 100  #: shots, the longest ones; the others keep the bars of the clip
SAME_EDGE = 0.02  #: of a side; bars that differ less are the same, and hashed together

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


def is_cut(print_: Fingerprint, frames: Frames) -> NDArray[np.bool_]:
    """Whether another shot begins between each of `frames` and the next."""
    codes = print_.codes[frames, 1]
    return hamming(codes[1:], codes[:-1]) > CUT_BITS


def box_of(boxes: Boxes, frame: int) -> Box:
    left, top, right, bottom = boxes[frame].tolist()
    return left, top, right, bottom


def picture_boxes(query: Fingerprint, parts: Sequence[Frames]) -> Boxes:
    """Of every sampled frame, what the bars of its shot leave; in none of `parts`, those of the clip."""
    found = [np.array(query.content_box)]
    boxes = np.tile(found[0], (query.quality.size, 1))
    for shot in sorted(parts, key=len, reverse=True)[:MOST_BOXED] if len(parts) > 1 else []:
        box = _box(query, shot)
        known = next((other for other in found if np.abs(other - box).max() <= SAME_EDGE), None)
        if known is None:
            found.append(box)
        boxes[shot] = box if known is None else known
    return boxes


def _box(query: Fingerprint, shot: Frames) -> NDArray[np.float64]:
    profile = BarProfile()
    for at in np.linspace(0, shot.size - 1, min(LOOKED_AT, shot.size)).round().astype(np.intp):
        profile.add(query.thumbnail(int(shot[at])))
    return np.array(profile.content_box())
