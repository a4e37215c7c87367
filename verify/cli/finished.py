"""What several commands share: reading an instant, finding a report, printing reports as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from verify.errors import NoSuchItem, PostWithoutMedia, UnreadableInput
from verify.model import Report
from verify.posts.webpage import children
from verify.reports import from_json, to_json
from verify.wiring import Tool


def instant(text: str) -> datetime:
    """An ISO 8601 date or time, in UTC unless it says otherwise. Raises UnreadableInput."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnreadableInput(f"{text!r} is not a time; write 2020-02-20T08:10:00Z") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def report_of(tool: Tool, item_id: str) -> Report:
    """The newest report of an item. Raises NoSuchItem, also while there is none."""
    report = find_report(tool, item_id)
    if report is None:
        raise NoSuchItem(f"{item_id} has no report yet")
    return report


def find_report(tool: Tool, item_id: str) -> Report | None:
    """The newest report of an item; None while there is none. Raises NoSuchItem."""
    kept = tool.parts.ledger.report(item_id)
    return from_json(kept.json) if kept else None


def as_document(reports: Sequence[Report]) -> str:
    """One report as its document, several as an array of them."""
    if len(reports) == 1:
        return to_json(reports[0])
    return json.dumps([json.loads(to_json(report)) for report in reports], indent=2)


def has_problem(report: Report) -> bool:
    """Whether something of the item could not be retrieved or read.

    An article without pictures of its own is none where it leads to the posts that it embeds.
    """
    problems = [problem for problem in report.problems if problem.code != PostWithoutMedia.code]
    has_media = not report.problems or bool(children(report.post))
    return bool(problems) or not has_media or any(medium.problem for medium in report.media)
