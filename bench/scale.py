"""The local tier among 5,000, 50,000 and 500,000 reference keyframes: what is found, at what cost.

    python -m bench.scale --root CORPUS --sets SET... --foreign FOREIGN [--sizes N...] [--pictures 400]

Each SET was made by `make_queries.py`. Its references are indexed among distractors (distractors.py). One
picture of each query, from the middle of what the truth says is copied, goes through the product's local
tier. Prints a row per size and index: how often the right reference is among the candidates that are
verified, and is confirmed; CPU milliseconds a picture, of the search (of two views of 500 descriptors) and
of the whole tier; and the index's bytes a keyframe.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import faiss
import numpy as np

from bench.distractors import KEYFRAMES, distractors
from bench.foreign import foreign_fingerprints
from bench.media import fingerprints
from verify.fingerprint import Fingerprint
from verify.fingerprint.perceptual import Codes
from verify.matching import ReferenceIndex
from verify.matching.index import FeatureHits
from verify.matching.local_tier import from_views
from verify.matching.shard import FEATURE_BYTES, KEYFRAME_BYTES, Entry, Shard
from verify.matching.views import whole

SHARD_KEYFRAMES = 50_000  # as a set that grew over time has them
LENT = 200  # photos whose pictures are looked at when a distractor is a candidate
TRAINED_LISTS, PROBED, POINTS_A_LIST = 4_096, 16, 40  # of FAISS's inverted lists
EXACT_PICTURES = 24  # flat search is exact, and takes seconds a picture in a large set


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One query picture and the references it shows."""

    query: Fingerprint
    keyframe: int
    sources: frozenset[str]


class Measured(ReferenceIndex):
    """The product's index, which notes what its searches cost and which references were looked at."""

    def __init__(
        self, shards: Sequence[Shard], loader: Callable[[str], Fingerprint], wanted: Mapping[str, str]
    ) -> None:
        super().__init__(shards, loader, wanted)
        self.searched_seconds = 0.0
        self.candidates: set[str] = set()
        load = self.load

        def noted(number: int) -> Fingerprint:
            self.candidates.add(self.ids[number])
            return load(number)

        self.load = noted  # type: ignore[assignment]  # a plain function instead of a cached one

    def near_features(self, descriptors: Codes, neighbours: int) -> FeatureHits:
        started = time.process_time()
        found = self._searched(descriptors, neighbours)
        self.searched_seconds += time.process_time() - started
        return found

    def _searched(self, descriptors: Codes, neighbours: int) -> FeatureHits:
        return super().near_features(descriptors, neighbours)


