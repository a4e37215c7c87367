"""Whether the chance of a false match that reports state is the share of matches that are false.

    python -m bench.reliability --results NAME.csv SET...

Each SET was made by `make_queries.py` and holds what `bench.accuracy` wrote of it under that name. The surest
match of each query and reference counts, by the words its chance is told in; takes of the query's scene count
neither way. Prints how many of them are false by what is stated, and how many are.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from verify.matching.scoring import CONFIDENCE


@dataclass(frozen=True, slots=True)
class Told:
    """The surest match of a query and a reference."""

    stated: float  #: chance that it is false, 0..1
    words: str
    false: bool


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", required=True, metavar="NAME.csv")
    parser.add_argument("sets", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    told = [one for folder in options.sets for one in told_of(folder, options.results)]
    print(f"{'confidence':12} {'matches':>7} {'false, stated':>14} {'false, counted':>14}")
    for _, words in CONFIDENCE:
        print(_row(words, [one for one in told if one.words == words]))
    print(_row("all", told))
    return 0


def told_of(folder: Path, results: str) -> Iterator[Told]:
    """The matches of one set that are either right or false."""
    references = {row["reference"]: row for row in _table(folder / "references.csv")}
    sources: dict[str, set[str]] = {}
    scenes: dict[str, set[str]] = {}
    for row in _table(folder / "truth.csv"):
        sources.setdefault(row["query"], set()).add(row["source"])
        scenes.setdefault(row["query"], set()).update(set(row["scene"].split(";")) - {""})
    surest: dict[tuple[str, str], tuple[float, str]] = {}
    for row in _table(folder / results):
        pair, stated = (row["query"], row["reference"]), (float(row["false_match"]), row["confidence"])
        if row["query"] in sources:
            surest[pair] = min(stated, surest.get(pair, stated))
    for (query, reference), (chance, words) in surest.items():
        right = reference in sources[query]
        scene = references[reference]["scene"] if reference in references else ""  # else it is foreign
        if right or scene not in scenes[query]:
            yield Told(chance, words, not right)


def _row(words: str, told: Sequence[Told]) -> str:
    stated, counted = sum(one.stated for one in told), sum(one.false for one in told)
    return f"{words:12} {len(told):7} {stated:14.2f} {counted:14}"


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    sys.exit(main())
