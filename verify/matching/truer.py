"""Truer maps: where the corners of one frame pair say that the pictures of a run lie.

Hashes tell that two pictures are nearly the same, not how one lies on the other: a small turn, a crop of a
tenth or a screen filmed at a slant leaves them alike. And a map from few corners fits where those are. In
goes what is told of a query, out comes the same, each copy under the map on which the corners of one of its
frame pairs agree once they are laid as far as is known, if its pictures are clearly more alike under that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from verify.fingerprint import Fingerprint
from verify.fingerprint.local import VERIFYING_FEATURES, extract
from verify.fingerprint.quality import lit
from verify.fingerprint.record import WHOLE
from verify.matching.geometry import Matrix, corners, transform
from verify.matching.hypothesis import Hypothesis
from verify.matching.index import ReferenceIndex
from verify.matching.judging import Judged, judge
from verify.matching.lines import Line
from verify.matching.mapping import CLOSE_ERROR, verified_map
from verify.matching.patches import compare, laid_on
from verify.matching.verification import Evidence, examine_on, laid_over
from verify.model import MatchKind

MOST_COPIES = 12  #: of a query, the surest first; one takes 0.03 s
MOST_TRIED = 2  #: frame pairs of a run
MOST_COMPARED = 8  #: frame pairs of a run, spread over it
#: Guesses: mean correlation of the blocks from which a map is left as it is, and of what is missing to 1 what
#: may be left under a truer one.
EXACT, LEAST_FALL = 0.99, 0.8
#: Of a side: what a corner of the picture may be moved by, and by how much more than the others one must be;
#: a shift by a turning camera's lag differed by less between the corners (7 pans, up to 70 pixels a second).
MOST_MOVED, LEAST_RESHAPED = 0.2, 0.006


def under_truer_maps(told: Sequence[Judged], query: Fingerprint, index: ReferenceIndex) -> list[Judged]:
    """What is `told`, the copies laid anew where that is clearly better; surest first."""
    found = list(told)
    for place in [place for place, one in enumerate(told) if _may_lie_better(one)][:MOST_COPIES]:
        found[place] = _under_truer_map(told[place], query, index)
    return sorted(found, key=lambda one: -one.score)


def _may_lie_better(one: Judged) -> bool:
    moves = one.evidence.hypothesis.path
    return one.kind is MatchKind.COPY and not moves and float(one.evidence.correlation.mean()) < EXACT


def _under_truer_map(one: Judged, query: Fingerprint, index: ReferenceIndex) -> Judged:
    run = one.evidence
    reference = index.load(run.hypothesis.reference)
    most = 1 - LEAST_FALL * (1 - _alike(run, run.hypothesis, query, reference))
    tried = [(_alike(run, found, query, reference), found) for found in _by_corners(run, query, index)]
    for alike, hypothesis in sorted(tried, key=lambda pair: -pair[0]):
        laid = _laid_by(hypothesis, run, query, reference) if alike >= most else None
        judged = judge(replace(laid, close=run.close), index) if laid else None
        if judged and judged.kind is one.kind and judged.worth_telling:
            return judged
    return one


def _laid_by(
    hypothesis: Hypothesis, run: Evidence, query: Fingerprint, reference: Fingerprint
) -> Evidence | None:
    """The frame pairs of the run under another map."""
    # The screen's pictures lie far apart: what changes between them does between their partners, not beside.
    alone = run.reference_frames if hypothesis.tier == "screen" else None
    return examine_on(
        Line(speed=run.speed, offset_us=run.offset_us),
        replace(run, hypothesis=hypothesis),
        query,
        reference,
        same_frames=True,
        reference_frames=alone,
    )


def _by_corners(run: Evidence, query: Fingerprint, index: ReferenceIndex) -> Iterator[Hypothesis]:
    """The run's hypothesis with the maps of its frame pairs' corners."""
    before = run.hypothesis
    reference = index.load(before.reference)
    size = (reference.width, reference.height)
    for ours, theirs in _keyframe_pairs(run, query, reference):
        seen = extract(laid_on(lit(query.picture(ours)), before.matrix, size), count=VERIFYING_FEATURES)
        theirs_at = index.features(before.reference, theirs)
        found = verified_map(seen, size, theirs_at, size, error=CLOSE_ERROR)
        if found and _is_believable(found[0], moves=run.footage_moves):
            yield replace(before, matrix=found[0] @ before.matrix)


def _is_believable(correction: Matrix, *, moves: bool) -> bool:
    """Whether it moves the picture, not too far, and not only aside where the footage moves.

    There the frames of a pair are up to a sixth of a second apart, all pairs of a run about as far: a camera
    that turns shifts the picture meanwhile, and a map shifted by as much would seem better.
    """
    moved = transform(correction, corners(WHOLE)) - corners(WHOLE)
    reshaped = np.abs(moved - moved.mean(axis=0)).max()
    return bool(np.abs(moved).max() <= MOST_MOVED and not (moves and reshaped <= LEAST_RESHAPED))


def _keyframe_pairs(run: Evidence, query: Fingerprint, reference: Fingerprint) -> list[tuple[int, int]]:
    """Numbers of keyframes on either side that are nearly at the same instant, the nearest first."""
    ours = np.flatnonzero(np.isin(query.keyframes, run.query_frames))
    if not ours.size or not reference.keyframes.size:
        return []
    wanted_us = run.speed * query.times_us[query.keyframes[ours]] + run.offset_us
    apart_us = np.abs(reference.times_us[reference.keyframes] - wanted_us[:, None])
    nearest = apart_us.argmin(axis=1)
    order = np.argsort(apart_us.min(axis=1), kind="stable")[:MOST_TRIED]
    return [(int(ours[row]), int(nearest[row])) for row in order]


def _alike(run: Evidence, hypothesis: Hypothesis, query: Fingerprint, reference: Fingerprint) -> float:
    """Mean correlation of the blocks of the run's frame pairs under a map, less what that leaves out."""
    laid = laid_over(hypothesis, query, reference)
    if laid is None:
        return 0.0
    common, sampler = laid
    rows = np.unique(np.linspace(0, len(run.query_frames) - 1, MOST_COMPARED).round().astype(np.intp))
    seen = compare(sampler.query(run.query_frames[rows]), sampler.reference(run.reference_frames[rows]))
    kept = max(
        common.query_share / run.common.query_share, common.reference_share / run.common.reference_share
    )
    return min(1.0, kept) * float(seen.correlation.diagonal().mean())
