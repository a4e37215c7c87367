"""Judged runs to match segments: the spans on both sides, the frame pairs and what was done.

In goes one run that is told, out comes its record in the report.
"""

from __future__ import annotations

from verify.fingerprint import Fingerprint
from verify.matching.geometry import orientation_of, to_record
from verify.matching.index import ReferenceIndex
from verify.matching.judging import Judged
from verify.matching.scoring import in_words
from verify.matching.transforms import named
from verify.matching.verification import Evidence
from verify.model import FramePair, MatchSegment, Span


def segment(judged: Judged, query: Fingerprint, index: ReferenceIndex) -> MatchSegment:
    """The record of one run."""
    evidence = judged.evidence
    reference = index.load(evidence.hypothesis.reference)
    span = query_span(evidence, query)
    pairs = _pairs(evidence, query, reference)
    path = [(int(query.times_us[frame]), map_) for frame, map_ in evidence.hypothesis.path.items()]
    distances = sorted(pair.distance for pair in pairs)
    return MatchSegment(
        reference_id=index.ids[evidence.hypothesis.reference],
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
        doubt=judged.doubt,
        geometry=to_record(evidence.hypothesis.matrix, evidence.hypothesis.inliers, path),
    )


def query_span(evidence: Evidence, query: Fingerprint) -> Span:
    """From halfway to the frame before the run to halfway to the one after, or to the query's ends."""
    first, last = int(evidence.query_frames[0]), int(evidence.query_frames[-1])
    times = query.times_us
    start = 0 if first == 0 else int(times[first - 1] + times[first]) // 2
    end = _length_us(query) if last == len(times) - 1 else int(times[last] + times[last + 1]) // 2
    return Span(start_us=start, end_us=max(start, end))


def _reference_span(evidence: Evidence, span: Span, reference: Fingerprint) -> Span:
    limit = _length_us(reference)
    if not limit:
        return Span(start_us=0, end_us=0)
    start, end = sorted(
        min(max(round(evidence.speed * time + evidence.offset_us), 0), limit)
        for time in (span.start_us, span.end_us)
    )
    return Span(start_us=start, end_us=end)


def _length_us(medium: Fingerprint) -> int:
    """0 for a still. A damaged file may go on beyond the length its header states."""
    return max(medium.duration_us, int(medium.times_us[-1]))


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
