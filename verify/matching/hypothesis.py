"""What a tier proposes and the alignment then tests."""

from __future__ import annotations

from dataclasses import dataclass, field

from verify.fingerprint.record import Box
from verify.matching.geometry import Matrix

Path = dict[int, Matrix]  #: query frame -> its map, in order


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """One reference that may be in the query around some frames, under one map."""

    reference: int  #: its number in the index
    matrix: Matrix  #: query to reference, fractions of the pictures
    tier: str  #: "screen", "hash", "inset", "local" or "crop"
    anchors: tuple[tuple[int, int], ...]  #: (query frame, reference frame) that suggested it
    query_box: Box  #: the query's frame without bars, where the first anchor is
    distance: int | None = None  #: least Hamming distance of the anchors, bits; None of corners
    inliers: int = 0  #: corners that agree on the map
    #: Where the picture moves over the reference, the map of each query frame, of whose middle `matrix` is.
    path: Path = field(default_factory=dict)
