"""The hash tier: query hashes in all eight orientations against every reference hash.

In go a query's fingerprint and the index, out come hypotheses, nearest first. A hash of the whole
frame or of the frame without bars, on either side, implies the map between the two pictures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import Fingerprint, perceptual
from verify.fingerprint.bars import cut
from verify.fingerprint.quality import USABLE_QUALITY
from verify.fingerprint.record import WHOLE, Box
from verify.matching.geometry import boxes_map
from verify.matching.hypothesis import Hypothesis
from verify.matching.index import CodeHits, ReferenceIndex, distinct
from verify.model import Orientation

#: Bits of 256. Of 27 million unrelated frame pairs at quality 80 none was at 70 or less, P(<= 76) is
#: 1e-7 and P(<= 84) 9e-7 (handbook `algorithms.md` 1.3): what is this near is worth aligning.
CANDIDATE_BITS = 76
SAME_QUERY_CODE_BITS = 10  #: nearer query frames find the same references
BLOCK_FRAMES = 512  #: turned at once: 16 kB each in the meantime
MOST_HYPOTHESES = 16
MOST_ANCHORS = 200

_ORIENTATIONS = tuple(Orientation)


def propose(query: Fingerprint, index: ReferenceIndex, frames: NDArray[np.intp]) -> list[Hypothesis]:
    """Hypotheses from the usable ones of `frames`, most promising first."""
    usable = frames[query.quality[frames] >= USABLE_QUALITY]
    searched = usable[distinct(query.codes[usable, 1], SAME_QUERY_CODE_BITS)]
    if not len(searched):
        return []
    variants = (False, True) if query.has_bars else (False,)
    codes = np.concatenate([_turned_codes(query, searched, trimmed=trimmed) for trimmed in variants])
    hits = index.near_codes(codes, CANDIDATE_BITS)
    groups = _grouped(hits, searched, len(variants))
    ranked = sorted(groups.items(), key=lambda group: _rank(group[1]))
    return [_hypothesis(query, index, key, rows) for key, rows in ranked[:MOST_HYPOTHESES]]


_Key = tuple[int, int, bool, bool]  #: reference, orientation, query trimmed, reference trimmed
_Rows = list[tuple[int, int, int]]  #: distance, query frame, reference frame


def _turned_codes(query: Fingerprint, frames: NDArray[np.intp], *, trimmed: bool) -> perceptual.Codes:
    """Codes of every frame with every orientation undone, shape (8 x frames, 32)."""
    box = query.content_box if trimmed else WHOLE
    blocks = [
        _turned_block(query, frames[start : start + BLOCK_FRAMES], box)
        for start in range(0, len(frames), BLOCK_FRAMES)
    ]
    return np.concatenate(blocks, axis=1).reshape(-1, 32)


def _turned_block(query: Fingerprint, frames: NDArray[np.intp], box: Box) -> perceptual.Codes:
    pictures = np.stack([perceptual.small(cut(query.thumbnail(int(frame)), box)) for frame in frames])
    values = perceptual.coefficients(pictures)
    return np.stack(
        [perceptual.codes(perceptual.turned(values, orientation)) for orientation in _ORIENTATIONS]
    )


def _grouped(hits: CodeHits, searched: NDArray[np.intp], variants: int) -> dict[_Key, _Rows]:
    per_variant = len(_ORIENTATIONS) * len(searched)
    groups: dict[_Key, _Rows] = {}
    for row in np.argsort(hits.distance, kind="stable").tolist():
        variant, rest = divmod(int(hits.query[row]), per_variant)
        orientation, position = divmod(rest, len(searched))
        key = (int(hits.reference[row]), orientation, variants == 2 and variant == 1, bool(hits.trimmed[row]))
        rows = groups.setdefault(key, [])
        if len(rows) < MOST_ANCHORS:
            rows.append((int(hits.distance[row]), int(searched[position]), int(hits.frame[row])))
    return groups


def _rank(rows: _Rows) -> tuple[int, int]:
    """Nearest first, in steps of 16 bits; among equals the one that more query frames agree on."""
    return rows[0][0] // 16, -len({query_frame for _, query_frame, _ in rows})


def _hypothesis(query: Fingerprint, index: ReferenceIndex, key: _Key, rows: _Rows) -> Hypothesis:
    reference, orientation, query_trimmed, reference_trimmed = key
    query_box = query.content_box if query_trimmed else WHOLE
    reference_box = index.load(reference).content_box if reference_trimmed else WHOLE
    return Hypothesis(
        reference=reference,
        matrix=boxes_map(query_box, reference_box, _ORIENTATIONS[orientation]),
        tier="hash",
        anchors=tuple((query_frame, reference_frame) for _, query_frame, reference_frame in rows),
        distance=rows[0][0],
    )
