"""Fit the score: which evidence separates copies from look-alikes, and how often chance reaches a score.

    python -m bench.calibrate --root CORPUS --sets DIR... [--foreign DIR] [--cache DIR] [--out ROWS.npz]

Each DIR was made by `make_queries.py`. Every query is put to every tier without stopping early; each
aligned run is one row of features with its truth. A ridge-penalised logistic regression is fitted on all
rows, each (query, reference) pair weighing the same, and cross-checked by leaving each set out in turn.
Prints the constants of `verify/matching/scoring.py`; how often unrelated footage reaches a score is counted
with weights that have not seen the set.
"""

from __future__ import annotations

import argparse
import csv
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.foreign import foreign_fingerprints
from bench.media import fingerprints
from verify.fingerprint import Fingerprint
from verify.matching import ReferenceIndex
from verify.matching.cascade import evidence_of_every_tier
from verify.matching.scoring import FEATURES, features

RIDGE = 1.0
TAIL_FROM = (-4.0, -3.0, -2.0, -1.0)  #: log-odds from which the tail of unrelated pairs is described

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One aligned run of one query against one reference."""

    set: str
    query: str
    reference: str
    truth: str  #: "copy", "scene" or "other"
    values: Floats
    moving_frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Truth:
    copies: dict[str, set[str]]
    scenes: dict[str, set[str]]
    reference_scene: dict[str, str]

    def of(self, query: str, reference: str) -> str:
        if reference in self.copies.get(query, ()):
            return "copy"
        scene = self.reference_scene.get(reference)
        return "scene" if scene and scene in self.scenes.get(query, ()) else "other"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--sets", type=Path, nargs="+", required=True)
    parser.add_argument("--foreign", type=Path)
    parser.add_argument("--foreign-keyframes", type=int, default=2000)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="keep the rows")
    options = parser.parse_args(arguments)
    foreign = (
        dict(foreign_fingerprints(options.foreign, options.foreign_keyframes, jobs=options.jobs))
        if options.foreign
        else {}
    )
    rows, asked = [], 0
    for folder in options.sets:
        made, pairs = _rows(folder, options, foreign)
        rows += made
        asked += pairs
    if options.out:
        _keep(rows, options.out)
    _report(rows, asked)
    return 0


def _rows(
    folder: Path, options: argparse.Namespace, foreign: dict[str, Fingerprint]
) -> tuple[list[Row], int]:
    """The rows of one set, and how many pairs of query and keyframe they come from."""
    listed = _table(folder / "references.csv")
    paths = {options.root / row["path"]: row["reference"] for row in listed}
    made = fingerprints(list(paths), jobs=options.jobs, cache=options.cache)
    known = foreign | {paths[path]: print_ for path, print_ in made}
    _Worker.index = ReferenceIndex.build(known.items(), known.__getitem__)
    _Worker.truth = _truth(_table(folder / "truth.csv"), listed)
    _Worker.set = folder.name
    files = sorted((folder / "queries").iterdir())
    queries = fingerprints(files, jobs=options.jobs, cache=options.cache)
    with ProcessPoolExecutor(options.jobs) as pool:
        found = pool.map(_Worker.examine, ((path.name, query.to_bytes()) for path, query in queries))
        return [row for part in found for row in part], len(files) * _Worker.index.keyframe_count


class _Worker:
    """What a forked process shares."""

    index: ReferenceIndex
    truth: _Truth
    set: str

    @classmethod
    def examine(cls, named: tuple[str, bytes]) -> list[Row]:
        cv2.setNumThreads(1)
        name, packed = named
        query = Fingerprint.from_bytes(packed)
        rows = []
        for evidence in evidence_of_every_tier(query, cls.index):
            reference = cls.index.ids[evidence.hypothesis.reference]
            rows.append(
                Row(
                    set=cls.set,
                    query=name,
                    reference=reference,
                    truth=cls.truth.of(name, reference),
                    values=features(evidence),
                    moving_frames=evidence.moving_frames,
                )
            )
        return rows


def _truth(truth: list[dict[str, str]], references: list[dict[str, str]]) -> _Truth:
    copies: dict[str, set[str]] = {}
    scenes: dict[str, set[str]] = {}
    for row in truth:
        copies.setdefault(row["query"], set()).update({row["source"]} - {""})
        scenes.setdefault(row["query"], set()).update(set(row["scene"].split(";")) - {""})
    return _Truth(
        copies=copies, scenes=scenes, reference_scene={row["reference"]: row["scene"] for row in references}
    )


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _keep(rows: list[Row], path: Path) -> None:
    np.savez(
        path,
        values=np.array([row.values for row in rows]),
        truth=np.array([row.truth for row in rows]),
        set=np.array([row.set for row in rows]),
        query=np.array([row.query for row in rows]),
        reference=np.array([row.reference for row in rows]),
        moving_frames=np.array([row.moving_frames for row in rows]),
    )


def fit(values: Floats, copy: NDArray[np.bool_], weight: Floats) -> Floats:
    """Logistic regression by Newton's method: a weight per feature, then the constant."""
    scale = values.std(axis=0) + 1e-9
    design = np.column_stack([values / scale, np.ones(len(values))])
    penalty = np.diag([RIDGE] * values.shape[1] + [0.0])
    solution = np.zeros(design.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(design @ solution, -30, 30)))
        slope = design.T @ (weight * (chance - copy)) + penalty @ solution
        curve = (design * (weight * chance * (1 - chance))[:, None]).T @ design + penalty
        solution -= np.linalg.solve(curve + 1e-6 * np.eye(len(curve)), slope)
    return np.append(solution[:-1] / scale, solution[-1])


