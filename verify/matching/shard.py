"""A shard of the reference index: what is searched of some references, written once and never changed.

In go entries or other shards, out comes a shard in memory, or one mapped read-only from its folder.
The rows of one list are in the order of the references' identifiers and then as in the fingerprint, so
that among equally near rows the same ones are found however a set is divided into shards. Refuses a
folder of another algorithm or layout, and one whose files are not as long as they were written.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import ALGORITHM, Fingerprint
from verify.fingerprint.perceptual import Codes
from verify.matching.lists import LIST_COUNT, ListNumbers, assigned
from verify.matching.rows import TABLES, Rows, Tables, joined, renumbered, rows_of

LAYOUT = 5  #: of the files; a shard of another one is built again
FEATURE_BYTES = 54  #: of the files, for each local feature: descriptor 32, row number 8, tables 14
KEYFRAME_BYTES = 586  #: of the files, for each keyframe: its tiny picture 576, tables 10
WIDENING = 4  #: times as many neighbours are asked for where references that are gone took the places
NONE_NEAR = np.iinfo(np.int32).max  #: the distance where there is no neighbour

_HEAD, _CODES, _FEATURES = "shard.json", "codes.faiss", "features.faiss"
_BITS = 256

Distances = NDArray[np.int32]
RowNumbers = NDArray[np.int64]

# One thread a process: throughput comes from more workers, and OpenMP's waiting threads spin on a
# shared machine and hang children forked after them (handbook `reliability.md` 1.4).
faiss.omp_set_num_threads(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One reference as the index takes it in."""

    reference_id: str
    stamp: str  #: names the fingerprint: another stamp is another content, and the older one is dropped
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The references of a shard, in the order of their identifiers: one item of each tuple for each."""

    ids: tuple[str, ...]
    stamps: tuple[str, ...]
    features: tuple[int, ...]  #: how many local features are indexed
    keyframes: tuple[int, ...]  #: how many keyframes those are of

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return list(zip(self.ids, self.stamps, strict=True))

    @property
    def name(self) -> str:
        """The digest of what is in the shard, in hex."""
        lines = [f"{ALGORITHM} {LAYOUT}", *(" ".join(pair) for pair in self.pairs)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class Shard:
    """Search over the references of `contents`; what is found are rows, which `tables` explain."""

    def __init__(self, contents: Contents, tables: Tables, codes: Any, features: Any) -> None:
        self.contents = contents
        self.tables = tables
        self._codes = codes
        self._features = features

    @classmethod
    def build(cls, entries: Iterable[Entry]) -> Shard:
        """The shard of `entries`; no more than one fingerprint of them is held at a time."""
        made = ((entry.reference_id, entry.stamp, rows_of(entry.fingerprint)) for entry in entries)
        parts = sorted(made, key=lambda part: part[0])
        contents = Contents(
            ids=tuple(reference_id for reference_id, _, _ in parts),
            stamps=tuple(stamp for _, stamp, _ in parts),
            features=tuple(len(rows.descriptors) for _, _, rows in parts),
            keyframes=tuple(len(np.unique(rows.tables.feature_keyframe)) for _, _, rows in parts),
        )
        numbered = [
            renumbered(rows, np.array([number], np.int32)) for number, (_, _, rows) in enumerate(parts)
        ]
        return _in_memory(contents, joined(numbered))

    @classmethod
    def merged(cls, shards: Sequence[tuple[Shard, NDArray[np.bool_]]]) -> Shard:
        """One shard of what is kept of several: with each comes a mask over its references."""
        places = sorted(
            (shard.contents.ids[place], number, place)
            for number, (shard, kept) in enumerate(shards)
            for place in np.flatnonzero(kept).tolist()
        )
        owners = [np.full(len(shard.contents.ids), -1, np.int32) for shard, _ in shards]
        for owner, (_, number, place) in enumerate(places):
            owners[number][place] = owner
        columns = [asdict(shard.contents) for shard, _ in shards]
        contents = Contents(
            **{
                name: tuple(columns[number][name][place] for _, number, place in places)
                for name in columns[0]
            }
        )
        parts = [renumbered(shard.rows(), new) for (shard, _), new in zip(shards, owners, strict=True)]
        return _in_memory(contents, joined(parts))

    def rows(self) -> Rows:
        """Everything in the shard; the codes and descriptors are copies."""
        codes = _bytes_at(self._codes.xb.data(), len(self.tables.code_owner))
        lists = self._features.invlists
        filled, sizes = np.unique(self.tables.feature_list, return_counts=True)
        parts = [
            _bytes_at(lists.get_codes(number), size)
            for number, size in zip(filled.tolist(), sizes.tolist(), strict=True)
        ]
        descriptors = np.concatenate([np.empty((0, 32), np.uint8), *parts])
        return Rows(codes=codes, descriptors=descriptors, tables=self.tables)

    def near_codes(self, codes: Codes, radius_bits: int) -> tuple[RowNumbers, RowNumbers, Distances]:
        """Which of `codes` (k, 32), which row, and the distance of every pair within the radius."""
        if not len(codes) or not self._codes.ntotal:
            nothing = np.empty(0, np.int64)
            return nothing, nothing, nothing.astype(np.int32)
        limits, distances, rows = self._codes.range_search(np.ascontiguousarray(codes), radius_bits + 1)
        counts = np.diff(limits.astype(np.int64))
        return np.repeat(np.arange(len(codes)), counts), rows, distances.astype(np.int32)

    def near_features(
        self, descriptors: Codes, lists: ListNumbers | None, neighbours: int, kept: NDArray[np.bool_]
    ) -> tuple[Distances, RowNumbers]:
        """The nearest rows, (k, neighbours) each, in order; NONE_NEAR and -1 where there is none.

        `lists`, (k, p) and ascending, says where to look, None everywhere; `kept` masks the references
        that count.
        """
        distances = np.full((len(descriptors), neighbours), NONE_NEAR, np.int32)
        rows = np.full((len(descriptors), neighbours), -1, np.int64)
        open_, asked = np.arange(len(descriptors)), neighbours
        while len(open_) and self._features.ntotal:
            near, found = self._searched(descriptors[open_], None if lists is None else lists[open_], asked)
            exhausted = found[:, -1] < 0
            gone = (found < 0) | ~kept[self.tables.feature_owner[found]]
            near[gone], found[gone] = NONE_NEAR, -1
            order = np.argsort(near, axis=1, kind="stable")[:, :neighbours]
            distances[open_] = np.take_along_axis(near, order, axis=1)
            rows[open_] = np.take_along_axis(found, order, axis=1)
            open_ = open_[(rows[open_, -1] < 0) & ~exhausted]
            asked *= WIDENING
        return distances, rows

    @cached_property
    def _flat(self) -> Any:
        """The same rows for an exact search, where a shard is small; visiting every list takes longer."""
        index: Any = faiss.IndexBinaryFlat(_BITS)
        index.add(self.rows().descriptors)
        return index

    def _searched(
        self, descriptors: Codes, lists: ListNumbers | None, neighbours: int
    ) -> tuple[Distances, RowNumbers]:
        """As FAISS finds them: of equally near ones those with the smallest row numbers."""
        if lists is None:
            found: tuple[Distances, RowNumbers] = self._flat.search(descriptors, neighbours)
            return found
        # In the order of the lists: neighbours read the same ones, which takes a third off the search.
        order = np.argsort(assigned(descriptors), kind="stable")
        lists = np.ascontiguousarray(lists[order], dtype=np.int64)
        descriptors = np.ascontiguousarray(descriptors[order])
        distances = np.empty((len(descriptors), neighbours), np.int32)
        rows = np.empty((len(descriptors), neighbours), np.int64)
        unused = np.zeros(lists.shape, np.int32)  # distances to the lists; named, as FAISS keeps no reference
        parameters = faiss.IVFSearchParameters()
        parameters.nprobe = lists.shape[1]
        self._features.search_preassigned_c(
            len(descriptors),
            faiss.swig_ptr(descriptors),
            neighbours,
            faiss.swig_ptr(lists),
            faiss.swig_ptr(unused),
            faiss.swig_ptr(distances),
            faiss.swig_ptr(rows),
            False,  # row numbers, not places within lists
            parameters,
        )
        as_asked = np.argsort(order)
        return distances[as_asked], rows[as_asked]

    def save(self, folder: Path) -> None:
        """Write the shard into `folder`, which must exist, down to the disk. Raises OSError."""
        for name, index in ((_CODES, self._codes), (_FEATURES, self._features)):
            # Not FAISS's own writing, which says of a full disk only that it failed.
            faiss.serialize_index_binary(index).tofile(folder / name)
        for name in TABLES:
            np.save(folder / f"{name}.npy", getattr(self.tables, name))
        sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
        head = {"algorithm": ALGORITHM, "layout": LAYOUT, "sizes": sizes, "contents": asdict(self.contents)}
        (folder / _HEAD).write_text(json.dumps(head))
        for path in (*folder.iterdir(), folder):
            _sync(path)

    @classmethod
    def open(cls, folder: Path) -> Shard:
        """Map what `save` wrote. Raises OSError or ValueError when it is missing, damaged or another's."""
        contents = contents_of(folder)
        tables = Tables(**{name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in TABLES})
        try:
            codes = faiss.read_index_binary(str(folder / _CODES), faiss.IO_FLAG_MMAP_IFC)
            features = faiss.read_index_binary(
                str(folder / _FEATURES), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY
            )
        except RuntimeError as error:
            raise OSError("an index file cannot be read") from error
        return cls(contents, tables, codes, features)


