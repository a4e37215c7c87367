"""How much recycled footage the engine finds: our results and the peers', for `score.py`.

    python -m bench.accuracy --references REFERENCES.csv --root CORPUS --queries DIR --truth TRUTH.csv
                             --out RESULTS.csv [--foreign DIR --foreign-keyframes 5000] [--jobs 2]

indexes what REFERENCES.csv lists (columns reference, path), checks every file of DIR and writes one
row per match segment: query,reference,score,query_start_s,query_end_s,ref_start_s,ref_end_s,kind,false_match,
confidence, the last two as the report states them. Same-scene outcomes are not copies and give no row.
`--foreign` adds unrelated photos, turned, mirrored and cropped until there are that many keyframes, so that
the figure is measured against a larger set.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2

from bench.foreign import foreign_fingerprints
from bench.media import closer_of, fingerprints
from verify.fingerprint import Fingerprint
from verify.matching import ReferenceIndex, match
from verify.model import MatchKind, MatchResult

HEADER = (
    *("query", "reference", "score"),
    *("query_start_s", "query_end_s", "ref_start_s", "ref_end_s"),
    *("kind", "false_match", "confidence"),
)

_index: ReferenceIndex | None = None


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    started = time.perf_counter()
    index = _built(options)
    print(f"indexed {index.count} references, {index.keyframe_count} keyframes", file=sys.stderr)
    queries = _queries(options.queries, options.truth)
    with options.out.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(HEADER)
        for name, result in _checked(queries, index, options):
            writer.writerows(_rows(name, result))
    print(f"checked {len(queries)} queries in {time.perf_counter() - started:.0f} s", file=sys.stderr)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--references", type=Path, required=True, help="CSV with columns reference, path")
    parser.add_argument("--root", type=Path, required=True, help="folder that the paths start from")
    parser.add_argument("--queries", type=Path, required=True, help="folder of query files")
    parser.add_argument("--truth", type=Path, help="only queries named here are checked")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")
    parser.add_argument("--foreign", type=Path, help="folder of unrelated photos")
    parser.add_argument("--foreign-keyframes", type=int, default=5000, metavar="N")
    parser.add_argument("--cache", type=Path, help="folder that keeps fingerprints between runs")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    return parser.parse_args(arguments)


def _built(options: argparse.Namespace) -> ReferenceIndex:
    with options.references.open(newline="", encoding="utf-8") as file:
        listed = {options.root / row["path"]: row["reference"] for row in csv.DictReader(file)}
    known = {
        listed[path]: made
        for path, made in fingerprints(list(listed), jobs=options.jobs, cache=options.cache)
    }
    if options.foreign:
        known |= dict(foreign_fingerprints(options.foreign, options.foreign_keyframes, jobs=options.jobs))
    return ReferenceIndex.build(known.items(), known.__getitem__)


def _queries(folder: Path, truth: Path | None) -> list[Path]:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    if truth is None:
        return files
    with truth.open(newline="", encoding="utf-8") as file:
        named = {row["query"] for row in csv.DictReader(file)}
    return [path for path in files if path.name in named]


def _checked(
    queries: list[Path], index: ReferenceIndex, options: argparse.Namespace
) -> Iterator[tuple[str, MatchResult]]:
    global _index  # noqa: PLW0603  # forked workers share the index instead of receiving copies
    _index = index
    made = list(fingerprints(queries, jobs=options.jobs, cache=options.cache))
    with ProcessPoolExecutor(options.jobs) as pool:
        results = pool.map(_check, *zip(*((path, query.to_bytes()) for path, query in made), strict=True))
        for (path, _), result in zip(made, results, strict=True):
            yield path.name, result


def _check(path: Path, packed: bytes) -> MatchResult:
    cv2.setNumThreads(1)
    assert _index is not None
    query = Fingerprint.from_bytes(packed)
    return match(query, _index, media_sha256="", look_closer=closer_of(path))


def _rows(name: str, result: MatchResult) -> Iterator[tuple[object, ...]]:
    for segment in result.segments:
        if segment.kind is not MatchKind.SAME_SCENE:
            spans = (
                segment.query.start_us,
                segment.query.end_us,
                segment.reference.start_us,
                segment.reference.end_us,
            )
            times = (time_us / 1_000_000 for time_us in spans)
            chance = (segment.false_match_probability, segment.confidence)
            yield (name, segment.reference_id, segment.score, *times, segment.kind, *chance)


if __name__ == "__main__":
    sys.exit(main())
