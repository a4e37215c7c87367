"""One table of several tools' results over one or more sets of queries.

    python -m bench.table --scorer score.py RUN_DIR... [--transforms]

Each RUN_DIR holds truth.csv, references.csv and one results CSV per tool, as `bench.peers` leaves
them. `score.py` runs as a program of its own, other takes of a scene counting neither way. Figures
are per cent, the mean over the RUN_DIRs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

OURS = "ours"
COLUMNS = {
    "r_at_p100": "R@P100",
    "uap": "uAP",
    "r_at_1fpr": "R@1%FPR",
    "top1": "top-1",
    "iou_query": "IoU query",
    "iou_ref": "IoU ref",
}
NOT_RESULTS = {"truth", "references"}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scorer", type=Path, required=True, help="path of score.py")
    parser.add_argument("--transforms", action="store_true", help="recall at 100 %% precision per transform")
    parser.add_argument("runs", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    print_table(options.scorer, options.runs, transforms=options.transforms)
    return 0


def print_table(scorer: Path, runs: Sequence[Path], *, transforms: bool = False) -> None:
    names = sorted({path.stem for run in runs for path in run.glob("*.csv")} - NOT_RESULTS)
    names.sort(key=lambda name: name != OURS)
    scored = {
        name: [_scored(scorer, run, name) for run in runs if (run / f"{name}.csv").exists()] for name in names
    }
    _print_overall(scored)
    if transforms:
        _print_transforms(scored)


def _scored(scorer: Path, run: Path, name: str) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile(suffix=".json") as kept:
        command: list[str | Path] = [
            sys.executable,
            scorer,
            run / "truth.csv",
            run / f"{name}.csv",
            "--json",
            kept.name,
        ]
        command += ["--ignore-same-scene", run / "references.csv"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        report: dict[str, Any] = json.loads(Path(kept.name).read_text())
        return report


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{100 * fmean(known):.1f}" if known else "-"


def _print_overall(scored: dict[str, list[dict[str, Any]]]) -> None:
    print("| tool | sets | " + " | ".join(COLUMNS.values()) + " |")
    print("|---|---|" + "---|" * len(COLUMNS))
    for name, reports in scored.items():
        figures = [_mean([report["overall"].get(column) for report in reports]) for column in COLUMNS]
        print(f"| {name} | {len(reports)} | " + " | ".join(figures) + " |")


def _print_transforms(scored: dict[str, list[dict[str, Any]]]) -> None:
    found = {
        transform
        for reports in scored.values()
        for report in reports
        for transform in report["per_transform"]
    }
    print("\n| transform | " + " | ".join(scored) + " |")
    print("|---|" + "---|" * len(scored))
    for transform in sorted(found):
        figures = [
            _mean([report["per_transform"].get(transform, {}).get("r_at_p100") for report in reports])
            for reports in scored.values()
        ]
        print(f"| {transform} | " + " | ".join(figures) + " |")


if __name__ == "__main__":
    sys.exit(main())
