"""Runs that go on where another ends, told as one.

Long media are aligned in windows (`verification.WINDOW_FRAMES`), and each window finds its own line and map:
a copy of an hour is found as ninety runs. In go the judged runs that are told, out come the same with those
joined that follow one another in the query on one line and under one map.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from verify.fingerprint import Fingerprint
from verify.fingerprint.record import WHOLE
from verify.matching.following import LEAST_MOVED
from verify.matching.geometry import corners, transform
from verify.matching.judging import Judged
from verify.matching.lines import Line, Times
from verify.matching.moments import LEAST_FRAMES
from verify.matching.pieces import BESIDE_US
from verify.matching.verification import Evidence
from verify.model import MatchKind

MOST_BETWEEN = 2  #: sampled frames from the last of one to the first of the next: one may be cut off as loose


def joined(told: Iterable[Judged], query: Fingerprint) -> list[Judged]:
    """The runs, each joined with the ones that go on where it ends; the surest of them lends its score."""
    kept: list[Judged] = []
    for one in sorted(told, key=lambda one: int(one.evidence.query_frames[0])):
        for number, before in enumerate(kept):
            if whole := _whole(before, one, query):
                kept[number] = whole
                break
        else:
            kept.append(one)
    return sorted(kept, key=lambda one: -one.score)


def _whole(before: Judged, after: Judged, query: Fingerprint) -> Judged | None:
    surer, other = sorted((before, after), key=lambda one: (one.kind is not MatchKind.COPY, -one.score))
    alike = (surer.kind, surer.doubt) == (other.kind, other.doubt)
    if not (alike or _is_fragment(other)) or not _goes_on(before.evidence, after.evidence):
        return None
    line = _common_line(before.evidence, after.evidence, query)
    if line is None:
        return None
    return replace(surer, evidence=_both(before.evidence, after.evidence, line, surer.evidence))


def _is_fragment(one: Judged) -> bool:
    """Too short to tell anything of itself."""
    return one.kind is MatchKind.POSSIBLE and len(one.evidence.query_frames) < LEAST_FRAMES


def _goes_on(before: Evidence, after: Evidence) -> bool:
    one, other = before.hypothesis, after.hypothesis
    return (
        one.reference == other.reference
        and 0 < after.query_frames[0] - before.query_frames[-1] <= MOST_BETWEEN
        and not (one.path or other.path)  # a moving window is followed as far as it goes
        and _farthest_apart(before, after) < LEAST_MOVED
    )


def _farthest_apart(before: Evidence, after: Evidence) -> float:
    ours, theirs = (transform(one.hypothesis.matrix, corners(WHOLE)) for one in (before, after))
    return float(np.abs(ours - theirs).max())


def _common_line(before: Evidence, after: Evidence, query: Fingerprint) -> Line | None:
    """The line through both; None where it leaves either by BESIDE_US, as between two pieces it does."""
    at, lies = (
        np.concatenate(both)
        for both in zip(*(_on_its_line(one, query) for one in (before, after)), strict=True)
    )
    speed = before.speed if before.speed == after.speed else round(float(np.polyfit(at, lies, 1)[0]), 3)
    offset_us = float(np.mean(lies - speed * at))
    leaves = np.abs(speed * at + offset_us - lies).max() > BESIDE_US and not _are_of_a_still(before, after)
    return None if leaves else Line(speed=speed, offset_us=offset_us)


def _are_of_a_still(*runs: Evidence) -> bool:
    """A still has no time: every line is as good."""
    return len(np.unique(np.concatenate([one.reference_frames for one in runs]))) == 1


def _on_its_line(run: Evidence, query: Fingerprint) -> tuple[Times, Times]:
    at = query.times_us[run.query_frames].astype(np.float64)
    return at, run.speed * at + run.offset_us


def _both(before: Evidence, after: Evidence, line: Line, surer: Evidence) -> Evidence:
    """The frames of both; of motion, moment, places and tone what the surer says."""
    runs = (before, after)
    return replace(
        surer,
        query_frames=np.concatenate([one.query_frames for one in runs]),
        reference_frames=np.concatenate([one.reference_frames for one in runs]),
        speed=line.speed,
        offset_us=line.offset_us,
        gain=before.gain + after.gain,
        correlation=np.concatenate([one.correlation for one in runs]),
        share=np.concatenate([one.share for one in runs]),
        textured=np.concatenate([one.textured for one in runs]),
        distances=np.concatenate([one.distances for one in runs]),
    )
