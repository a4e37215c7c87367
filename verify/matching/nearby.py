"""Neighbouring seconds: whether a run agrees better a few frames earlier or later, under a finer map.

Where a camera moves slowly, a part of a frame shows nearly the same as another part of a later one. A map
off by little, or corners of a keyframe seconds away, then leads to the wrong seconds, and along the run every
frame agrees well. In go a run and both fingerprints, out comes a hypothesis of the seconds nearby where its
pictures are most alike, each time under the map that suits them best (`finer.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from verify.fingerprint import Fingerprint
from verify.matching.finer import finer
from verify.matching.hypothesis import Hypothesis
from verify.matching.patches import compare
from verify.matching.verification import Evidence, laid_over

LEAST_FRAMES = 4  #: of a run, and of what is left of it at an end of the reference
MOST_STEPS = 12  #: sampled frames, each way: 4 s
#: Of the mean correlation of the blocks, by which a frame further is better. A crop of a slow drone rose by
#: 0.06 over five frames; what stands still varies by less.
LEAST_RISE = 0.001


@dataclass(frozen=True, slots=True)
class _Place:
    """A run laid elsewhere, under its own map."""

    run: Evidence
    agreement: float  #: mean correlation of the blocks, 0..1


def better_nearby(run: Evidence, query: Fingerprint, reference: Fingerprint) -> Hypothesis | None:
    """Of the seconds nearby that agree better than the run's own the best; None where none does."""
    here = _placed(run, 0, query, reference)
    if here is None:
        return None
    best = max(
        (_climbed(here, way, query, reference) for way in (-1, 1)),
        key=lambda place: place.agreement,
    )
    return None if best is here else best.run.hypothesis


def _climbed(here: _Place, way: int, query: Fingerprint, reference: Fingerprint) -> _Place:
    """The last place that way before it gets worse."""
    place = here
    for _ in range(MOST_STEPS):
        further = _placed(place.run, way, query, reference)
        if further is None or further.agreement <= place.agreement + LEAST_RISE:
            break
        place = further
    return place


def _placed(run: Evidence, ahead: int, query: Fingerprint, reference: Fingerprint) -> _Place | None:
    """The run so many sampled frames of the reference ahead, what of it is within; None of too little."""
    partners = run.reference_frames + ahead
    within = (partners >= 0) & (partners < len(reference.times_us))
    if within.sum() < LEAST_FRAMES:
        return None
    moved = replace(run, query_frames=run.query_frames[within], reference_frames=partners[within])
    hypothesis = finer(moved, query, reference)
    laid = laid_over(hypothesis, query, reference) if hypothesis else None
    if hypothesis is None or laid is None:
        return None
    _, sampler = laid
    seen = compare(sampler.query(moved.query_frames), sampler.reference(moved.reference_frames))
    agreement = float(seen.correlation.diagonal().mean())
    return _Place(replace(moved, hypothesis=hypothesis), agreement)
