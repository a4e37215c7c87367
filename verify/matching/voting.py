"""Which reference keyframes a query picture's corners point to.

In go the corners of one view and what the index has near them, out come ballots. A pair of like corners
fixes where the whole query picture would lie in the keyframe, how large and how turned; pairs by chance say
something different each, pairs of the same footage the same. So ballots are ordered by how many pairs agree,
not by how many there are: weak geometric consistency (Jegou, Douze and Schmid, ECCV 2008) with the place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint.local import OCTAVE_UNITS, PLACE_UNIT, TURN_UNITS, Places
from verify.matching.index import FeatureHits

VOTE_BITS = 64  #: of 256; a descriptor farther away casts no vote
LEAST_AGREED = 3  #: votes; any two agree on some map
SIZE_CELL = 1.0  #: octaves; ORB's pyramid knows sizes to a quarter of one
TURN_CELLS = 8  #: of a whole turn
PLACE_CELL = 0.3  #: of the keyframe's long side, or of the query's as it lies there if that is longer
CELLS_A_WAY = 128  #: more than there are: sizes and places differ by 64 octaves or 6 cells at most

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Ballot:
    """A reference keyframe; the greater of two ballots is the likelier."""

    agreed: int  #: votes that mean about the same map
    votes: int  #: corners of the query that have a like one in the keyframe
    reference: int  #: its number in the index
    keyframe: int


def ballots(places: Places, near: FeatureHits) -> list[Ballot]:
    """The keyframes with enough votes, in no order; a corner votes at most once for each."""
    corner, rank = np.nonzero((near.reference >= 0) & (near.distance <= VOTE_BITS))
    voted = near.reference[corner, rank].astype(np.int64) << 32 | near.keyframe[corner, rank]
    _, first = np.unique(voted * len(places) + corner, return_index=True)  # the nearest of equals
    _, group, votes = np.unique(voted[first], return_inverse=True, return_counts=True)
    first = first[votes[group] >= LEAST_AGREED]
    corner, rank = corner[first], rank[first]
    keys, group, votes = np.unique(voted[first], return_inverse=True, return_counts=True)
    agreed = _agreed(_maps(places[corner], near.place[corner, rank]), group, len(keys))
    kept = agreed >= LEAST_AGREED
    counted = zip(agreed[kept].tolist(), votes[kept].tolist(), keys[kept].tolist(), strict=True)
    return [
        Ballot(agreed=together, votes=all_, reference=key >> 32, keyframe=key & 0xFFFFFFFF)
        for together, all_, key in counted
    ]


def _maps(ours: Places, theirs: Places) -> Floats:
    """Of each pair (k, 4): size in octaves and turn of the map it fixes, and where our middle goes."""
    here, there = ours.astype(np.float64), theirs.astype(np.float64)
    size = (here[:, 3] - there[:, 3]) / OCTAVE_UNITS
    turn = (there[:, 2] - here[:, 2]) / TURN_UNITS
    cosine, sine = np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)
    x, y = ((PLACE_UNIT / 2 - here[:, :2]) * np.exp2(size)[:, None]).T
    middle = there[:, :2] + np.column_stack([cosine * x - sine * y, sine * x + cosine * y])
    return np.column_stack([size, turn, middle / PLACE_UNIT])


def _agreed(maps: Floats, group: Numbers, groups: int) -> Numbers:
    """The most maps of each group that fall into one cell, the cells overlapping by half each way."""
    most = np.zeros(groups, np.int64)
    cells = np.sort(_cells(maps, group), axis=1)
    first = np.ones(cells.shape, np.bool_)
    first[:, 1:] = cells[:, 1:] != cells[:, :-1]
    starts = np.flatnonzero(first)
    np.maximum.at(most, cells.ravel()[starts] // CELLS_A_WAY**4, np.diff(starts, append=first.size))
    return most


def _cells(maps: Floats, group: Numbers) -> Numbers:
    """The cell of every map of its group, in each of 16 grids: those shifted by half a cell in some ways."""
    size, turn, x, y = maps.T
    shift = np.array([[0.0], [0.5]])
    size_cell = np.floor(size / SIZE_CELL + shift)
    turn_cell = np.floor(turn * TURN_CELLS + shift) % TURN_CELLS
    wide = PLACE_CELL * np.maximum(1, np.exp2(size_cell * SIZE_CELL))
    x_cell, y_cell = (np.floor((along / wide)[:, None] + shift) for along in (x, y))
    cell = group
    for part in (
        size_cell[:, None, None, None],
        turn_cell[:, None, None],
        x_cell[:, None, :, None],
        y_cell[:, None, None],
    ):
        cell = cell * CELLS_A_WAY + (part.astype(np.int64) + CELLS_A_WAY // 2)
    return cell.reshape(16, len(maps))
