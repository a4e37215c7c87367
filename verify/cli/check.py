"""`verify check`: from addresses and files to findings, now, in the foreground."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verify.cli.finished import as_document, has_problem, instant
from verify.cli.foreground import Beside, Foreground, Manner, submissions
from verify.cli.screen import say
from verify.settings import Settings
from verify.wiring import opened

EXAMPLES = """
Examples:

  verify check https://x.com/someone/status/1230404217861046272

  verify check clip.mp4 --claim "M60T tanks at Al-Nayrab, one hour ago" --posted-at 2020-02-20T08:10:00Z

  verify check https://example.org/news/article.html clips/ list.csv --json > reports.json

An article is followed by the posts that it embeds. A folder gives its media files; a list (CSV with the
columns url, claim, note, posted_at; JSON Lines; one a line) its rows; - reads a list or text from standard
input, and text with several addresses is split.

Exit codes: 0 every item has a report with a finding; 1 an item or one of its media could not be retrieved
or read, and its report says why; 2 wrong use; 130 interrupted: the same command resumes.
"""


def check(  # noqa: PLR0917 - a command's options
    items: Annotated[
        list[str], typer.Argument(metavar="URL|FILE...|-", help="Addresses, files, folders, lists, or text.")
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
    beside = Beside(claim=claim, note=note, posted_at=instant(posted_at) if posted_at else None)
    settings = Settings()
    with opened(settings) as tool:
        folder = out or settings.home.expanduser() / "reports"
        manner = Manner(folder=folder, recheck=recheck, is_quiet=quiet, is_silent=as_json)
        foreground = Foreground(tool, manner)
        found = list(foreground.reports(submissions(items, beside)))
    if as_json:
        say(as_document(found))
    if foreground.unreported or any(has_problem(report) for report in found):
        raise typer.Exit(1)
