"""`verify queue`, `work`, `watch`, `cancel`, `pause`, `resume`, `retry`: checks in the background.

In: what to check, or identifiers. Out: identifiers, and how the items get on. Every list is read line by
line: a bad line is named by its number and the rest is accepted.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from verify import logs
from verify.bell import bell_for, ring_for
from verify.cli.finished import instant
from verify.cli.screen import complain, say
from verify.errors import UsageError
from verify.model import ItemState
from verify.pipeline import Submission
from verify.queueing import QueueList, accept, read_list, read_list_file
from verify.reports.words import doing
from verify.settings import Settings
from verify.store import codec
from verify.store.items import Item, Priority
from verify.store.ledger import Ledger
from verify.wiring import opened
from workers.supervisor import Supervisor

WATCH_SECONDS = 0.5  # between two looks
EXAMPLES = """
Examples:

  verify queue https://x.com/someone/status/1230404217861046272

  verify queue --file posts.csv --priority bulk

  cat addresses.txt | verify queue -

A list is CSV with the columns url, claim, note, posted_at; JSON Lines with the same; or one address or path
a line. Exit codes: 0 everything was accepted; 1 some lines were not, each named with its number; 2 wrong use.
"""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Identifiers = Annotated[list[str], typer.Argument(metavar="ID...", help="Identifiers of items.")]


class Urgency(StrEnum):
    """The names of `Priority`."""

    BREAKING = "breaking"
    NORMAL = "normal"
    BULK = "bulk"


def queue(  # noqa: PLR0917 - a command's options
    items: Annotated[
        list[str] | None, typer.Argument(metavar="URL|FILE...|-", help="What to check; - reads a list.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A list: CSV, JSON Lines, or one a line.")] = None,
    claim: Annotated[str, typer.Option(help="What the footage is said to show.")] = "",
    note: Annotated[str, typer.Option(help="Your own note, kept in the report.")] = "",
    posted_at: Annotated[str, typer.Option(help="When it was posted, ISO 8601.")] = "",
    priority: Annotated[Urgency, typer.Option(help="breaking goes first, bulk last.")] = Urgency.NORMAL,
    as_json: AsJson = False,
) -> None:
    """Accept posts, addresses and files for checking in the background; prints their identifiers."""
    settings, level = Settings(), Priority[priority.name]
    when = instant(posted_at) if posted_at else None
    words = items or []
    listed = _listed(file, reads_stdin="-" in words, level=level)
    given = [
        Submission(text=text, claim=claim, note=note, posted_at=when, priority=level)
        for text in words
        if text != "-"
    ]
    if not given and not listed.submissions and not listed.bad:
        raise UsageError("nothing to queue: give addresses, --file LIST, or - and a list on standard input")
    with opened(settings) as tool:
        bell = bell_for(settings.broker_url.get_secret_value())
        requests = [tool.intake.request(one) for one in (*given, *listed.submissions)]
        accepted = accept(tool.parts, bell, requests)
    _print([one.item for one in accepted], as_json=as_json)
    joined = sum(one.joined for one in accepted)
    if joined:
        complain(f"{joined} of {len(accepted)} asked for before: that item's identifier is given")
    for bad in listed.bad:
        complain(f"line {bad.number}: {bad.sentence} [{bad.text[:200]}]")
    if listed.bad:
        raise typer.Exit(1)


def work(
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
) -> None:
    """Work off the queue until stopped (Ctrl-C); what is in hand then goes back to the queue."""
    settings = Settings()
    logs.configure(form=settings.log_format, level=settings.log_level)
    with opened(settings):  # says at once what is wrong with the settings or the database
        pass
    supervisor = Supervisor(concurrency)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: supervisor.stop())
    supervisor.run()


def watch(item_ids: Identifiers, as_json: AsJson = False) -> None:
    """Follow items until each has ended. Exit code 1 when one ended without a finding."""
    with opened(Settings()) as tool:
        ended = _followed(tool.parts.ledger, item_ids)
    if as_json:
        _print(ended, as_json=True)
    if any(item.state is not ItemState.DONE for item in ended):
        raise typer.Exit(1)


def cancel(item_ids: Identifiers, as_json: AsJson = False) -> None:
    """Cancel items: queued ones at once, running ones at their next stage."""
    _change(item_ids, lambda ledger, item_id: ledger.cancel(item_id), as_json=as_json)


def pause(item_ids: Identifiers, as_json: AsJson = False) -> None:
    """Hold queued items back until they are resumed."""
    _change(item_ids, lambda ledger, item_id: ledger.pause(item_id), as_json=as_json)


def resume(item_ids: Identifiers, as_json: AsJson = False) -> None:
    """Put paused items back into the queue."""
    _change(item_ids, lambda ledger, item_id: ledger.resume(item_id), as_json=as_json)


def retry(
    item_ids: Identifiers,
    fetch: Annotated[bool, typer.Option("--fetch", help="Fetch anew what was fetched before.")] = False,
    as_json: AsJson = False,
) -> None:
    """Queue ended items once more: failed ones from the start, finished ones against the set as it is now."""

    def again(ledger: Ledger, item_id: str) -> Item:
        done = ledger.get(item_id).state is ItemState.DONE
        return ledger.rerun(item_id, forget=() if done and not fetch else None)

    _change(item_ids, again, as_json=as_json)


def _listed(file: Path | None, *, reads_stdin: bool, level: Priority) -> QueueList:
    found = read_list_file(file, priority=level) if file else QueueList(submissions=(), bad=())
    if not reads_stdin:
        return found
    piped = read_list(sys.stdin.read(), priority=level)
    return QueueList(submissions=found.submissions + piped.submissions, bad=found.bad + piped.bad)


def _change(item_ids: Sequence[str], change: Callable[[Ledger, str], Item], *, as_json: bool) -> None:
    settings = Settings()
    with opened(settings) as tool:
        ledger = tool.parts.ledger
        for item_id in item_ids:  # all of them exist, or nothing is done
            ledger.get(item_id)
        changed = [change(ledger, item_id) for item_id in item_ids]
        queued = [item for item in changed if item.state is ItemState.QUEUED]
        ring_for(bell_for(settings.broker_url.get_secret_value()), queued)
    if as_json:
        _print(changed, as_json=True)
    else:
        say("\n".join(_line(item) for item in changed))


def _followed(ledger: Ledger, item_ids: Sequence[str]) -> list[Item]:
    """The items at their end; each change on the way is told on standard error."""
    shown: dict[str, str] = {}
    while True:
        items = [ledger.get(item_id) for item_id in item_ids]
        for item in items:
            line = _line(item)
            if shown.get(item.id) != line:
                shown[item.id] = line
                complain(line)
        if all(item.is_terminal for item in items):
            return items
        time.sleep(WATCH_SECONDS)


def _line(item: Item) -> str:
    words = f"{item.id} {item.state}"
    if item.state is ItemState.RUNNING and item.stage:
        share = f" {item.progress:.0%}" if item.progress is not None else ""
        words += f": {doing(item.stage)}{share}"
    if item.cancel_requested and not item.is_terminal:
        words += " (asked to stop)"
    if item.finding:
        words += f": {item.finding}"
    return f"{words}: {item.error_sentence}" if item.error_sentence else words


def _print(items: Sequence[Item], *, as_json: bool) -> None:
    if as_json:
        say(json.dumps([json.loads(codec.dump(item)) for item in items], indent=2))
    elif items:
        say("\n".join(item.id for item in items))
