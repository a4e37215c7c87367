"""`verify migrate`, `backup`, `restore`, `collect`, `health`: for whoever runs the installation.

In: the settings of the environment. Out: what was done, in a line or as JSON. Exit codes: 0 done or
healthy, 1 not healthy or something was missing, 2 wrong use.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from verify.cli.screen import complain, say
from verify.errors import UsageError
from verify.settings import Settings
from verify.store import archive, upkeep
from verify.store.database import newest_version
from verify.store.ledger import Ledger
from verify.wiring import opened

STANDSTILL_SECONDS = 120.0  # work is due and nobody has touched any item for so long

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def migrate() -> None:
    """Bring the database to this version's schema; every command does so too when it starts."""
    with opened(Settings()) as tool:
        say(f"{tool.database.kind}: schema {newest_version()}")


def backup(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The archive to write.", dir_okay=False)],
    as_json: AsJson = False,
) -> None:
    """Write everything that is kept, the database and the files, into one archive."""
    with opened(Settings()) as tool:
        done = archive.export(tool.database, tool.parts.blobs, path)
    _print(done, f"Wrote {path}: {done.rows} rows, {done.blobs} files", as_json=as_json)
    for name in done.missing:
        complain(f"file {name} is damaged and was left out")
    if done.missing:
        raise typer.Exit(1)


def restore(
    path: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="An archive of `verify backup`.", exists=True, dir_okay=False),
    ],
    as_json: AsJson = False,
) -> None:
    """Read an archive into an installation that holds nothing yet, of either kind of database."""
    with opened(Settings()) as tool:
        done = archive.import_(tool.database, tool.parts.blobs, path)
    _print(done, f"Read {path}: {done.rows} rows, {done.blobs} files", as_json=as_json)


def import_(
    path: Annotated[str, typer.Argument(metavar="FILE", help="Not read.")] = "",  # noqa: ARG001 - asked for in vain
) -> None:
    """Say which command reads what: there is more than one thing to import."""
    raise UsageError("`verify restore FILE` reads a backup; `verify reference import FILE` reads references")


def collect(
    grace_hours: Annotated[float, typer.Option(min=0, help="Younger files stay, hours.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Remove stored files that no item, report or reference names any more."""
    with opened(Settings()) as tool:
        done = upkeep.collect(tool.database, tool.parts.blobs, grace_seconds=grace_hours * 3600)
    _print(done, f"Removed {done.removed} files, kept {done.kept}", as_json=as_json)


def health() -> None:
    """Say whether the queue moves; exit code 1 when work is due and nobody has taken any for two minutes."""
    with opened(Settings()) as tool:
        still = standstill_seconds(tool.parts.ledger)
    if still > STANDSTILL_SECONDS:
        complain(f"work is due and the queue has stood still for {still:.0f} s")
        raise typer.Exit(1)
    say("ok")


def standstill_seconds(ledger: Ledger) -> float:
    """How long nobody has touched an item although some are due; 0 when none are. Raises StorageBusy."""
    return ledger.seconds_since_work() if ledger.due(most=1) else 0.0


def _print(done: Any, words: str, *, as_json: bool) -> None:
    say(json.dumps(asdict(done)) if as_json else words)
