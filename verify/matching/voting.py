"""Which reference keyframes a query picture's corners point to.

In go the corners of one view and what the index has near them, out come ballots. Any two votes for a keyframe
fix a turn, a scale and a shift; another vote agrees when its corner lies where that map puts it, as large and
as turned as it says. Votes by chance hardly ever do. So ballots are ordered by how many votes agree on one
map, not by how many there are: the weak geometric consistency of Jegou, Douze and Schmid (ECCV 2008), and the
place with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint.local import OCTAVE_UNITS, PLACE_UNIT, TURN_UNITS, Places
from verify.matching.index import FeatureHits

VOTE_BITS = 64  #: of 256; a descriptor farther away casts no vote
MOST_VOTES = 24  #: for one keyframe that are compared, the nearest ones; the work grows with their cube
#: Votes: two fix a map, a third bears it out. Of 830 candidates that led to the right reference 97 % had as
#: many, of 6,270 others 8 %; four had 93 % and 4 % (half of seed 24, with 5,000 foreign keyframes).
LEAST_AGREED = 3
LEAST_APART = 10 / PLACE_UNIT  #: of the query's long side, between two corners that fix a map
#: Of the keyframe's long side, from where the map puts a corner; places are kept to 1/255.
PLACE_REACH = 12 / PLACE_UNIT
SIZE_REACH = 0.6  #: octaves; ORB's pyramid knows sizes to a quarter of one, in each of the two pictures
TURN_REACH = 0.1  #: of a whole turn

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Ballot:
    """A reference keyframe; the greater of two ballots is the likelier."""

    agreed: int  #: votes that mean the same map, MOST_VOTES at most
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
    first = first[np.lexsort((near.distance[corner[first], rank[first]], voted[first]))]
    keys, starts, votes = np.unique(voted[first], return_index=True, return_counts=True)
    counted = np.minimum(votes, MOST_VOTES)
    _, rows = _spans(starts, counted)
    corner, rank = corner[first[rows]], rank[first[rows]]
    agreed = _agreed(_Pairs.of(places[corner], near.place[corner, rank]), counted)
    kept = agreed >= LEAST_AGREED
    found = zip(agreed[kept].tolist(), votes[kept].tolist(), keys[kept].tolist(), strict=True)
    return [
        Ballot(agreed=together, votes=all_, reference=key >> 32, keyframe=key & 0xFFFFFFFF)
        for together, all_, key in found
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """Pairs of like corners, each of which fixes how much larger and how turned the keyframe shows them."""

    ours: NDArray[np.complex128]  #: places, in long sides
    theirs: NDArray[np.complex128]
    size: Floats  #: octaves
    turn: Floats  #: whole turns

    @classmethod
    def of(cls, ours: Places, theirs: Places) -> _Pairs:
        here, there = ours.astype(np.float64), theirs.astype(np.float64)
        return cls(
            ours=_complex(here),
            theirs=_complex(there),
            size=(here[:, 3] - there[:, 3]) / OCTAVE_UNITS,
            turn=(there[:, 2] - here[:, 2]) / TURN_UNITS,
        )

    def say(self, rows: Numbers, size: Floats, turn: Floats) -> NDArray[np.bool_]:
        """Which of some pairs fix about that size and turn."""
        turned = np.abs((self.turn[rows] - turn + 0.5) % 1 - 0.5)
        return (np.abs(self.size[rows] - size) <= SIZE_REACH) & (turned <= TURN_REACH)


def _complex(places: Floats) -> NDArray[np.complex128]:
    return np.asarray(places[:, 0] + 1j * places[:, 1], np.complex128) / PLACE_UNIT


def _agreed(pairs: _Pairs, counts: Numbers) -> Numbers:
    """The most pairs of each group that fit a map which two of them fix; `counts` are the groups' sizes."""
    group = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    following = np.arange(1, len(group) + 1)
    one, other = _spans(following, (starts + counts)[group] - following)
    ours, theirs = pairs.ours[other] - pairs.ours[one], pairs.theirs[other] - pairs.theirs[one]
    apart = (np.abs(ours) >= LEAST_APART) & (theirs != 0)
    one, other, factor = one[apart], other[apart], theirs[apart] / ours[apart]
    size, turn = np.log2(np.abs(factor)), np.angle(factor) / (2 * np.pi)
    fixed = pairs.say(one, size, turn) & pairs.say(other, size, turn)
    one, factor, size, turn = one[fixed], factor[fixed], size[fixed], turn[fixed]
    of, row = _spans(starts[group[one]], counts[group[one]])
    expected = pairs.theirs[one[of]] + factor[of] * (pairs.ours[row] - pairs.ours[one[of]])
    fits = (np.abs(expected - pairs.theirs[row]) <= PLACE_REACH) & pairs.say(row, size[of], turn[of])
    most = np.zeros(len(counts), np.int64)
    np.maximum.at(most, group[one], np.bincount(of[fits], minlength=len(one)))
    return most


def _spans(starts: Numbers, counts: Numbers) -> tuple[Numbers, Numbers]:
    """The numbers start, start + 1, ... of each span, as many as its count, and which span each is of."""
    of = np.repeat(np.arange(len(starts)), counts)
    before = np.cumsum(counts) - counts
    return of, np.arange(len(of)) + (starts - before)[of]
