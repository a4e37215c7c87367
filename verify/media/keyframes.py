"""Which frames of a clip are worth keeping (pure).

In: times, perceptual hashes and quality of the frames of one clip. Out: the indices kept and, for
each frame dropped, why. Flat frames match each other whatever they show, so they go; a frame close
to the last one kept adds nothing, so it goes too, unless too long a gap would open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verify.model import type_us

#: Near-duplicate removal thins an index without losing recall (handbook `algorithms.md` 3).
MIN_DISTANCE_BITS = 20
#: Flat or black frames must be left out of the hash tier (handbook `algorithms.md` 6, point 5).
MIN_QUALITY = 15
#: A static shot keeps a frame this often, so that a segment within it can still be placed in time.
MAX_GAP_US = 2_000_000

FLAT = "flat"
NEAR_DUPLICATE = "near-duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """Frame `index` of the input was not kept. `reason` is FLAT or NEAR_DUPLICATE."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Indices into the input, ascending; `kept` and `dropped` together are all of them."""

    kept: tuple[int, ...]
    dropped: tuple[Dropped, ...]


def select(
    times_us: NDArray[np.int64],
    codes: NDArray[np.uint8],
    quality: NDArray[np.uint8],
    *,
    min_distance_bits: int = MIN_DISTANCE_BITS,
    min_quality: int = MIN_QUALITY,
    max_gap_us: type_us = MAX_GAP_US,
) -> Selection:
    """Select from n frames in order of time.

    `times_us` has shape (n,), `codes` (n, bytes per hash), `quality` (n,) from 0 to 100. A frame is
    kept when its quality reaches `min_quality` and it is at least `min_distance_bits` from the last
    kept one, or `max_gap_us` later, or the last good frame (so that the end is known).
    """
    good = [index for index in range(len(codes)) if quality[index] >= min_quality]
    kept: list[int] = []
    for index in good:
        due = not kept or index == good[-1] or times_us[index] - times_us[kept[-1]] >= max_gap_us
        if due or hamming_distance(codes[index], codes[kept[-1]]) >= min_distance_bits:
            kept.append(index)
    chosen, worthy = set(kept), set(good)
    dropped = tuple(
        Dropped(index=index, reason=NEAR_DUPLICATE if index in worthy else FLAT)
        for index in range(len(codes))
        if index not in chosen
    )
    return Selection(kept=tuple(kept), dropped=dropped)


def hamming_distance(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    """How many bits differ between two packed hashes of the same length."""
    return int(np.bitwise_count(one ^ other).sum())
