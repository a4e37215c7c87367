"""The reference index: every reference's hashes and local features, searchable.

In go (reference id, fingerprint) pairs, out come candidates: which frame of which reference is near
a query code. The index is a cache that can be deleted and rebuilt from the database; on disk it is a
folder of memory-mapped files named by the digest of the set. Exact flat search (FAISS), because
graphs and inverted lists lose near-duplicate runs (handbook `algorithms.md` 3).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import ALGORITHM, Fingerprint
from verify.fingerprint.local import VERIFYING_FEATURES, LocalFeatures, extract
from verify.fingerprint.perceptual import Codes
from verify.fingerprint.quality import USABLE_QUALITY

SAME_CODE_BITS = 8  #: a frame this near the last indexed one of its reference adds nothing
LISTED_FROM = (
    30_000  #: descriptors; flat search of as many takes about 30 ms of CPU a picture (bench/scale.py)
)
PROBED_LISTS = 10
LOADED_FINGERPRINTS = 64  #: references held in memory for alignment
KEPT_FEATURES = 2_000  #: reference keyframes whose features stay made, at 20 kB each

Loader = Callable[[str], Fingerprint]

# One thread a process: throughput comes from more workers, and OpenMP's waiting threads spin on a
# shared machine and hang children forked after them (handbook `reliability.md` 1.4).
faiss.omp_set_num_threads(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeHits:
    """Flat arrays, one row per (query code, reference code) pair within the radius."""

    query: NDArray[np.int64]  #: row of the searched codes
    reference: NDArray[np.int32]  #: number of the reference in the index
    frame: NDArray[np.int32]  #: sampled frame of that reference
    trimmed: NDArray[np.bool_]  #: whether the reference code is of the frame without bars
    distance: NDArray[np.int32]  #: Hamming distance, bits


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tables:
    """What lies beside the two FAISS indexes, row for row."""

    code_owner: NDArray[np.int32]
    code_frame: NDArray[np.int32]
    code_trimmed: NDArray[np.bool_]
    feature_owner: NDArray[np.int32]
    feature_keyframe: NDArray[np.int32]


class ReferenceIndex:
    """Search over a fixed set of references. Build one per revision of the set."""

    def __init__(
        self,
        ids: tuple[str, ...],
        digest: str,
        tables: _Tables,
        parts: tuple[faiss.IndexBinary, faiss.IndexBinary],
        loader: Loader,
    ) -> None:
        self.ids = ids
        self.digest = digest  #: sha256 over ids, codes and the algorithm's version
        self._tables = tables
        self._codes, self._features = parts
        self.load = lru_cache(maxsize=LOADED_FINGERPRINTS)(lambda number: loader(ids[number]))
        self.features = lru_cache(maxsize=KEPT_FEATURES)(self._features_of)

    @property
    def count(self) -> int:
        return len(self.ids)

    @cached_property
    def keyframe_count(self) -> int:
        owners, keyframes = self._tables.feature_owner, self._tables.feature_keyframe
        return len(np.unique(owners.astype(np.int64) << 32 | keyframes))

    @classmethod
    def build(cls, entries: Iterable[tuple[str, Fingerprint]], loader: Loader) -> ReferenceIndex:
        """Index `entries`; `loader` gives a reference's fingerprint again when it is a candidate."""
        rows = _Rows()
        for reference_id, print_ in sorted(entries, key=lambda entry: entry[0]):
            rows.add(reference_id, print_)
        return cls(
            tuple(rows.ids),
            rows.digest.hexdigest(),
            rows.tables(),
            (rows.code_index(), rows.feature_index()),
            loader,
        )

    def near_codes(self, codes: Codes, radius_bits: int) -> CodeHits:
        """Every indexed code at most `radius_bits` from each of `codes`, shape (k, 32)."""
        if not len(codes) or not self._codes.ntotal:
            limits, distances, rows = (
                np.zeros(len(codes) + 1, np.int64),
                np.empty(0, np.int32),
                np.empty(0, np.int64),
            )
        else:
            limits, distances, rows = self._codes.range_search(np.ascontiguousarray(codes), radius_bits + 1)
        tables = self._tables
        return CodeHits(
            query=np.repeat(
                np.arange(len(codes)), limits[1:].astype(np.int64) - limits[:-1].astype(np.int64)
            ),
            reference=tables.code_owner[rows],
            frame=tables.code_frame[rows],
            trimmed=tables.code_trimmed[rows],
            distance=distances.astype(np.int32),
        )

    def near_features(
        self, descriptors: Codes, neighbours: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """(distance, reference, keyframe), each (k, neighbours), -1 where there is none."""
        wanted = min(neighbours, self._features.ntotal)
        if not len(descriptors) or not wanted:
            empty = np.empty((len(descriptors), 0), np.int32)
            return empty, empty, empty
        distances, rows = self._features.search(np.ascontiguousarray(descriptors), wanted)
        found = rows >= 0
        owner = np.where(found, self._tables.feature_owner[rows], -1).astype(np.int32)
        keyframe = np.where(found, self._tables.feature_keyframe[rows], -1).astype(np.int32)
        return distances.astype(np.int32), owner, keyframe

    def _features_of(self, number: int, keyframe: int) -> LocalFeatures:
        """The verifying features of one keyframe, made from its stored picture."""
        reference = self.load(number)
        mask = reference.moving if reference.moving.any() else None
        return extract(reference.picture(keyframe), count=VERIFYING_FEATURES, mask=mask)

    def save(self, folder: Path) -> None:
        """Write the index as files in `folder`, which must exist."""
        faiss.write_index_binary(self._codes, str(folder / "codes.faiss"))
        faiss.write_index_binary(self._features, str(folder / "features.faiss"))
        for name in _Tables.__slots__:
            np.save(folder / f"{name}.npy", getattr(self._tables, name))
        head = {"algorithm": ALGORITHM, "digest": self.digest, "ids": self.ids}
        (folder / "index.json").write_text(json.dumps(head))

    @classmethod
    def open(cls, folder: Path, loader: Loader) -> ReferenceIndex:
        """Map what `save` wrote. Raises OSError or ValueError when it is missing or of another algorithm."""
        head = json.loads((folder / "index.json").read_text())
        if head["algorithm"] != ALGORITHM:
            raise ValueError(f"index of {head['algorithm']}, not {ALGORITHM}")
        tables = _Tables(
            **{name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _Tables.__slots__}
        )
        try:
            codes = faiss.read_index_binary(str(folder / "codes.faiss"), faiss.IO_FLAG_MMAP_IFC)
            features = faiss.read_index_binary(str(folder / "features.faiss"), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise OSError("an index file cannot be read") from error
        return cls(tuple(head["ids"]), head["digest"], tables, (codes, features), loader)


class _Rows:
    """Collects the rows of an index under construction."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.codes: list[Codes] = []
        self.frames: list[NDArray[np.int32]] = []
        self.trimmed: list[NDArray[np.bool_]] = []
        self.descriptors: list[Codes] = []
        self.keyframes: list[NDArray[np.int32]] = []
        self.digest = hashlib.sha256(ALGORITHM.encode())

    def add(self, reference_id: str, print_: Fingerprint) -> None:
        self.ids.append(reference_id)
        self.digest.update(
            reference_id.encode() + b"\0" + print_.codes.tobytes() + print_.descriptors.tobytes()
        )
        usable = np.flatnonzero(print_.quality >= USABLE_QUALITY)
        variants = (0, 1) if print_.has_bars else (0,)
        kept = [usable[distinct(print_.codes[usable, variant], SAME_CODE_BITS)] for variant in variants]
        self.codes.append(
            np.concatenate(
                [print_.codes[rows, variant] for rows, variant in zip(kept, variants, strict=True)]
            )
        )
        self.frames.append(np.concatenate(kept).astype(np.int32))
        self.trimmed.append(np.repeat(np.array(variants, dtype=np.bool_), [len(rows) for rows in kept]))
        self.descriptors.append(print_.descriptors)
        self.keyframes.append(print_.descriptor_keyframe)

    def tables(self) -> _Tables:
        return _Tables(
            code_owner=_owners(self.frames),
            code_frame=_joined(self.frames, np.int32),
            code_trimmed=_joined(self.trimmed, np.bool_),
            feature_owner=_owners(self.keyframes),
            feature_keyframe=_joined(self.keyframes, np.int32),
        )

    def code_index(self) -> faiss.IndexBinary:
        index = faiss.IndexBinaryFlat(256)
        if self.codes:
            index.add(np.concatenate(self.codes))
        return index

    def feature_index(self) -> faiss.IndexBinary:
        flat = faiss.IndexBinaryFlat(256)
        rows = np.concatenate(self.descriptors) if self.descriptors else np.empty((0, 32), np.uint8)
        if len(rows) < LISTED_FROM:
            flat.add(rows)
            return flat
        lists = int(np.sqrt(len(rows)))
        listed = faiss.IndexBinaryIVF(flat, 256, lists)
        listed.nprobe = PROBED_LISTS
        listed.train(rows[:: max(1, len(rows) // (lists * 40))])
        listed.add(rows)
        listed.own_fields = True
        flat.this.disown()  # type: ignore[attr-defined]  # SWIG's handle; the list index frees it
        return listed


def distinct(codes: Codes, bits: int) -> NDArray[np.intp]:
    """Positions of `codes` (k, 32), each more than `bits` from the one kept before it."""
    numbers = [int.from_bytes(code.tobytes()) for code in codes]
    kept: list[int] = []
    for position, number in enumerate(numbers):
        if not kept or (number ^ numbers[kept[-1]]).bit_count() > bits:
            kept.append(position)
    return np.array(kept, dtype=np.intp)


def _owners(parts: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    return np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts])


def _joined(parts: list[NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    return np.concatenate(parts).astype(dtype, copy=False) if parts else np.empty(0, dtype)
