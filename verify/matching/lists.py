"""The lists that local features are sorted into: one fixed division of all descriptors.

In go descriptors, out come numbers of lists. The centres ship with the program instead of being trained
on the set (`bench/centres.py` made them), so that every shard of every index has the same lists, and
what a search finds depends on the set alone, not on the order in which it came about.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from verify.fingerprint.perceptual import Codes

_CENTRES = Path(__file__).parent / "data" / "centres.npy"

ListNumbers = NDArray[np.int64]


@cache
def _centres() -> faiss.IndexBinaryFlat:
    index = faiss.IndexBinaryFlat(256)
    index.add(np.load(_CENTRES))
    return index


def list_count() -> int:
    return _centres().ntotal


def assigned(descriptors: Codes) -> ListNumbers:
    """The list of each of `descriptors`, shape (k, 32): that of the nearest centre."""
    return nearest(descriptors, 1)[:, 0]


def nearest(descriptors: Codes, count: int) -> ListNumbers:
    """The `count` lists that are nearest to each of `descriptors`, (k, count), ascending by number."""
    if not len(descriptors):
        return np.empty((0, count), np.int64)
    _, numbers = _centres().search(np.ascontiguousarray(descriptors), count)
    return np.sort(numbers, axis=1)
