"""`verify check`: from addresses and files to findings, now, in the foreground."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from verify.cli.finished import as_document, find_report, has_problem, instant
from verify.cli.screen import ItemScreen, complain, say
from verify.model import Report
from verify.pipeline import Submission
from verify.pipeline.desk import Desk, worker_name
from verify.pipeline.output import write
from verify.reports import short_finding
from verify.settings import Settings
from verify.store.items import Item, Lease
from verify.wiring import Tool, opened

EXAMPLES = """
Examples:

  verify check https://x.com/someone/status/1230404217861046272

  verify check clip.mp4 --claim "M60T tanks at Al-Nayrab, one hour ago" --posted-at 2020-02-20T08:10:00Z

  verify check https://example.org/video.mp4 photo.jpg --json > reports.json

Exit codes: 0 every item has a report with a finding; 1 an item or one of its media could not be retrieved
or read, and its report says why; 2 wrong use; 130 interrupted: the same command resumes.
"""


def check(  # noqa: PLR0917 - a command's options
    items: Annotated[
        list[str], typer.Argument(metavar="URL|FILE...", help="Addresses of posts or media, or files.")
    ],
    claim: Annotated[
        str, typer.Option(help="What the footage is said to show; wins over the post's own text.")
    ] = "",
    posted_at: Annotated[
        str, typer.Option(help="When it was posted, ISO 8601, where the post itself does not say.")
    ] = "",
    note: Annotated[str, typer.Option(help="Your own note, kept in the report.")] = "",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the reports; default: reports/ in VERIFY_HOME.", file_okay=False),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report (several items: an array of reports) as JSON.")
    ] = False,
    recheck: Annotated[
        bool, typer.Option("--recheck", help="Fetch and check anew, even where a report still holds.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
) -> None:
    """Check posts, media addresses and files against the reference set, and write a report on each."""
    when = instant(posted_at) if posted_at else None
    submissions = [Submission(text=text, claim=claim, note=note, posted_at=when) for text in items]
    settings = Settings()
    with opened(settings) as tool:
        folder = out or settings.home.expanduser() / "reports"
        reports = checked(tool, submissions, folder, recheck=recheck, quiet=quiet, silent=as_json)
        found = list(reports)
    if as_json:
        say(as_document(found))
    if len(found) < len(submissions) or any(has_problem(report) for report in found):
        raise typer.Exit(1)


def checked(
    tool: Tool, submissions: Iterable[Submission], folder: Path, *, recheck: bool, quiet: bool, silent: bool
) -> Iterator[Report]:
    """The report of each submission that has one, written to `folder` and, unless `silent`, told in short."""
    desk = Desk(tool.parts, worker=worker_name("cli"), on_wait=_tell_of_waiting)
    for submission in submissions:
        taken = desk.take(tool.intake.request(submission), recheck=recheck)
        if isinstance(taken, Item):
            when = f"{taken.updated_at:%Y-%m-%d %H:%M} UTC"
            complain(
                f"{submission.text}: checked {when}, nothing has changed since; --recheck fetches it again"
            )
            item = taken
        else:
            item = _worked_on(tool, taken, quiet=quiet)
        report = find_report(tool, item.id)
        if report is None:  # cancelled, or given up on by the queue
            complain(f"{submission.text}: {item.error_sentence or item.state.value}")
            continue
        path = write(report, tool.parts.blobs, folder)
        if not silent:
            say(f"{short_finding(report)}\n  Report: {path}\n")
        yield report


def _worked_on(tool: Tool, lease: Lease, *, quiet: bool) -> Item:
    try:
        with ItemScreen(lease.item.submitted, quiet=quiet) as screen:
            return tool.pipeline.check(lease, last_try=True, watch=screen.watch)
    except KeyboardInterrupt:
        complain(f"{lease.item.submitted}: interrupted; the same command goes on where it stopped")
        raise


def _tell_of_waiting(item: Item) -> None:
    complain(f"{item.submitted}: another process is checking it; waiting for it")
