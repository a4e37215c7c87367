"""The reference index: every reference's hashes and local features, searchable.

In go shards (shard.py) and which references are wanted of them, out come candidates: which frame of which
reference is near a query code. Hashes are searched exactly, because graphs and inverted lists lose
near-duplicate runs (handbook `algorithms.md` 3); local features exactly as long as there are few, then in
a few lists (lists.py). What is found, and the digest, depend on the set alone, never on its shards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import ALGORITHM, Fingerprint
from verify.fingerprint.local import VERIFYING_FEATURES, LocalFeatures, Places, extract
from verify.fingerprint.perceptual import Codes
from verify.matching.crops import SIDE, TinyPictures
from verify.matching.lists import ListNumbers, probed
from verify.matching.rows import distinct
from verify.matching.shard import Entry, Shard
from verify.model import GreyImage

__all__ = ["CodeHits", "FeatureHits", "Loader", "ReferenceIndex", "distinct"]

LISTED_FROM = 10_000  #: descriptors; below, all of them are compared, at 1 ms of CPU a picture per 1,000
LOADED_FINGERPRINTS = 64  #: references held in memory for alignment
KEPT_FEATURES = 2_000  #: reference keyframes whose features stay made, at 20 kB each

Loader = Callable[[str], Fingerprint]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeHits:
    """Flat arrays, one row per (query code, reference code) pair within the radius."""

    query: NDArray[np.int64]  #: row of the searched codes
    reference: NDArray[np.int32]  #: number of the reference in the index
    frame: NDArray[np.int32]  #: sampled frame of that reference
    trimmed: NDArray[np.bool_]  #: whether the reference code is of the frame without bars
    distance: NDArray[np.int32]  #: Hamming distance, bits


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureHits:
    """Arrays (k, n): the n nearest of each of k descriptors, nearest first; -1 where there is none."""

    distance: NDArray[np.int32]
    reference: NDArray[np.int32]  #: number of the reference in the index
    keyframe: NDArray[np.int32]
    place: Places  #: (k, n, 4): where the corner is in its keyframe

    def of(self, rows: NDArray[np.intp]) -> FeatureHits:
        """Those of some of the k descriptors."""
        return FeatureHits(
            distance=self.distance[rows],
            reference=self.reference[rows],
            keyframe=self.keyframe[rows],
            place=self.place[rows],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """A shard, and what its references are called in the index."""

    shard: Shard
    numbers: NDArray[np.int32]  #: of each reference of the shard, ascending; -1 for one that is not wanted
    kept: NDArray[np.bool_]


class ReferenceIndex:
    """Search over a fixed set of references. Make one per revision of the set."""

    def __init__(self, shards: Sequence[Shard], loader: Loader, wanted: Mapping[str, str]) -> None:
        """`wanted` gives the stamp of each reference. Raises ValueError when one is in no shard."""
        self.ids = tuple(sorted(wanted))
        self._members = _members(shards, self.ids, wanted)
        self.digest = _digest(wanted)  #: sha256 over ids, fingerprints and the algorithm's version
        self.keyframe_count = sum(
            _kept_of(member, member.shard.contents.keyframes) for member in self._members
        )
        self.feature_count = sum(_kept_of(member, member.shard.contents.features) for member in self._members)
        self.load = lru_cache(maxsize=LOADED_FINGERPRINTS)(lambda number: loader(self.ids[number]))
        self.features = lru_cache(maxsize=KEPT_FEATURES)(self._features_of)

    @property
    def count(self) -> int:
        return len(self.ids)

    @classmethod
    def build(cls, entries: Iterable[tuple[str, Fingerprint]], loader: Loader) -> ReferenceIndex:
        """Index `entries` in memory; `loader` gives a reference's fingerprint again when it may match."""
        stamped = (
            Entry(reference_id=reference_id, stamp=_stamp(print_), fingerprint=print_)
            for reference_id, print_ in entries
        )
        shard = Shard.build(stamped)
        return cls([shard], loader, dict(shard.contents.pairs))

    def near_codes(self, codes: Codes, radius_bits: int) -> CodeHits:
        """Every indexed code at most `radius_bits` from each of `codes`, shape (k, 32)."""
        parts = [_code_hits(member, codes, radius_bits) for member in self._members]
        query, reference, frame, trimmed, distance = (
            np.concatenate(columns) for columns in zip(_NO_HITS, *parts, strict=True)
        )
        order = np.lexsort((frame, trimmed, reference, query))
        return CodeHits(
            query=query[order],
            reference=reference[order],
            frame=frame[order],
            trimmed=trimmed[order],
            distance=distance[order],
        )

    def near_features(self, descriptors: Codes, neighbours: int) -> FeatureHits:
        """The nearest of all descriptors, at most `neighbours` for each of `descriptors`, shape (k, 32)."""
        wanted = min(neighbours, self.feature_count) if len(descriptors) else 0
        lists = probed(descriptors) if self.feature_count >= LISTED_FROM else None
        parts = [
            _feature_hits(member, descriptors, lists, wanted)
            for member in self._members
            if wanted and len(member.shard.tables.feature_owner)
        ]
        keys, owners, keyframes, places = (
            np.concatenate(columns, axis=1)
            for columns in zip(_no_features(len(descriptors)), *parts, strict=True)
        )
        order = np.argsort(keys, axis=1, kind="stable")[:, :wanted]
        return FeatureHits(
            distance=(np.take_along_axis(keys, order, axis=1) >> _DISTANCE_SHIFT).astype(np.int32),
            reference=np.take_along_axis(owners, order, axis=1),
            keyframe=np.take_along_axis(keyframes, order, axis=1),
            place=np.take_along_axis(places, order[:, :, None], axis=1),
        )

    @property
    def tiny_count(self) -> int:
        """How many `tiny_pictures` there are, at most."""
        return sum(len(member.shard.tables.tiny_owner) for member in self._members)

    @cached_property
    def tiny_pictures(self) -> TinyPictures:
        """Those of all keyframes, in the order of the references and then of time."""
        parts = [_tiny_of(member) for member in self._members]
        owner, frame, grey, size = (np.concatenate(columns) for columns in zip(_NO_TINY, *parts, strict=True))
        order = np.argsort(owner, kind="stable")
        return TinyPictures(owner=owner[order], frame=frame[order], grey=grey[order], size=size[order])

    def _features_of(self, number: int, keyframe: int) -> LocalFeatures:
        """The verifying features of one keyframe, made from its stored picture."""
        reference = self.load(number)
        return extract(reference.picture(keyframe), count=VERIFYING_FEATURES, mask=reference.searched)