def contents_of(folder: Path) -> Contents:
    """What the shard in `folder` holds. Raises as `Shard.open` does."""
    head = json.loads((folder / _HEAD).read_text())
    if (head["algorithm"], head["layout"]) != (ALGORITHM, LAYOUT):
        raise ValueError(f"a shard of {head['algorithm']}, layout {head['layout']}")
    # A mapped file that is shorter than its index says ends the process with SIGBUS.
    if any((folder / name).stat().st_size != size for name, size in head["sizes"].items()):
        raise ValueError("a file of the shard is cut short")
    return Contents(**{name: tuple(items) for name, items in head["contents"].items()})


def _in_memory(contents: Contents, rows: Rows) -> Shard:
    codes: Any = faiss.IndexBinaryFlat(_BITS)
    codes.add(rows.codes)
    quantizer: Any = faiss.IndexBinaryFlat(_BITS)  # stays empty: lists.py assigns
    features: Any = faiss.IndexBinaryIVF(quantizer, _BITS, LIST_COUNT)
    features.is_trained = True
    features.own_fields = True
    quantizer.this.disown()
    features.ntotal = len(rows.descriptors)
    numbers = np.arange(len(rows.descriptors), dtype=np.int64)
    filled, starts, sizes = np.unique(rows.tables.feature_list, return_index=True, return_counts=True)
    for number, start, size in zip(filled.tolist(), starts.tolist(), sizes.tolist(), strict=True):
        places = slice(start, start + size)
        features.invlists.add_entries(
            number, size, faiss.swig_ptr(numbers[places]), faiss.swig_ptr(rows.descriptors[places])
        )
    return Shard(contents, rows.tables, codes, features)


def _bytes_at(pointer: Any, count: int) -> Codes:
    if not count:
        return np.empty((0, 32), np.uint8)
    copied: Codes = faiss.rev_swig_ptr(pointer, count * 32).reshape(count, 32).copy()
    return copied


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
