"""What the local tier adds to a clip of which nothing is known: CPU seconds of matching, not of decoding.

    python -m bench.unexplained --root CORPUS --foreign FOREIGN [--keyframes 5000] [--seconds 30] [--runs 3]

Every clip of CORPUS/MANIFEST.csv that lasts as long is searched among the other files, but those of its
family and its scene, and unrelated photos, until there are as many keyframes. It is searched with and without
the local tier, each time in an index that holds no reference in memory; the least of the runs counts, because
other work on the machine only adds. A plain decode of the same file in the same run is printed beside it.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import cv2

from bench.corpus import manifest
from bench.decode_speed import decode_plain
from bench.foreign import foreign_fingerprints
from bench.media import fingerprints
from verify.fingerprint import Fingerprint
from verify.matching import ReferenceIndex, local_tier, match

Packed = dict[str, bytes]


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    cv2.setNumThreads(1)
    rows = {options.root / row["file"]: row for row in manifest(options.root)}
    made = dict(fingerprints(list(rows), jobs=options.jobs, cache=options.cache))
    known = {path: print_.to_bytes() for path, print_ in made.items()}
    photos = foreign_fingerprints(options.foreign, options.keyframes, jobs=options.jobs)
    unrelated = {name: print_.to_bytes() for name, print_ in photos}
    print("| clip | seconds | keyframes | without the local tier, s | it adds, s | plain decode, s |")
    print("|---|---|---|---|---|---|")
    added = []
    for path, clip in made.items():
        if clip.duration_us >= options.seconds * 1_000_000:
            others = {other.name: known[other] for other in known if _unrelated(rows[path], rows[other])}
            without, whole = _least(clip, unrelated | others, options.runs)
            added.append(whole - without)
            print(
                f"| {path.name} | {clip.duration_us / 1_000_000:.0f} | {len(clip.keyframes)}"
                f" | {without:.2f} | {added[-1]:.2f} | {_plain(path):.2f} |",
                flush=True,
            )
    print(f"mean {statistics.mean(added):.2f} s, most {max(added):.2f} s")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="folder with MANIFEST.csv")
    parser.add_argument("--foreign", type=Path, required=True, help="folder of unrelated photos")
    parser.add_argument("--keyframes", type=int, default=5_000, help="of unrelated photos")
    parser.add_argument("--seconds", type=float, default=30.0, help="least length of a clip")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--cache", type=Path, help="folder that keeps fingerprints between runs")
    parser.add_argument("--jobs", type=int, default=2, help="processes that make fingerprints")
    return parser.parse_args(arguments)


def _unrelated(one: dict[str, str], other: dict[str, str]) -> bool:
    return one["family"] != other["family"] and not (one["scene"] and one["scene"] == other["scene"])


def _least(query: Fingerprint, known: Packed, runs: int) -> tuple[float, float]:
    """CPU seconds of matching without and with the local tier."""
    without, whole = [], []
    for _ in range(runs):
        with _no_corners():
            without.append(_matched(query, known))
        whole.append(_matched(query, known))
    return min(without), min(whole)


@contextmanager
def _no_corners() -> Iterator[None]:
    def nothing(*_: object) -> Iterator[Sequence[object]]:
        return iter(())

    with (
        mock.patch.object(local_tier, "propose", nothing),
        mock.patch.object(local_tier, "propose_from_windows", nothing),
    ):
        yield


def _matched(query: Fingerprint, known: Packed) -> float:
    def load(name: str) -> Fingerprint:
        return Fingerprint.from_bytes(known[name])

    index = ReferenceIndex.build(((name, load(name)) for name in known), load)
    started = time.process_time()
    match(query, index, media_sha256="")
    return time.process_time() - started


def _plain(path: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    decode_plain(path)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


if __name__ == "__main__":
    raise SystemExit(main())