_NO_HITS = (
    np.empty(0, np.int64),
    np.empty(0, np.int32),
    np.empty(0, np.int32),
    np.empty(0, np.bool_),
    np.empty(0, np.int32),
)

_NO_TINY = (
    np.empty(0, np.int32),
    np.empty(0, np.int32),
    np.empty((0, SIDE, SIDE), np.uint8),
    np.empty((0, 2), np.uint8),
)

#: Equally near rows are told apart by their list, then by their reference; those of one reference are in
#: one shard, and stay as they are there.
_DISTANCE_SHIFT, _LIST_SHIFT = 48, 31


def _members(shards: Sequence[Shard], ids: Sequence[str], wanted: Mapping[str, str]) -> list[_Member]:
    number_of = {reference_id: number for number, reference_id in enumerate(ids)}
    members = []
    for shard in shards:
        # Popped, so that a reference that two shards hold counts once.
        numbers = [
            number_of.pop(reference_id, -1) if wanted.get(reference_id) == stamp else -1
            for reference_id, stamp in shard.contents.pairs
        ]
        numbered = np.array(numbers, np.int32)
        if (numbered >= 0).any():
            members.append(_Member(shard=shard, numbers=numbered, kept=numbered >= 0))
    if number_of:
        raise ValueError(f"{len(number_of)} references are in no shard")
    return members


def _tiny_of(member: _Member) -> tuple[NDArray[np.int32], NDArray[np.int32], GreyImage, GreyImage]:
    tables = member.shard.tables
    owner = member.numbers[tables.tiny_owner]
    kept = owner >= 0
    return owner[kept], tables.tiny_frame[kept], tables.tiny_grey[kept], tables.tiny_size[kept]


def _kept_of(member: _Member, counts: Sequence[int]) -> int:
    return int(np.array(counts, np.int64)[member.kept].sum())


def _stamp(print_: Fingerprint) -> str:
    return hashlib.sha256(print_.to_bytes()).hexdigest()


def _digest(wanted: Mapping[str, str]) -> str:
    lines = [ALGORITHM, *(f"{reference_id} {wanted[reference_id]}" for reference_id in sorted(wanted))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _code_hits(member: _Member, codes: Codes, radius_bits: int) -> tuple[NDArray[np.generic], ...]:
    query, rows, distance = member.shard.near_codes(codes, radius_bits)
    tables = member.shard.tables
    reference = member.numbers[tables.code_owner[rows]]
    kept = reference >= 0
    query, rows, distance, reference = query[kept], rows[kept], distance[kept], reference[kept]
    return query, reference, tables.code_frame[rows], tables.code_trimmed[rows], distance


def _feature_hits(member: _Member, descriptors: Codes, lists: ListNumbers | None, neighbours: int) -> _Found:
    """Sorting key, reference, keyframe and place of the member's nearest rows, (k, neighbours) each."""
    shard = member.shard
    distances, rows = shard.near_features(descriptors, lists, neighbours, member.kept)
    found = rows >= 0
    owners = np.where(found, member.numbers[shard.tables.feature_owner[rows]], -1).astype(np.int32)
    keyframes = np.where(found, shard.tables.feature_keyframe[rows], -1).astype(np.int32)
    listed = shard.tables.feature_list[rows].astype(np.int64)
    tie = np.where(found, listed << _LIST_SHIFT | owners.astype(np.int64), 0)
    keys = np.minimum(distances, _FAR).astype(np.int64) << _DISTANCE_SHIFT | tie
    return keys, owners, keyframes, shard.tables.feature_place[rows]


_Found = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], Places]


def _no_features(count: int) -> _Found:
    nothing = np.empty((count, 0), np.int32)
    return nothing.astype(np.int64), nothing, nothing, np.empty((count, 0, 4), np.uint8)


_FAR = 2**14  #: a distance for "no neighbour", beyond any
