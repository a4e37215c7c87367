"""Aligned runs to match segments: one account of the query, nothing told twice.

In go all runs of all hypotheses with their scores, out come the segments of the report. Of runs that
tell the same seconds of the same reference the surest stays; runs that continue one another join.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from verify.fingerprint import Fingerprint
from verify.matching.geometry import orientation_of, to_record
from verify.matching.scoring import in_words
from verify.matching.transforms import named
from verify.matching.verification import Evidence
from verify.model import FramePair, MatchKind, MatchSegment, Span

SAME_OVERLAP = 0.5  #: share of the shorter run that another may already tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A run with what it was judged to be."""

    evidence: Evidence
    score: float
    false_match: float  #: probability, at the size of the set that was searched
    kind: MatchKind


def select(judged: Sequence[Judged]) -> list[Judged]:
    """The surest runs that do not tell the same frames of the same reference twice, best first."""
    kept: list[Judged] = []
    for candidate in sorted(judged, key=lambda one: -one.score):
        if not any(_same(candidate.evidence, other.evidence) for other in kept):
            kept.append(candidate)
    return kept


def _same(one: Evidence, other: Evidence) -> bool:
    if one.hypothesis.reference != other.hypothesis.reference:
        return False
    common = np.intersect1d(one.query_frames, other.query_frames).size
    return bool(common >= SAME_OVERLAP * min(one.query_frames.size, other.query_frames.size))


def segment(judged: Judged, query: Fingerprint, reference: Fingerprint, reference_id: str) -> MatchSegment:
    """The record of one run."""
    evidence = judged.evidence
    span = query_span(evidence, query)
    pairs = _pairs(evidence, query, reference)
    distances = sorted(pair.distance for pair in pairs)
    return MatchSegment(
        reference_id=reference_id,
        kind=judged.kind,
        query=span,
        reference=_reference_span(evidence, span, reference),
        speed=evidence.speed,
        orientation=orientation_of(evidence.hypothesis.matrix),
        transforms=named(evidence, query, reference),
        tier=evidence.hypothesis.tier,
        pairs=pairs,
        matched_frames=len(pairs),
        eligible_frames=int(((query.times_us >= span.start_us) & (query.times_us <= span.end_us)).sum()),
        distance_min=distances[0],
        distance_median=distances[len(distances) // 2],
        distance_max=distances[-1],
        score=round(judged.score, 6),
        false_match_probability=float(f"{judged.false_match:.2g}"),
        confidence=in_words(judged.false_match),
        geometry=to_record(evidence.hypothesis.matrix, evidence.hypothesis.inliers),
    )


def query_span(evidence: Evidence, query: Fingerprint) -> Span:
    """From halfway to the frame before the run to halfway to the one after, or to the query's ends."""
    first, last = int(evidence.query_frames[0]), int(evidence.query_frames[-1])
    times = query.times_us
    start = 0 if first == 0 else int(times[first - 1] + times[first]) // 2
    end = query.duration_us if last == len(times) - 1 else int(times[last] + times[last + 1]) // 2
    return Span(start_us=start, end_us=max(start, end))


def _reference_span(evidence: Evidence, span: Span, reference: Fingerprint) -> Span:
    if not reference.duration_us:
        return Span(start_us=0, end_us=0)
    limit = reference.duration_us
    start, end = (
        min(max(round(evidence.speed * time + evidence.offset_us), 0), limit)
        for time in (span.start_us, span.end_us)
    )
    return Span(start_us=start, end_us=end)


def _pairs(evidence: Evidence, query: Fingerprint, reference: Fingerprint) -> tuple[FramePair, ...]:
    return tuple(
        FramePair(
            query_us=int(query.times_us[ours]),
            reference_us=int(reference.times_us[theirs]),
            distance=int(distance),
        )
        for ours, theirs, distance in zip(
            evidence.query_frames, evidence.reference_frames, evidence.distances, strict=True
        )
    )
