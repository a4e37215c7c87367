"""What a tier proposes and the alignment then tests."""

from __future__ import annotations

from dataclasses import dataclass

from verify.fingerprint.record import Box
from verify.matching.geometry import Matrix


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
