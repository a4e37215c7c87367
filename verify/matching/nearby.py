"""Neighbouring seconds: whether a run agrees better a few frames earlier or later, under a finer map.

Where a camera moves slowly, a part of a frame shows nearly the same as another part of a later one. A map
off by little, or corners of a keyframe seconds away, then leads to the wrong seconds, and along the run every
frame agrees well. In goes what is told of a query, out comes the same with each copy that corners or guesses
led to moved a sampled frame at a time as long as its pictures are more alike there, each time under the map
that suits them best (`finer.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from verify.fingerprint import Fingerprint
from verify.matching.finer import finer
from verify.matching.hypothesis import Hypothesis
from verify.matching.index import ReferenceIndex
from verify.matching.judging import Judged, judge
from verify.matching.patches import Agreement, compare
from verify.matching.selection import SAME_OVERLAP
from verify.matching.verification import Evidence, examine, laid_over
from verify.model import MatchKind

MOST_COPIES = 16  #: of a query, the surest first; one takes 0.2 s, more if it is moved far
LEAST_FRAMES = 4  #: of a run, and of what is left of it at an end of the reference
MOST_STEPS = 12  #: sampled frames, each way: 4 s
MOST_COMPARED = 24  #: frame pairs of a run, spread over it
#: Of the blocks of a frame, those that agree best: a caption spoils the others, wherever the run is laid.
BETTER_SHARE = 0.6
#: Of what blocks differ by, that is left where it is better; and the least of it that is more than noise. Of
#: 33 pieces of drawn footage of a slow camera, off by up to 9 s, 25 lie within a sixth of a second since, 4
#: did before; of 32 under a caption none was moved away from its second, two where all blocks decided.
LEAST_FALL, LEAST_APART = 0.97, 0.00003


@dataclass(frozen=True, slots=True)
class _Place:
    """A run laid elsewhere."""

    run: Evidence  #: its frames and hypothesis are those there, all else is as it was found
    apart: float  #: 1 less the mean correlation of the blocks
    better_apart: float  #: the same of the better blocks


def at_better_seconds(told: Sequence[Judged], query: Fingerprint, index: ReferenceIndex) -> list[Judged]:
    """What is `told`, with the copies moved that fit better, and are copies still, some frames away."""
    found = list(told)
    for place in [place for place, one in enumerate(told) if _may_be_moved(one)][:MOST_COPIES]:
        found[place] = _at_better_seconds(told[place], query, index)
    return found


def _may_be_moved(one: Judged) -> bool:
    """Whole pictures that hashes led to, and moving ones, lie well; what stands still is alike anywhere."""
    run = one.evidence
    long_enough = len(run.query_frames) >= LEAST_FRAMES and run.footage_moves
    lies_well = run.hypothesis.tier == "hash" or run.hypothesis.path
    return one.kind is MatchKind.COPY and long_enough and not lies_well


def _at_better_seconds(one: Judged, query: Fingerprint, index: ReferenceIndex) -> Judged:
    reference = index.load(one.evidence.hypothesis.reference)
    better = better_nearby(one.evidence, query, reference)
    runs = examine(better, query, reference) if better else []
    moved = [judge(run, index) for run in runs if _of_the_same_frames(run, one.evidence)]
    copies = [there for there in moved if there.kind is MatchKind.COPY and there.worth_telling]
    return max([one, *copies], key=lambda there: there.evidence.gain)


def _of_the_same_frames(run: Evidence, other: Evidence) -> bool:
    """Not a longer run, which would hide that there are two."""
    common = np.intersect1d(run.query_frames, other.query_frames).size
    return bool(common >= SAME_OVERLAP * max(run.query_frames.size, other.query_frames.size))


def better_nearby(run: Evidence, query: Fingerprint, reference: Fingerprint) -> Hypothesis | None:
    """The hypothesis of the seconds nearby at which a run agrees clearly better; None: it stays."""
    rough = _placed(run, 0, query, reference)
    here = _placed(rough.run, 0, query, reference) if rough else None
    if here is None:
        return None
    visited = [place for way in (-1, 1) for place in _climbed(here, way, query, reference)]
    best = min(visited, key=lambda place: place.better_apart, default=here)
    return best.run.hypothesis if _has_fallen(here.better_apart, best.better_apart) else None


def _climbed(here: _Place, way: int, query: Fingerprint, reference: Fingerprint) -> Iterator[_Place]:
    """The places that way as long as each is better than the one before.

    By all blocks it is felt from farther away, by the better ones a caption does not lead astray.
    """
    place = here
    for _ in range(MOST_STEPS):
        further = _placed(place.run, way, query, reference)
        if further is None or not (
            _has_fallen(place.apart, further.apart) or _has_fallen(place.better_apart, further.better_apart)
        ):
            break
        yield further
        place = further


def _has_fallen(before: float, after: float) -> bool:
    return after <= LEAST_FALL * before and before - after >= LEAST_APART


def _placed(run: Evidence, ahead: int, query: Fingerprint, reference: Fingerprint) -> _Place | None:
    """The run so many sampled frames of the reference ahead, what of it is within; None of too little.

    What the query no longer has in common counts as unlike: else a map would do well to drift until a caption
    lies outside.
    """
    partners = run.reference_frames + ahead
    within = (partners >= 0) & (partners < len(reference.times_us))
    if within.sum() < LEAST_FRAMES:
        return None
    moved = replace(run, query_frames=run.query_frames[within], reference_frames=partners[within])
    hypothesis = finer(moved, query, reference)
    laid = laid_over(hypothesis, query, reference) if hypothesis else None
    if hypothesis is None or laid is None:
        return None
    common, sampler = laid
    rows = np.unique(np.linspace(0, len(moved.query_frames) - 1, MOST_COMPARED).round().astype(np.intp))
    seen = compare(sampler.query(moved.query_frames[rows]), sampler.reference(moved.reference_frames[rows]))
    kept = min(1.0, common.query_share / run.common.query_share)
    all_blocks = float(seen.correlation.diagonal().mean())
    run_there = replace(moved, hypothesis=hypothesis)
    return _Place(run_there, 1 - kept * all_blocks, 1 - kept * _better_blocks(seen))


def _better_blocks(seen: Agreement) -> float:
    """Mean correlation, 0..1, of the BETTER_SHARE of each frame's textured blocks that agree best."""
    each = np.arange(seen.textured.shape[0])
    compared = seen.compared[:, each, each]
    blocks = np.where(compared, np.maximum(seen.blocks[:, each, each], 0), -1)
    taken = np.arange(len(blocks))[:, None] < np.ceil(BETTER_SHARE * compared.sum(axis=0))
    best_first = -np.sort(-blocks, axis=0)
    return float(np.where(taken, best_first, 0).sum() / max(taken.sum(), 1))
