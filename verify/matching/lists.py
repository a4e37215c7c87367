"""The lists that local features are sorted into: by the first bits of their descriptors.

In go descriptors, out come numbers of lists. It is the division of FAISS's IndexBinaryHash. Nothing in it is
trained, so every shard of every index has the same lists, and what a search finds depends on the set alone,
not on the order in which it came about. ORB's bits are in the order of how evenly and independently they
divide corners (Rublee et al., ICCV 2011), so the first ones do it best.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint.perceptual import Codes

#: Right reference among the candidates and CPU of the search, `bench/README.md` 2026-11-24: 98.7 % of 150
#: pictures in 18 ms among 5,000 keyframes, 98.7 % in 28 ms among 50,000; 96.7 % of 150 in 298 ms among
#: 500,000, on a busy machine. Trained lists cost twice as much up to 50,000, and find as much.
LIST_BITS = 16
LIST_COUNT = 2**LIST_BITS
#: A feature's own list and those whose bits differ from it in one place: its own alone lost 7 % of the
#: pictures among 50,000 keyframes, two places cost four times as much and gained none.
PROBED_LISTS = 1 + LIST_BITS

ListNumbers = NDArray[np.int64]

_ONE_OFF = np.array([0, *(1 << bit for bit in range(LIST_BITS))], np.int64)


def assigned(descriptors: Codes) -> ListNumbers:
    """The list of each of `descriptors`, shape (k, 32)."""
    return descriptors[:, 0].astype(np.int64) << 8 | descriptors[:, 1]


def probed(descriptors: Codes) -> ListNumbers:
    """The lists to look in for each of `descriptors`, (k, PROBED_LISTS), ascending."""
    return np.sort(assigned(descriptors)[:, None] ^ _ONE_OFF, axis=1)
