"""What a person sees while the work goes on: progress and problems, on standard error.

On a terminal one live line per item; anywhere else one plain line per stage. Text of posts and files
is made inert before it is shown.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from verify.reports.inert import clean
from verify.reports.words import doing


def complain(problem: object) -> None:
    """A problem, in one line of standard error."""
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(
        f"verify: {clean(str(problem))}"
    )


def say(text: str) -> None:
    """A result, on standard output as it is."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    sys.stdout.flush()


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on standard output, its first column never shortened; wide where nobody's screen limits it."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=max(console.width, 200))
    table = Table(box=None, header_style="bold")
    for number, name in enumerate(columns):
        table.add_column(name, no_wrap=number == 0, overflow="fold")
    for row in rows:
        table.add_row(*(escape(clean(cell, 120)) for cell in row))
    console.print(table)


class ItemScreen:
    """The progress of one item; `watch` is what the pipeline calls."""

    def __init__(self, title: str, *, quiet: bool = False) -> None:
        self._title = clean(title, 60)
        self._console = Console(stderr=True, quiet=quiet)
        self._told: set[str] = set()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task(self._title, total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def watch(self, stage: str, progress: float | None) -> None:
        words = doing(stage)
        if stage not in self._told:  # the screen hands over to the fingerprint and then ends itself
            self._told.add(stage)
            if not self._console.is_terminal:
                self._console.print(f"{self._title}: {words}", markup=False, highlight=False, soft_wrap=True)
        total = None if progress is None else 1.0
        self._bar.update(
            self._task, description=f"{self._title}: {words}", total=total, completed=progress or 0.0
        )
