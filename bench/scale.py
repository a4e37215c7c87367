"""The local tier among 5,000, 50,000 and 500,000 reference keyframes: what is found, at what cost.

    python -m bench.scale --root CORPUS --sets DIR... --foreign DIR [--sizes N...] [--pictures 80]

Each DIR was made by `make_queries.py`. Its references are indexed among distractors: keyframes of unrelated
photos, turned, mirrored and cropped; beyond those, descriptors recombined from halves of two of
them, which keeps every bit's frequency but matches nothing. One picture of each query, from the
middle of what the truth says is copied, goes through the product's local tier. Prints a row per
size and FAISS index: how often the right reference is among the verified candidates, CPU
milliseconds a picture, and bytes a keyframe.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import faiss
import numpy as np
from numpy.typing import NDArray

from bench.foreign import foreign_fingerprints
from bench.media import fingerprints
from verify.fingerprint import Fingerprint
from verify.fingerprint.local import LocalFeatures
from verify.fingerprint.perceptual import Codes
from verify.matching import ReferenceIndex
from verify.matching.index import LISTED_FROM, PROBED_LISTS
from verify.matching.local_tier import from_picture

CHUNK = 2_000  # keyframes added at once
FLIPPED = 0.02  # of the bits of a recombined descriptor
MOST_LISTS = 4_096  # more cost minutes of training here
POINTS_A_LIST = 40  # for training, as in verify/matching/index.py
FLAT_PICTURES = 4  # flat search is exact; of the largest set only its cost is measured, on so many
LARGE = 100_000

Numbers = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One query picture and the references it shows."""

    query: Fingerprint
    keyframe: int
    sources: frozenset[str]


