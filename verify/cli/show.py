"""`verify list`, `verify report`, `verify resolve`: looking at what is there, changing nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from verify.cli.finished import as_document, has_problem, instant, report_of
from verify.cli.screen import say, show_table
from verify.model import FindingLabel, ItemState, Post
from verify.pipeline.output import write
from verify.reports import json_schema, short_finding
from verify.reports.inert import clean
from verify.settings import Settings
from verify.store import codec
from verify.store.items import Item, ItemFilter
from verify.wiring import opened

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def list_items(
    state: Annotated[list[ItemState] | None, typer.Option(help="Only items in this state.")] = None,
    finding: Annotated[list[FindingLabel] | None, typer.Option(help="Only items with this finding.")] = None,
    since: Annotated[str, typer.Option(help="Only items accepted since then, ISO 8601.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the items that were checked or queued, newest first."""
    with opened(Settings()) as tool:
        which = ItemFilter(
            states=frozenset(state or ()),
            findings=frozenset(finding or ()),
            since=instant(since) if since else None,
            limit=limit,
        )
        items = tool.parts.ledger.list(which)
    if as_json:
        say(json.dumps([json.loads(codec.dump(item)) for item in items], indent=2))
        return
    show_table(
        ["Id", "Accepted (UTC)", "State", "Finding or reason", "Submitted"], [_row(item) for item in items]
    )


def _row(item: Item) -> list[str]:
    outcome = item.error_code or (item.finding.value if item.finding else "")
    return [item.id, f"{item.created_at:%Y-%m-%d %H:%M}", item.state.value, outcome, item.submitted]


def report(
    item_id: Annotated[str, typer.Argument(metavar="ID", help="Identifier of the item.")],
    out: Annotated[
        Path | None, typer.Option(help="Write the HTML page and the JSON here.", file_okay=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the newest report of an item."""
    with opened(Settings()) as tool:
        found = report_of(tool, item_id)
        path = write(found, tool.parts.blobs, out) if out else None
    if as_json:
        say(as_document([found]))
    else:
        say(short_finding(found))
    if path and not as_json:
        say(f"  Report: {path}")
    if has_problem(found):
        raise typer.Exit(1)


def schema() -> None:
    """Print the JSON Schema that every report in JSON satisfies."""
    say(json.dumps(json_schema(), indent=2))


def resolve(
    url: Annotated[str, typer.Argument(metavar="URL", help="A post's address, in any of its forms.")],
    as_json: AsJson = False,
) -> None:
    """Show a post, its media, its dates and every request made for it, without fetching the media."""
    with opened(Settings()) as tool:
        post = tool.resolver.resolve(url)
    say(json.dumps(json.loads(codec.dump(post)), indent=2) if as_json else post_words(post))
    if not post.media:
        raise typer.Exit(1)


def post_words(post: Post) -> str:
    """The post in a few lines."""
    lines = [f"{post.key}: {post.state.value}", f"  {clean(post.url)}"]
    if post.author:
        lines.append(f"  by @{clean(post.author.handle)} {clean(post.author.name)}".rstrip())
    if post.posted_at:
        lines.append(f"  posted {post.posted_at:%Y-%m-%d %H:%M:%S} UTC ({clean(post.posted_at_basis)})")
    if post.text:
        lines.append(f"  {clean(post.text)}")
    for ref in post.media:
        uploaded = f", uploaded {ref.uploaded_at:%Y-%m-%d %H:%M:%S} UTC" if ref.uploaded_at else ""
        lines.append(f"  {ref.role.value} {ref.kind.value}: {clean(ref.url)}{uploaded}")
    lines += [f"  {clean(note)}" for note in post.notes]
    lines += [
        f"  asked {attempt.source}: {attempt.outcome}"
        + (f" (HTTP {attempt.http_status})" if attempt.http_status else "")
        for attempt in post.attempts
    ]
    return "\n".join(lines)
