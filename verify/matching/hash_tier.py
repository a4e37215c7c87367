"""The hash tier: query hashes in all eight orientations against every reference hash.

In go a query's fingerprint and the index, out come hypotheses, nearest first. A hash of the whole
frame or of the frame without bars, on either side, implies the map between the two pictures. Bars are
the whole clip's on the reference's side, each shot's on the query's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import Fingerprint, perceptual
from verify.fingerprint.bars import cut
from verify.fingerprint.quality import USABLE_QUALITY
from verify.fingerprint.record import WHOLE, Box
from verify.matching.geometry import boxes_map
from verify.matching.hypothesis import Hypothesis
from verify.matching.index import CodeHits, ReferenceIndex, distinct
from verify.matching.shots import Boxes, box_of
from verify.model import GreyImage, Orientation

#: Bits of 256. Of 27 million unrelated frame pairs at quality 80 none was at 70 or less, P(<= 76) is
#: 1e-7 and P(<= 84) 9e-7 (handbook `algorithms.md` 1.3): what is this near is worth aligning.
CANDIDATE_BITS = 76
SAME_QUERY_CODE_BITS = 10  #: nearer query frames find the same references
BLOCK_FRAMES = 512  #: turned at once: 16 kB each in the meantime
MOST_HYPOTHESES = 16
MOST_ANCHORS = 200

_ORIENTATIONS = tuple(Orientation)

Look = tuple[Box, NDArray[np.intp]]  #: a part of the frame, and the frames of which it is hashed


def propose(
    query: Fingerprint, index: ReferenceIndex, frames: NDArray[np.intp], boxes: Boxes
) -> list[Hypothesis]:
    """Hypotheses from the usable ones of `frames`, most promising first.

    Each is hashed whole and, where its row of `boxes` says that it has bars, without them.
    """
    usable = frames[query.quality[frames] >= USABLE_QUALITY]
    searched = usable[distinct(query.codes[usable, 1], SAME_QUERY_CODE_BITS)]
    if not len(searched):
        return []
    looks = _looks(searched, boxes)
    codes = [_turned_codes(query, frames, box) for box, frames in looks]
    return nearest(index, looks, codes, CANDIDATE_BITS, boxes)


def nearest(
    index: ReferenceIndex, looks: Sequence[Look], codes: Sequence[perceptual.Codes], bits: int, boxes: Boxes
) -> list[Hypothesis]:
    """Hypotheses from codes at most `bits` from the references', most promising first.

    For each of `looks` there are codes of its frames in all orientations, orientation first.
    """
    groups = _grouped(index.near_codes(np.concatenate(codes), bits), looks)
    ranked = sorted(groups.items(), key=lambda group: _rank(group[1]))
    return [_hypothesis(index, key, looks[key[2]][0], rows, boxes) for key, rows in ranked[:MOST_HYPOTHESES]]


_Key = tuple[int, int, int, bool]  #: reference, orientation, look, reference trimmed
_Rows = list[tuple[int, int, int]]  #: distance, query frame, reference frame


def _looks(searched: NDArray[np.intp], boxes: Boxes) -> list[Look]:
    different, which = np.unique(boxes[searched], axis=0, return_inverse=True)
    trimmed = [
        ((left, top, right, bottom), searched[which.ravel() == number])
        for number, (left, top, right, bottom) in enumerate(different.tolist())
    ]
    return [(WHOLE, searched), *(look for look in trimmed if look[0] != WHOLE)]


def _turned_codes(query: Fingerprint, frames: NDArray[np.intp], box: Box) -> perceptual.Codes:
    """Codes of every frame with every orientation undone, shape (8 x frames, 32)."""
    blocks = [
        _turned_block(query, frames[start : start + BLOCK_FRAMES], box)
        for start in range(0, len(frames), BLOCK_FRAMES)
    ]
    return np.concatenate(blocks, axis=1).reshape(-1, 32)


def _turned_block(query: Fingerprint, frames: NDArray[np.intp], box: Box) -> perceptual.Codes:
    return in_all_orientations(
        np.stack([perceptual.small(cut(query.thumbnail(int(frame)), box)) for frame in frames])
    )


def in_all_orientations(pictures: GreyImage) -> perceptual.Codes:
    """Codes with every orientation undone, (8, k, 32)."""
    values = perceptual.coefficients(pictures)
    return np.stack(
        [perceptual.codes(perceptual.turned(values, orientation)) for orientation in _ORIENTATIONS]
    )


def _grouped(hits: CodeHits, looks: Sequence[Look]) -> dict[_Key, _Rows]:
    ends = np.cumsum([len(_ORIENTATIONS) * len(frames) for _, frames in looks])
    numbers = np.searchsorted(ends, hits.query, side="right")
    within = hits.query - np.pad(ends, (1, 0))[numbers]
    groups: dict[_Key, _Rows] = {}
    for row in np.argsort(hits.distance, kind="stable").tolist():
        number = int(numbers[row])
        frames = looks[number][1]
        orientation, position = divmod(int(within[row]), len(frames))
        key = (int(hits.reference[row]), orientation, number, bool(hits.trimmed[row]))
        rows = groups.setdefault(key, [])
        if len(rows) < MOST_ANCHORS:
            rows.append((int(hits.distance[row]), int(frames[position]), int(hits.frame[row])))
    return groups


def _rank(rows: _Rows) -> tuple[int, int]:
    """Nearest first, in steps of 16 bits; among equals the one that more query frames agree on."""
    return rows[0][0] // 16, -len({query_frame for _, query_frame, _ in rows})


def _hypothesis(index: ReferenceIndex, key: _Key, hashed: Box, rows: _Rows, boxes: Boxes) -> Hypothesis:
    reference, orientation, _, reference_trimmed = key
    reference_box = index.load(reference).content_box if reference_trimmed else WHOLE
    return Hypothesis(
        reference=reference,
        matrix=boxes_map(hashed, reference_box, _ORIENTATIONS[orientation]),
        tier="hash",
        anchors=tuple((query_frame, reference_frame) for _, query_frame, reference_frame in rows),
        query_box=box_of(boxes, rows[0][1]),
        distance=rows[0][0],
    )
