"""Which moment of the reference a match segment lays beside a moment of the query.

In: a segment. Out: reference time = speed x query time + offset, in microseconds from the first picture of
each file; it holds beyond the segment's ends too. Pure. A reference without a duration has one moment.
"""

from __future__ import annotations

from statistics import median

from verify.model import MatchSegment

#: Two ends of one line differ by no more than rounding, unless one was cut off at an end of the reference.
_ROUNDING_US = 2_000


def reference_time_us(segment: MatchSegment, query_us: int, *, reference_duration_us: int) -> int:
    """The reference's time beside `query_us`; outside the reference it is negative or past its end."""
    if segment.reference.duration_us == 0 and segment.query.duration_us > 0:
        return segment.reference.start_us
    return round(segment.speed * query_us + _offset_us(segment, reference_duration_us))


def _offset_us(segment: MatchSegment, reference_duration_us: int) -> float:
    """Reference time at query time zero.

    The spans lie on the line that the matching found, but for ends that were cut to the reference's length:
    a start cut to 0 lies above the line, an end cut to the duration below it.
    """
    if segment.speed < 0:
        return _offset_backwards_us(segment)
    at_start = segment.reference.start_us - segment.speed * segment.query.start_us
    at_end = segment.reference.end_us - segment.speed * segment.query.end_us
    if segment.reference.start_us > 0 or at_start - at_end <= _ROUNDING_US:
        return at_start
    if segment.reference.end_us < reference_duration_us or not segment.pairs:
        return at_end
    # Both may be cut: the pairs are left, which lie within a sampling step of the line.
    by_pairs = median(pair.reference_us - segment.speed * pair.query_us for pair in segment.pairs)
    return min(max(by_pairs, at_end), at_start)


def _offset_backwards_us(segment: MatchSegment) -> float:
    """The same where the query's end is the reference's start, which was cut where it is 0."""
    if segment.reference.start_us > 0:
        return segment.reference.start_us - segment.speed * segment.query.end_us
    return segment.reference.end_us - segment.speed * segment.query.start_us
