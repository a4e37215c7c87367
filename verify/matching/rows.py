"""The rows of an index: one for each hash, each local feature and each keyframe, and what each is of.

In goes a fingerprint, out come its rows; rows of several references are joined in the one order that
every index has. Near-duplicate hashes of neighbouring frames are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.errors import BlobMissing
from verify.fingerprint import Fingerprint
from verify.fingerprint.bars import cut
from verify.fingerprint.local import Places
from verify.fingerprint.perceptual import Codes
from verify.fingerprint.quality import USABLE_QUALITY
from verify.matching.crops import SIDE, tiny
from verify.matching.lists import assigned
from verify.model import GreyImage

SAME_CODE_BITS = 8  #: a frame this near the last indexed one of its reference adds nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What the rows are of. An owner is the number of a reference within the shard."""

    code_owner: NDArray[np.int32]  #: ascending
    code_frame: NDArray[np.int32]  #: sampled frame of the reference
    code_trimmed: NDArray[np.bool_]  #: whether the code is of the frame without bars
    feature_list: NDArray[np.uint16]  #: ascending, see lists.py
    feature_owner: NDArray[np.int32]  #: ascending within a list
    feature_keyframe: NDArray[np.int32]
    feature_place: Places
    tiny_owner: NDArray[np.int32]  #: ascending
    tiny_frame: NDArray[np.int32]  #: sampled frame of the reference
    tiny_grey: NDArray[np.uint8]  #: (k, SIDE, SIDE), see `crops.TinyPictures`
    tiny_size: NDArray[np.uint8]  #: (k, 2)


TABLES = tuple(field.name for field in fields(Tables))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Codes (k, 32) and descriptors (d, 32) with their tables, row for row."""

    codes: Codes
    descriptors: Codes
    tables: Tables


def rows_of(print_: Fingerprint) -> Rows:
    """The rows of one reference, as number 0."""
    usable = np.flatnonzero(print_.quality >= USABLE_QUALITY)
    variants = (0, 1) if print_.has_bars else (0,)
    kept = [usable[distinct(print_.codes[usable, variant], SAME_CODE_BITS)] for variant in variants]
    chosen = [print_.codes[frames, variant] for frames, variant in zip(kept, variants, strict=True)]
    frames = np.concatenate(kept).astype(np.int32)
    small = list(_tiny(print_))
    tables = Tables(
        code_owner=np.zeros(len(frames), np.int32),
        code_frame=frames,
        code_trimmed=np.repeat(np.array(variants, np.bool_), [len(part) for part in kept]),
        feature_list=assigned(print_.descriptors).astype(np.uint16),
        feature_owner=np.zeros(len(print_.descriptors), np.int32),
        feature_keyframe=print_.descriptor_keyframe.astype(np.int32),
        feature_place=print_.descriptor_places,
        tiny_owner=np.zeros(len(small), np.int32),
        tiny_frame=np.array([frame for frame, _, _ in small], np.int32),
        tiny_grey=np.array([grey for _, grey, _ in small], np.uint8).reshape(-1, SIDE, SIDE),
        tiny_size=np.array([size for _, _, size in small], np.uint8).reshape(-1, 2),
    )
    return Rows(codes=np.concatenate(chosen), descriptors=print_.descriptors, tables=tables)


def _tiny(print_: Fingerprint) -> Iterator[tuple[int, GreyImage, tuple[int, int]]]:
    """Frame, tiny picture and size of every keyframe whose small picture can be read."""
    for frame in print_.keyframes.tolist():
        with suppress(BlobMissing):
            yield frame, *tiny(cut(print_.thumbnail(frame), print_.content_box))


def renumbered(rows: Rows, owners: NDArray[np.int32]) -> Rows:
    """The rows with `owners[old]` as the new number of their reference; those with -1 are dropped."""
    tables = rows.tables
    code_owner, feature_owner = owners[tables.code_owner], owners[tables.feature_owner]
    tiny_owner = owners[tables.tiny_owner]
    codes, features, pictures = code_owner >= 0, feature_owner >= 0, tiny_owner >= 0
    return Rows(
        codes=rows.codes[codes],
        descriptors=rows.descriptors[features],
        tables=Tables(
            code_owner=code_owner[codes],
            code_frame=tables.code_frame[codes],
            code_trimmed=tables.code_trimmed[codes],
            feature_list=tables.feature_list[features],
            feature_owner=feature_owner[features],
            feature_keyframe=tables.feature_keyframe[features],
            feature_place=tables.feature_place[features],
            tiny_owner=tiny_owner[pictures],
            tiny_frame=tables.tiny_frame[pictures],
            tiny_grey=tables.tiny_grey[pictures],
            tiny_size=tables.tiny_size[pictures],
        ),
    )


def joined(parts: Sequence[Rows]) -> Rows:
    """All rows in order: features by list and owner, the others by owner; else as they come."""
    columns = {
        name: np.concatenate([nothing, *(getattr(part.tables, name) for part in parts)])
        for name, nothing in _NO_ROWS.items()
    }
    codes = np.argsort(columns["code_owner"], kind="stable")
    features = np.lexsort((columns["feature_owner"], columns["feature_list"]))
    pictures = np.argsort(columns["tiny_owner"], kind="stable")
    order = {"code": codes, "feature": features, "tiny": pictures}
    ordered = {name: column[order[name.split("_")[0]]] for name, column in columns.items()}
    return Rows(
        codes=_stacked([part.codes for part in parts])[codes],
        descriptors=_stacked([part.descriptors for part in parts])[features],
        tables=Tables(**ordered),
    )


def distinct(codes: Codes, bits: int) -> NDArray[np.intp]:
    """Positions of `codes` (k, 32), each more than `bits` from the one kept before it."""
    numbers = [int.from_bytes(code.tobytes()) for code in codes]
    kept: list[int] = []
    for position, number in enumerate(numbers):
        if not kept or (number ^ numbers[kept[-1]]).bit_count() > bits:
            kept.append(position)
    return np.array(kept, dtype=np.intp)


_NO_ROWS: dict[str, NDArray[Any]] = {
    "code_owner": np.empty(0, np.int32),
    "code_frame": np.empty(0, np.int32),
    "code_trimmed": np.empty(0, np.bool_),
    "feature_list": np.empty(0, np.uint16),
    "feature_owner": np.empty(0, np.int32),
    "feature_keyframe": np.empty(0, np.int32),
    "feature_place": np.empty((0, 4), np.uint8),
    "tiny_owner": np.empty(0, np.int32),
    "tiny_frame": np.empty(0, np.int32),
    "tiny_grey": np.empty((0, SIDE, SIDE), np.uint8),
    "tiny_size": np.empty((0, 2), np.uint8),
}


def _stacked(parts: Sequence[Codes]) -> Codes:
    return np.concatenate([np.empty((0, 32), np.uint8), *parts])