class Replaced(Measured):
    """The same set in one FAISS index, to compare with."""

    def replace(self, shards: Sequence[Shard], features: Any) -> None:
        numbers = {reference_id: number for number, reference_id in enumerate(self.ids)}
        owners, keyframes, places = [], [], []
        if not features.is_trained:
            sample = np.concatenate([shard.rows().descriptors for shard in shards[:2]])
            features.train(sample[:: max(1, len(sample) // (POINTS_A_LIST * TRAINED_LISTS))])
        for shard in shards:
            rows = shard.rows()
            features.add(rows.descriptors)
            called = np.array([numbers[reference_id] for reference_id in shard.contents.ids], np.int32)
            owners.append(called[rows.tables.feature_owner])
            keyframes.append(rows.tables.feature_keyframe)
            places.append(rows.tables.feature_place)
        self._replaced = features
        self._owners, self._keyframes = np.concatenate(owners), np.concatenate(keyframes)
        self._places = np.concatenate(places)

    def _searched(self, descriptors: Codes, neighbours: int) -> FeatureHits:
        distances, rows = self._replaced.search(np.ascontiguousarray(descriptors), neighbours)
        found = rows >= 0
        return FeatureHits(
            distance=distances.astype(np.int32),
            reference=np.where(found, self._owners[rows], -1).astype(np.int32),
            keyframe=np.where(found, self._keyframes[rows], -1).astype(np.int32),
            place=self._places[rows],
        )


def _flat() -> Any:
    return faiss.IndexBinaryFlat(256)


def _trained() -> Any:
    quantizer: Any = faiss.IndexBinaryFlat(256)
    index = faiss.IndexBinaryIVF(quantizer, 256, TRAINED_LISTS)
    index.own_fields = True
    quantizer.this.disown()
    index.nprobe = PROBED
    return index


def _hash16() -> Any:
    index = faiss.IndexBinaryHash(256, 16)
    index.nflip = 1
    return index


def _multi_hash() -> Any:
    return faiss.IndexBinaryMultiHash(256, 8, 20)


REPLACEMENTS: dict[str, Callable[[], Any]] = {
    "flat": _flat,
    "IVF": _trained,
    "hash 16, 1 flip": _hash16,
    "hash 8 x 20": _multi_hash,
}


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    cv2.setNumThreads(1)
    known, questions = _asked(options)
    print(
        f"{len(known)} references, {len(questions)} query pictures;"
        f" {_picture_bytes(known.values()):,.0f} B of picture a keyframe"
    )
    print("| keyframes | index | among the candidates | confirmed | search ms | tier ms | B a keyframe |")
    print("|---|---|---|---|---|---|---|")
    for size in options.sizes:
        shards, load = _set(size, known, options)
        for name, index in _indexes(shards, load, options):
            asked = questions[:EXACT_PICTURES] if name == "flat" else questions
            print(f"| {index.keyframe_count:,} | {name} {_measured(index, asked)}", flush=True)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--sets", type=Path, nargs="+", required=True)
    parser.add_argument("--foreign", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[5_000, 50_000, 500_000])
    parser.add_argument("--pictures", type=int, default=400, help="query pictures")
    parser.add_argument("--replacements", nargs="*", default=[], choices=list(REPLACEMENTS))
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


def _set(
    size: int, known: dict[str, Fingerprint], options: argparse.Namespace
) -> tuple[list[Shard], Callable[[str], Fingerprint]]:
    """Shards of the known references and as many distractors as make `size` keyframes, and the loader."""
    entries = [Entry(reference_id=name, stamp="", fingerprint=print_) for name, print_ in known.items()]
    shards = [Shard.build(entries)]
    missing = size - sum(len(print_.pictures) for print_ in known.values())
    for number, first in enumerate(range(0, missing, SHARD_KEYFRAMES)):
        count = min(SHARD_KEYFRAMES, missing - first)
        seed = options.seed + number
        shards.append(Shard.build(_renamed(distractors(options.foreign, count, seed=seed), number)))
    photos = foreign_fingerprints(options.foreign, LENT, jobs=options.jobs)
    keyframes = np.zeros(KEYFRAMES, np.int32)
    lent = [replace(photo, pictures=photo.pictures * KEYFRAMES, keyframes=keyframes) for _, photo in photos]

    def load(reference_id: str) -> Fingerprint:
        if reference_id in known:
            return known[reference_id]
        return lent[int(reference_id.rpartition("-")[2]) % len(lent)]

    return shards, load


def _renamed(entries: Iterable[Entry], shard: int) -> Iterator[Entry]:
    for entry in entries:
        yield Entry(
            reference_id=f"{shard}-{entry.reference_id}", stamp=entry.stamp, fingerprint=entry.fingerprint
        )


def _indexes(
    shards: Sequence[Shard], load: Callable[[str], Fingerprint], options: argparse.Namespace
) -> Iterator[tuple[str, Measured]]:
    """The product's index, and others over the same rows."""
    wanted = {name: "" for shard in shards for name in shard.contents.ids}
    yield "ours", Measured(shards, load, wanted)
    for kind in options.replacements:
        other = Replaced(shards, load, wanted)
        other.replace(shards, REPLACEMENTS[kind]())
        yield kind, other


def _measured(index: Measured, questions: Sequence[Question]) -> str:
    """The further cells of a row of the table."""
    index.searched_seconds = 0.0
    started = time.process_time()
    seen, right = np.sum([_finds(question, index) for question in questions], axis=0)
    tier = time.process_time() - started
    asked = len(questions)
    stored = FEATURE_BYTES * index.feature_count / index.keyframe_count + KEYFRAME_BYTES
    return (
        f"| {seen / asked:.3f} of {asked} | {right / asked:.3f} | {1000 * index.searched_seconds / asked:.1f}"
        f" | {1000 * tier / asked:.1f} | {stored:,.0f} |"
    )


def _finds(question: Question, index: Measured) -> tuple[bool, bool]:
    """Whether a right reference is among the candidates, and among what comes of them."""
    query = question.query
    frame = int(query.keyframes[question.keyframe])
    index.candidates.clear()
    views = next(whole([query.picture(question.keyframe)], query.searched, index))
    proposed = from_views(query, index, frame, views, query.content_box)
    found = {index.ids[hypothesis.reference] for hypothesis in proposed}
    return bool(question.sources & index.candidates), bool(question.sources & found)


if __name__ == "__main__":
    sys.exit(main())