def _best_per_pair(rows: list[Row], weights: Floats) -> list[Row]:
    """The run of each pair that the weights find surest: a copy's other runs are not evidence against it."""
    best: dict[tuple[str, str, str], tuple[float, Row]] = {}
    for row in rows:
        key = (row.set, row.query, row.reference)
        value = float(row.values @ weights[:-1] + weights[-1])
        if key not in best or value > best[key][0]:
            best[key] = value, row
    return [row for _, row in best.values()]


def fitted(rows: list[Row]) -> Floats:
    """Weights fitted on the surest run of every pair, which the weights themselves choose."""
    usable = [row for row in rows if row.truth != "scene"]
    weights = np.array([10.0, *([0.0] * (len(FEATURES) - 1)), -6.0])
    for _ in range(6):
        best = _best_per_pair(usable, weights)
        copy = np.array([row.truth == "copy" for row in best])
        weights = fit(np.array([row.values for row in best]), copy, np.ones(len(best)))
    return weights


def _report(rows: list[Row], asked: int) -> None:
    sets = sorted({row.set for row in rows})
    unseen: list[float] = []
    for left_out in sets if len(sets) > 1 else []:
        weights = fitted([row for row in rows if row.set != left_out])
        theirs = [row for row in rows if row.set == left_out]
        _print_separation(f"left out {left_out}", theirs, weights)
        unseen += _odds_of_others(theirs, weights)
    for start in TAIL_FROM:
        above = [odds - start for odds in unseen if odds > start]
        excess = sum(above) / max(len(above), 1)
        print(f"of {asked} pairs {len(above)} above {start}, by {excess:.2f} on average")
    weights = fitted(rows)
    _print_separation("all", rows, weights)
    for name, value in zip((*FEATURES, "constant"), weights, strict=True):
        print(f"{value:9.3f}  {name}")


def _odds_of_others(rows: list[Row], weights: Floats) -> list[float]:
    best = _best_per_pair([row for row in rows if row.truth == "other"], weights)
    return [float(row.values @ weights[:-1] + weights[-1]) for row in best]


def _print_separation(name: str, rows: list[Row], weights: Floats) -> None:
    best = _best_per_pair([row for row in rows if row.truth != "scene"], weights)
    value = np.array([row.values @ weights[:-1] + weights[-1] for row in best])
    copy = np.array([row.truth == "copy" for row in best])
    highest = value[~copy].max(initial=-np.inf)
    others = np.sort(value[~copy])[::-1]
    print(
        f"{name}: {copy.sum()} copies with a run, {(value[copy] > highest).mean():.3f} above the highest of"
        f" {(~copy).sum()} other pairs; others' log-odds {np.round(others[:5], 2)}"
    )


if __name__ == "__main__":
    sys.exit(main())
