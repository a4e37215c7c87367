"""What was found about each medium in; the matched references with their segments out (pure).

Only `MatchKind.COPY` is a copy. The same scene at another time, a possible match and a shared overlay
(a channel logo, a caption bar) are kept apart as leads for a person. A reference that is the checked post
itself is no earlier publication of it, and is marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from verify.findings.dates import KnownDate, known_date
from verify.findings.wording import medium_words
from verify.model import MatchKind, MatchSegment, MediaReport, Post, Reference, Span

# Keyframes are at most a second apart, so a match may end that much before the footage does; a tenth
# covers fades and title cards, which show nothing that could match.
UNMATCHED_TOLERATED_US = 1_000_000
UNMATCHED_TOLERATED_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One medium of the post holding footage of one reference."""

    medium: MediaReport
    name: str  #: what to call the medium
    reference: Reference
    segments: tuple[MatchSegment, ...]  #: in the order of the query
    known: KnownDate | None
    is_the_post_itself: bool

    @property
    def matched_us(self) -> int:
        return covered_us(segment.query for segment in self.segments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of one medium is explained by copies of any reference."""

    name: str
    matched_us: int
    duration_us: int

    @property
    def is_partial(self) -> bool:
        unmatched = self.duration_us - self.matched_us
        return unmatched > max(UNMATCHED_TOLERATED_US, UNMATCHED_TOLERATED_SHARE * self.duration_us)


def find_segments(
    post: Post, media: Sequence[MediaReport], references: Mapping[str, Reference], kinds: frozenset[MatchKind]
) -> tuple[Copy, ...]:
    """Per medium and reference, the segments of the given kinds; a reference not given is left out."""
    found: list[Copy] = []
    for medium in media:
        by_reference: dict[str, list[MatchSegment]] = {}
        for segment in medium.matches.segments if medium.matches else ():
            if segment.kind in kinds and segment.reference_id in references:
                by_reference.setdefault(segment.reference_id, []).append(segment)
        name = medium_words(medium, media)
        found += [_copy(post, medium, name, references[key], run) for key, run in by_reference.items()]
    return tuple(found)


def _copy(post: Post, medium: MediaReport, name: str, reference: Reference, run: list[MatchSegment]) -> Copy:
    source = reference.provenance.source_url.strip().rstrip("/")
    return Copy(
        medium=medium,
        name=name,
        reference=reference,
        segments=tuple(sorted(run, key=lambda segment: segment.query.start_us)),
        known=known_date(reference.provenance),
        is_the_post_itself=bool(source) and source in {post.url.rstrip("/"), post.submitted.rstrip("/")},
    )


def coverage(copies: Sequence[Copy]) -> tuple[Coverage, ...]:
    """Per matched medium, the part of it that copies explain, together."""
    media = {id(copy.medium): copy for copy in copies}
    return tuple(
        _coverage(first, [copy for copy in copies if copy.medium is first.medium]) for first in media.values()
    )


def _coverage(first: Copy, copies: Sequence[Copy]) -> Coverage:
    duration = first.medium.matches.query_duration_us if first.medium.matches else 0
    spans = (segment.query for copy in copies for segment in copy.segments)
    return Coverage(name=first.name, matched_us=min(covered_us(spans), duration), duration_us=duration)


def covered_us(spans: Iterable[Span]) -> int:
    """Length of the union of the spans, microseconds."""
    total, reached = 0, 0
    for span in sorted(spans, key=lambda span: span.start_us):
        total += max(0, span.end_us - max(span.start_us, reached))
        reached = max(reached, span.end_us)
    return total
