"""What was done to the reference to give the query, in words.

In goes one aligned run, out come names such as "cropped to the upper left 54 % of the picture".
Orientation and speed have fields of their own in the match segment and are not repeated here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from verify.fingerprint import Fingerprint
from verify.fingerprint.bars import cut
from verify.fingerprint.record import WHOLE, Box
from verify.matching.geometry import (
    Matrix,
    corners,
    inverse,
    orientation_of,
    overlap,
    shared_area,
    transform,
    undo,
)
from verify.matching.hypothesis import Path
from verify.matching.patches import AGREES, laid_on
from verify.matching.verification import Evidence
from verify.model import GreyImage

WHOLE_SHARE = 0.95  #: of a picture; a map is not known better than this
INSET_SHARE = 0.8  #: of the query's picture; a smaller part without plain bars around it is an inset
TURN_DEGREES = 2.0
SLANT = 0.02  #: of its side, by which a corner of a picture between bars may be off
PERSPECTIVE = 0.04  #: of the side: how much opposite edges may differ
STRETCH = 1.12  #: of the aspect ratio
CONTRAST = 1.3  #: ratio
BRIGHTNESS = 25.0  #: grey levels
COVERED_SHARE = 0.08  #: of the compared blocks
#: What two pictures with the same bars may differ by beside what was compared, grey levels: in their mean,
#: and about it on the mean and by letters, so far and of so many pixels. 29 copies that were mirrored, toned,
#: blurred, given noise or encoded again (sets 27 and 93) have 9, 5.7 and 1.6 % at most.
BAR_LEVEL, BAR_TEXTURE, LETTER_LEVEL, LETTER_SHARE = 30.0, 12.0, 40.0, 0.02
#: Share of a side that a bar's edge may be off by, which is not compared, and the least that is compared.
BAR_EDGE, LEAST_COMPARED = 0.012, 0.01
BARS_COMPARED = 5  #: frame pairs: one may be black where the others show what was covered

_THIRDS_ACROSS = ("left", "", "right")
_THIRDS_DOWN = ("upper", "", "lower")


def named(evidence: Evidence, query: Fingerprint, reference: Fingerprint) -> tuple[str, ...]:
    """Names of the changes, those that moved the picture first."""
    outside = [_movement(evidence.hypothesis.path)]
    if not outside[0] and not _same_outside(evidence, query, reference):
        framed = "" if _is_crop_alone(evidence, query, reference) else _frame(evidence)
        outside = [_crop(evidence, reference.content_box), framed]
    names = [*outside, *_shape(evidence, query, reference), *_look(evidence)]
    return tuple(name for name in names if name)


def _same_outside(evidence: Evidence, query: Fingerprint, reference: Fingerprint) -> bool:
    """Whether frame lies on frame, and what lies beside the compared part is the same: bars of both."""
    whole = overlap(evidence.hypothesis.matrix)
    if whole is None or min(whole.query_share, whole.reference_share) < WHOLE_SHARE:
        return False
    content = reference.content_box
    margins = [*_margins(evidence.common.reference_box, content), *_margins(content, WHOLE)]
    return _are_alike(margins, evidence, query, reference)


def _is_crop_alone(evidence: Evidence, query: Fingerprint, reference: Fingerprint) -> bool:
    """Whether the query lies within the reference and its bars are what is there: bars, or a plain sky."""
    whole = overlap(evidence.hypothesis.matrix)
    if whole is None or not whole.query_share >= WHOLE_SHARE > whole.reference_share:
        return False
    margins = _margins(evidence.common.reference_box, whole.reference_box)
    return _are_alike(margins, evidence, query, reference)


def _are_alike(
    margins: Sequence[Box], evidence: Evidence, query: Fingerprint, reference: Fingerprint
) -> bool:
    pairs = np.column_stack([evidence.query_frames, evidence.reference_frames])
    chosen = pairs[np.unique(np.linspace(0, len(pairs) - 1, BARS_COMPARED).astype(np.intp))]
    return not margins or all(
        _alike(cut(laid, margin), cut(known, margin))
        for laid, known in (_laid(evidence, query, reference, *pair) for pair in chosen.tolist())
        for margin in margins
    )


def _margins(inner: Box, outer: Box) -> list[Box]:
    """What of `outer` lies above, below, left and right of `inner`, but for edges and slivers."""
    left, top, right, bottom = outer
    around = [
        (left, top, right, inner[1]),
        (left, inner[3], right, bottom),
        (left, top, inner[0], bottom),
        (inner[2], top, right, bottom),
    ]
    within = [(box[0] + BAR_EDGE, box[1] + BAR_EDGE, box[2] - BAR_EDGE, box[3] - BAR_EDGE) for box in around]
    return [box for box in within if min(box[2] - box[0], box[3] - box[1]) >= LEAST_COMPARED]


def _laid(
    evidence: Evidence, query: Fingerprint, reference: Fingerprint, query_frame: int, reference_frame: int
) -> tuple[GreyImage, GreyImage]:
    """The query's picture, moved to where the reference's is, and that in the query's tone."""
    theirs = reference.thumbnail(reference_frame)
    moved = laid_on(query.thumbnail(query_frame), evidence.hypothesis.matrix, theirs.shape[::-1])
    box, (contrast, _) = evidence.common.reference_box, evidence.tone
    toned = (theirs - float(cut(theirs, box).mean())) * contrast + float(cut(moved, box).mean())
    return moved, np.clip(toned, 0, 255).astype(np.uint8)


