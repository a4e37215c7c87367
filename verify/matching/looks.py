"""Which keyframes of the query the local tier looks at, and in which order.

In go the frames that nothing explains yet, out come keyframes: first one of every shot, because a compilation
shows something else in each (but for shots that look like one before, as where a talk goes to and fro), then
those that are least like the ones already looked at. Work is bounded: MOST_LOOKED_AT keyframes of a query,
however long it is, and MORE_LOOKS of one of which something is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from verify.fingerprint import Fingerprint
from verify.fingerprint.perceptual import hamming
from verify.matching.shots import CUT_BITS, Frames

OPEN_SHARE = 0.3  #: of a shot that nothing explains, to be looked at
LEAST_LOOKED_AT = 4  #: in 40 s of query, as far as it has so many distinct keyframes
MOST_LOOKED_AT = 24
MORE_LOOKS = 4  #: once something is known, or half known
MOST_SHOTS, OF_A_SHOT = 4, 4  #: looked at for rectangles, and keyframes of each
FEW_KEYFRAMES = 4  #: of a query; one with as many is a clip, with corners to find in some of them
WINDOWED = 2  #: keyframes of which parts are looked at, too


class Looks:
    """The keyframes looked at so far, and which come next."""

    def __init__(self, query: Fingerprint, parts: Sequence[Frames]) -> None:
        """`parts` are the shots of the query."""
        self._query = query
        self._shots = parts
        self._seen: list[int] = []
        self._more = 0

    @cached_property
    def _wanted(self) -> int:
        by_length = round(LEAST_LOOKED_AT * self._query.duration_us / 40_000_000)
        return min(MOST_LOOKED_AT, max(LEAST_LOOKED_AT, len(self._distinct(self._shots)), by_length))

    def following(self, left: Frames) -> list[int]:
        """Positions in `query.keyframes` to look at now, given the frames that are left; [] at the end."""
        found = self._distinct(self._open_shots(left)) if not self._seen else self._unlike(left)
        self._seen += found
        return found

    def allow_more(self) -> None:
        """MORE_LOOKS more of what is left."""
        self._more = len(self._seen) + MORE_LOOKS

    def of_open_shots(self, left: Frames) -> list[list[int]]:
        """A few keyframes of each shot with frames left, spread over it; the longest shots first."""
        ranked = sorted(self._open_shots(left), key=lambda frames: -frames.size)
        owners = (np.unique(self._owners(frames)) for frames in ranked[:MOST_SHOTS])
        return [
            found[np.linspace(0, found.size - 1, min(OF_A_SHOT, found.size)).round().astype(np.intp)].tolist()
            for found in owners
        ]

    def in_parts(self, left: Frames) -> list[int]:
        """The keyframes whose parts are worth a look: one of each shot, those with most frames left first."""
        ranked = sorted(self._open_shots(left), key=lambda frames: -frames.size)
        return list(dict.fromkeys(self._keyframe(frames) for frames in ranked))[:WINDOWED]

    def of_few_keyframes(self) -> list[int]:
        """The middle keyframe of a query that has few, a photo's only one; none of another query."""
        count = len(self._query.keyframes)
        return [count // 2] if 0 < count < FEW_KEYFRAMES and self._shots else []

    def _distinct(self, parts: Iterable[Frames]) -> list[int]:
        """The keyframe of each shot whose picture is not within CUT_BITS of one before."""
        codes = self._query.codes[self._query.keyframes, 1]
        found: list[int] = []
        for keyframe in map(self._keyframe, parts):
            if not found or hamming(codes[[keyframe]], codes[found]).min() > CUT_BITS:
                found.append(keyframe)
            if len(found) == MOST_LOOKED_AT:
                break
        return found

    def _unlike(self, left: Frames) -> list[int]:
        owners = np.setdiff1d(np.unique(self._owners(left)), self._seen)
        if not owners.size or len(self._seen) >= max(self._wanted, self._more):
            return []
        codes = self._query.codes[self._query.keyframes, 1]
        nearest = np.min([hamming(codes[owners], codes[seen]) for seen in self._seen], axis=0)
        return [int(owners[nearest.argmax()])]

    def _open_shots(self, left: Frames) -> list[Frames]:
        parts = [(shot, np.intersect1d(shot, left)) for shot in self._shots]
        return [frames for shot, frames in parts if frames.size >= max(1, OPEN_SHARE * shot.size)]

    def _keyframe(self, frames: Frames) -> int:
        return int(self._owners(frames[frames.size // 2 : frames.size // 2 + 1])[0])

    def _owners(self, frames: Frames) -> Frames:
        """The keyframe that stands for each frame: the last one kept before it."""
        return np.maximum(np.searchsorted(self._query.keyframes, frames, side="right") - 1, 0)