class Scaled(ReferenceIndex):
    """The product's index of the true references, its features replaced by a larger FAISS index.

    Numbers from `count` on are distractors; what is verified of them are the photos they come from.
    """

    def enlarge(
        self,
        features: Any,
        owner: Numbers,
        keyframe: Numbers,
        distractors: Sequence[Fingerprint],
    ) -> None:
        self.enlarged, self.owner, self.keyframe = features, owner, keyframe
        self.searched_seconds = 0.0
        own_load, own_features, count = self.load, self.features, self.count

        def load(number: int) -> Fingerprint:
            return own_load(number) if number < count else distractors[(number - count) % len(distractors)]

        def made(number: int, frame: int) -> LocalFeatures:
            return own_features(
                number if number < count else count + (number - count) % len(distractors), frame
            )

        self.load, self.features = load, made  # type: ignore[assignment]  # plain functions instead of caches

    def near_features(self, descriptors: Codes, neighbours: int) -> tuple[Numbers, Numbers, Numbers]:
        started = time.process_time()
        distances, rows = self.enlarged.search(np.ascontiguousarray(descriptors), neighbours)
        self.searched_seconds += time.process_time() - started
        found = rows >= 0
        return (
            distances.astype(np.int32),
            np.where(found, self.owner[rows], -1).astype(np.int32),
            np.where(found, self.keyframe[rows], -1).astype(np.int32),
        )


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    cv2.setNumThreads(1)
    known, questions = _asked(options)
    distractors = [
        print_ for _, print_ in foreign_fingerprints(options.foreign, options.natural, jobs=options.jobs)
    ]
    print(
        f"{len(known)} references, {len(questions)} query pictures; {LISTED_FROM=}, {PROBED_LISTS=};"
        f" {_picture_bytes(known.values()):,.0f} B of picture a keyframe"
    )
    print("| keyframes | index | right one verified | search ms | tier ms | index B a keyframe | build s |")
    print("|---|---|---|---|---|---|---|")
    for size in options.sizes:
        for name, index, seconds in _indexes(size, known, distractors, options):
            print(f"| {size:,} | {name} {_measured(size, index, questions)} {seconds:.0f} |", flush=True)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--sets", type=Path, nargs="+", required=True)
    parser.add_argument("--foreign", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[5_000, 50_000, 500_000])
    parser.add_argument("--natural", type=int, default=5_000, help="distractors that are real pictures")
    parser.add_argument("--pictures", type=int, default=80, help="query pictures")
    parser.add_argument("--probes", type=int, nargs="+", default=[4, 10, 32, 96], help="IVF lists probed")
    parser.add_argument("--kinds", nargs="+", default=list(BUILDERS), choices=list(BUILDERS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args(arguments)


def _asked(options: argparse.Namespace) -> tuple[dict[str, Fingerprint], list[Question]]:
    """The references of all sets, and `--pictures` questions drawn from their positive queries."""
    paths: dict[Path, str] = {}
    rows = []
    for folder in options.sets:
        paths |= {options.root / row["path"]: row["reference"] for row in _table(folder / "references.csv")}
        rows += [(folder / "queries" / row["query"], row) for row in _table(folder / "truth.csv")]
    random.Random(options.seed).shuffle(rows)
    chosen = {path: row for path, row in rows if row["source"] and path.exists()}
    chosen = dict(list(chosen.items())[: options.pictures])
    sources: dict[Path, set[str]] = {}
    for path, row in rows:
        sources.setdefault(path, set()).add(row["source"])
    known = {paths[p]: made for p, made in fingerprints(list(paths), jobs=options.jobs, cache=options.cache)}
    made = fingerprints(list(chosen), jobs=options.jobs, cache=options.cache)
    return known, [
        Question(query=query, keyframe=_middle(query, chosen[path]), sources=frozenset(sources[path]))
        for path, query in made
    ]


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _middle(query: Fingerprint, truth: dict[str, str]) -> int:
    """The keyframe nearest to the middle of the copied part."""
    if not truth["query_start_s"]:
        return len(query.keyframes) // 2
    middle_us = 500_000 * (float(truth["query_start_s"]) + float(truth["query_end_s"]))
    return int(np.abs(query.times_us[query.keyframes] - middle_us).argmin())


def _picture_bytes(prints: Iterable[Fingerprint]) -> float:
    sizes = [len(picture) for print_ in prints for picture in print_.pictures]
    return float(np.mean(sizes))


def _indexes(
    size: int, known: dict[str, Fingerprint], distractors: list[Fingerprint], options: argparse.Namespace
) -> Iterator[tuple[str, Scaled, float]]:
    """Every index of the wanted kinds over `size` keyframes, with every setting: its name and build time."""
    for kind in options.kinds:
        if kind.startswith("hash") and size > LARGE:
            continue
        started = time.process_time()
        features, owner, keyframe = _filled(BUILDERS[kind], size, known, distractors, options.seed)
        seconds = time.process_time() - started
        index = Scaled.build(known.items(), known.__getitem__)
        assert isinstance(index, Scaled)
        index.enlarge(features, owner, keyframe, distractors)
        if kind != "IVF":
            yield kind, index, seconds
            continue
        for probed in options.probes:
            features.nprobe = probed
            yield f"IVF, {features.nlist} lists, {probed} probed", index, seconds


Builder = Callable[[int, Codes], Any]  # descriptors to come and a sample of them, to an empty FAISS index


def _flat(_: int, __: Codes) -> Any:
    return faiss.IndexBinaryFlat(256)


def _listed(descriptors: int, sample: Codes) -> Any:
    lists = min(int(np.sqrt(descriptors)), MOST_LISTS)
    flat: Any = faiss.IndexBinaryFlat(256)
    index = faiss.IndexBinaryIVF(flat, 256, lists)
    index.train(sample[:: max(1, len(sample) // (lists * POINTS_A_LIST))])
    index.own_fields = True
    flat.this.disown()
    return index


def _hash16(_: int, __: Codes) -> Any:
    index = faiss.IndexBinaryHash(256, 16)
    index.nflip = 1
    return index


def _multi_hash(_: int, __: Codes) -> Any:
    return faiss.IndexBinaryMultiHash(256, 8, 20)


BUILDERS: dict[str, Builder] = {
    "IVF": _listed,
    "flat": _flat,
    "hash 16, 1 flip": _hash16,
    "hash 8 x 20": _multi_hash,
}


def _filled(
    builder: Builder, size: int, known: dict[str, Fingerprint], distractors: list[Fingerprint], seed: int
) -> tuple[Any, Numbers, Numbers]:
    """The index over the known references and as many distractors as make `size` keyframes."""
    prints = [known[reference] for reference in sorted(known)]
    missing = size - sum(len(print_.pictures) for print_ in prints)
    natural = [print_.descriptors for print_ in distractors]
    sample = np.concatenate([print_.descriptors for print_ in prints] + natural)
    mean = float(np.mean([len(part) for part in natural]))
    features = builder(round(size * mean), sample)
    owners, keyframes = [], []
    for number, print_ in enumerate(prints):
        features.add(print_.descriptors)
        owners.append(np.full(len(print_.descriptors), number, np.int32))
        keyframes.append(print_.descriptor_keyframe)
    for first in range(0, missing, CHUNK):
        parts = _distractors(natural, first, min(CHUNK, missing - first), seed)
        features.add(np.concatenate(parts))
        numbers = np.arange(len(prints) + first, len(prints) + first + len(parts), dtype=np.int32)
        owners.append(np.repeat(numbers, [len(part) for part in parts]))
        keyframes.append(np.zeros(len(owners[-1]), np.int32))
    return features, np.concatenate(owners), np.concatenate(keyframes)


def _distractors(natural: list[Codes], first: int, count: int, seed: int) -> list[Codes]:
    """Descriptors of distractors `first` to `first + count`: real ones first, then recombined ones."""
    chance = np.random.default_rng((seed, first))
    parts = []
    for number in range(first, first + count):
        one = natural[number % len(natural)]
        if number < len(natural):
            parts.append(one)
            continue
        other = natural[int(chance.integers(len(natural)))]
        length = min(len(one), len(other))
        mixed = np.concatenate(
            [one[:length, :16], other[chance.permutation(len(other))[:length], 16:]], axis=1
        )
        noise = np.packbits(chance.random((length, 256), np.float32) < FLIPPED, axis=1)
        parts.append(mixed ^ noise)
    return parts


def _measured(size: int, index: Scaled, questions: list[Question]) -> str:
    """The middle cells of a row of the table."""
    flat = isinstance(index.enlarged, faiss.IndexBinaryFlat)
    asked = questions[:FLAT_PICTURES] if flat and size > LARGE else questions
    index.searched_seconds = 0.0
    started = time.process_time()
    right = sum(_finds(question, index) for question in asked)
    tier = time.process_time() - started
    stored = 32 + (0 if flat else 8) + 8  # the code, FAISS's number for it, and our two tables
    return (
        f"| {right / len(asked):.3f} of {len(asked)} | {1000 * index.searched_seconds / len(asked):.1f} |"
        f" {1000 * tier / len(asked):.1f} | {stored * index.enlarged.ntotal / size:,.0f} |"
    )


def _finds(question: Question, index: Scaled) -> bool:
    query = question.query
    mask = query.moving if query.moving.any() else None
    frame = int(query.keyframes[question.keyframe])
    found = [
        index.ids[hypothesis.reference]
        for hypothesis in from_picture(index, frame, query.picture(question.keyframe), mask)
        if hypothesis.reference < index.count
    ]
    return any(reference in question.sources for reference in found)


if __name__ == "__main__":
    sys.exit(main())