def _alike(one: GreyImage, other: GreyImage) -> bool:
    difference = one.astype(np.float64) - other
    level = difference.mean()
    about = np.abs(difference - level)
    letters = (about > LETTER_LEVEL).mean()
    return bool(abs(level) <= BAR_LEVEL and about.mean() <= BAR_TEXTURE and letters <= LETTER_SHARE)


def _crop(evidence: Evidence, content: Box) -> str:
    """`content` is what lies between the reference's own bars."""
    common = evidence.common
    if common.reference_share >= WHOLE_SHARE:
        return ""
    left, top, right, bottom = content
    shown = min(
        shared_area(common.reference_box, content), common.reference_share / ((right - left) * (bottom - top))
    )
    if shown >= WHOLE_SHARE:
        return "plain margins cut off" if common.query_share >= WHOLE_SHARE else ""
    where = _place(common.reference_box)
    return f"cropped to {where}{common.reference_share:.0%} of the picture".replace("%", " %")


def _movement(path: Path) -> str:
    """How the picture moves over the reference's, by the first and last frame; empty where it does not."""
    if not path:
        return ""
    maps = list(path.values())
    first, last = (_part(maps[end]) for end in (0, -1))
    return f"seen through a moving window, first {first} of the picture, last {last}"


def _part(matrix: Matrix) -> str:
    shown = overlap(matrix)
    if shown is None or shown.reference_share >= WHOLE_SHARE:
        return "the whole"
    return f"{_place(shown.reference_box)}{shown.reference_share:.0%}".replace("%", " %")


def _frame(evidence: Evidence) -> str:
    common = evidence.common
    if common.query_share >= WHOLE_SHARE:
        return ""
    left, top, right, bottom = box = evidence.hypothesis.query_box
    between_bars = box != WHOLE and common.query_share >= 0.9 * (right - left) * (bottom - top)
    if between_bars and _lies_straight(evidence.hypothesis.matrix):
        return "letterboxed" if (bottom - top) < (right - left) else "pillarboxed"
    size = f"{common.query_share:.0%} of the frame".replace("%", " %")
    if common.query_share < INSET_SHARE and not between_bars:
        return f"picture in picture, {_place(common.query_box)}{size}"
    return f"framed, {size}"


def _lies_straight(matrix: Matrix) -> bool:
    """Whether the reference's edges run along the frame's, as they do between bars."""
    seen = transform(inverse(matrix), corners(WHOLE))
    low, high = seen.min(axis=0), seen.max(axis=0)
    off = np.minimum(np.abs(seen - low), np.abs(seen - high)) / (high - low)
    return bool(off.max() <= SLANT)


def _place(box: tuple[float, float, float, float]) -> str:
    """Where a box lies in the unit square, in words: "the upper left ", "the middle "."""
    across = _third(box[0], 1 - box[2])
    down = _third(box[1], 1 - box[3])
    words = " ".join(word for word in (_THIRDS_DOWN[down], _THIRDS_ACROSS[across]) if word)
    return f"the {words or 'middle'} "


def _third(before: float, after: float) -> int:
    if abs(before - after) < 0.1:
        return 1
    return 0 if before < after else 2


def _shape(evidence: Evidence, query: Fingerprint, reference: Fingerprint) -> list[str]:
    matrix = evidence.hypothesis.matrix
    names = []
    if _perspective(matrix) > PERSPECTIVE:
        names.append("perspective changed, as when a screen is filmed")
    upright = _upright_pixels(matrix, query, reference)
    turn = abs(float(np.degrees(np.arctan2(upright[1, 0] - upright[0, 1], upright[0, 0] + upright[1, 1]))))
    if turn > TURN_DEGREES:
        names.append(f"turned by {turn:.0f} degrees")
    across, down = np.linalg.norm(upright[:, 0]), np.linalg.norm(upright[:, 1])
    if max(across, down) > STRETCH * min(across, down):
        names.append("squeezed")
    return names


def _upright_pixels(matrix: Matrix, query: Fingerprint, reference: Fingerprint) -> Matrix:
    """The linear part of the map between pixel grids, with the orientation undone."""
    orientation = orientation_of(matrix)
    linear = matrix[:2, :2] / matrix[2, 2] @ np.linalg.inv(undo(orientation)[:2, :2])
    sides = (query.width, query.height)
    turned = sides[::-1] if abs(undo(orientation)[0, 1]) > 0 else sides
    pixels: Matrix = (
        np.diag([reference.width, reference.height]) @ linear @ np.diag([1 / turned[0], 1 / turned[1]])
    )
    return pixels


def _perspective(matrix: Matrix) -> float:
    depth = matrix[2, :2] / matrix[2, 2]
    return float(np.abs(depth).max())


def _look(evidence: Evidence) -> list[str]:
    names = []
    contrast, brightness = evidence.tone
    if not 1 / CONTRAST <= contrast <= CONTRAST or abs(brightness) > BRIGHTNESS:
        names.append("brightness or contrast changed")
    seen = evidence.blocks[~np.isnan(evidence.blocks)]
    if seen.size and float((seen < AGREES / 2).mean()) > COVERED_SHARE and float(np.median(seen)) > AGREES:
        names.append("partly covered, as by a caption, logo or sticker")
    return names
