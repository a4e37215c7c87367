"""A `Report` in, the few lines a person reads in a terminal out.

Nothing in them moves the cursor, colours the screen or turns the reading direction.
"""

from __future__ import annotations

from collections.abc import Iterator

from verify.model import MatchSegment, Reference, Report
from verify.reports.inert import clean
from verify.reports.words import FINDINGS, changes, media_title, stretch

_SEGMENTS_SHOWN = 5


def short_finding(report: Report) -> str:
    """The finding, its heaviest reasons, the matched stretches and the first limit; no final newline."""
    finding = report.finding
    lines = [
        f"{FINDINGS[finding.label]}: {clean(report.submitted, 200)}",
        f"  {clean(finding.statement, 2_000)}",
    ]
    lines += [f"  - {clean(reason, 1_000)}" for reason in finding.reasons[:3]]
    lines += [f"  {clean(line)}" for line in _stretches(report)]
    lines += [f"  ! {clean(problem.sentence)}" for problem in report.problems]
    lines += [f"  Limit: {clean(limit)}" for limit in finding.limits[:1]]
    return "\n".join(lines)


def _stretches(report: Report) -> Iterator[str]:
    known = {reference.id: reference for reference in report.references}
    found = [
        (media_title(media), segment)
        for media in report.media
        if media.matches
        for segment in media.matches.segments
    ]
    for title, segment in found[:_SEGMENTS_SHOWN]:
        yield f"{title} {_stretch(segment, known.get(segment.reference_id))}"
    if len(found) > _SEGMENTS_SHOWN:
        yield f"... and {len(found) - _SEGMENTS_SHOWN} more matched segments"


def _stretch(segment: MatchSegment, reference: Reference | None) -> str:
    title = reference.provenance.title if reference else segment.reference_id
    seen = (
        f", first seen {reference.provenance.first_seen}"
        if reference and reference.provenance.first_seen
        else ""
    )
    return (
        f"{stretch(segment.query)} = {stretch(segment.reference)} of {title}{seen}"
        f" ({segment.kind.value}; changes: {changes(segment)})"
    )
