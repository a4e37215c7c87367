"""Reports in, CSV out: one line per item (RFC 4180), safe to open in a spreadsheet.

No cell starts a formula and none holds a control character. The best segment stands for its item; all
of them are in the JSON report.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from verify.model import MatchSegment, Reference, Report
from verify.reports.inert import cell
from verify.reports.words import FINDINGS, changes

COLUMNS = (
    "item_id", "submitted", "url", "platform", "post_id", "post_state", "author", "posted_at",
    "posted_at_basis", "finding", "finding_words", "statement", "limits", "media", "matched_segments",
    "reference_id", "reference_title", "reference_first_seen", "reference_basis", "reference_url",
    "match_kind",
    "query_start_s", "query_end_s", "reference_start_s", "reference_end_s", "changes",
    "distance_min", "distance_median", "distance_max", "confidence",
    "problems", "note", "checked_at", "reference_count", "reference_digest", "tool", "schema",
)  # fmt: skip


def to_csv(reports: Iterable[Report]) -> str:
    """A header and one line per report, in the order given."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for report in reports:
        writer.writerow(
            [cell(value) for value in (*_about_item(report), *_about_match(report), *_about_run(report))]
        )
    return out.getvalue()


def _about_item(report: Report) -> tuple[str, ...]:
    post, finding = report.post, report.finding
    return (
        report.item_id,
        report.submitted,
        post.url,
        post.key.platform,
        post.key.id,
        post.state.value,
        post.author.handle if post.author else "",
        post.posted_at.isoformat() if post.posted_at else "",
        post.posted_at_basis,
        finding.label.value,
        FINDINGS[finding.label],
        finding.statement,
        " ".join(finding.limits),
        str(len(report.media)),
        str(sum(len(media.matches.segments) for media in report.media if media.matches)),
    )


def _about_match(report: Report) -> tuple[str, ...]:
    segments = [segment for media in report.media if media.matches for segment in media.matches.segments]
    best = max(segments, key=lambda segment: segment.score, default=None)
    if best is None:
        return ("",) * 15
    reference = next((known for known in report.references if known.id == best.reference_id), None)
    return (*_about_reference(best, reference), *_about_segment(best))


def _about_reference(segment: MatchSegment, reference: Reference | None) -> tuple[str, ...]:
    if reference is None:
        return (segment.reference_id, "", "", "", "")
    known = reference.provenance
    return (
        segment.reference_id,
        known.title,
        known.first_seen,
        known.first_seen_basis.value if known.first_seen_basis else "",
        known.source_url,
    )


def _about_segment(segment: MatchSegment) -> tuple[str, ...]:
    distances = (segment.distance_min, segment.distance_median, segment.distance_max)
    return (
        segment.kind.value,
        *(f"{time / 1e6:.3f}" for time in (segment.query.start_us, segment.query.end_us)),
        *(f"{time / 1e6:.3f}" for time in (segment.reference.start_us, segment.reference.end_us)),
        changes(segment),
        *("" if distance is None else str(distance) for distance in distances),
        segment.confidence,
    )


def _about_run(report: Report) -> tuple[str, ...]:
    return (
        " ".join(problem.sentence for problem in report.problems),
        report.note,
        report.created_at.isoformat(),
        str(report.reference_count),
        report.reference_digest,
        report.versions.tool,
        report.versions.schema,
    )
