"""Where a run shows something else for a while: a cutaway, a card, a part that was turned over.

One bad frame splits no run, and the alignment goes on over a few (`lines.GAP_COST`): the line is the same
before and after. But what is shown between is not told by it. In go judged runs, out come their parts, each
as sure as the whole, as one line and one map hold for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from verify.matching.align import BREAK_EVEN
from verify.matching.judging import SAME_PICTURE_BITS, Judged
from verify.matching.verification import Evidence

LEAST_GAP = 3  #: frames in a row, a second; a guess


def without_gaps(judged: Iterable[Judged]) -> list[Judged]:
    """The runs, those with gaps as their parts before, between and after."""
    return [part for one in judged for part in _parts(one)]


def _parts(one: Judged) -> list[Judged]:
    ends = _ends(one.evidence)
    if len(ends) < 2:
        return [one]
    return [replace(one, evidence=one.evidence.part(first, last)) for first, last in ends]


def _ends(run: Evidence) -> list[tuple[int, int]]:
    """The first and the last of the frames between gaps, counted from the run's first."""
    other = (run.correlation < BREAK_EVEN) & (run.distances > SAME_PICTURE_BITS) & (run.textured > 0)
    changes = np.flatnonzero(np.diff(np.concatenate([[False], other, [False]]).astype(np.int8)))
    gaps = [(first, end) for first, end in changes.reshape(-1, 2) if end - first >= LEAST_GAP]
    starts = [0, *(end for _, end in gaps)]
    lasts = [*(first - 1 for first, _ in gaps), len(other) - 1]
    return [(int(first), int(last)) for first, last in zip(starts, lasts, strict=True) if first <= last]
