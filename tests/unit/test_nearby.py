"""Runs of a slow camera, laid at the wrong seconds and moved to where their pictures agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.footage import Picture, picture_at
from tests.unit.test_finer import SHOWN, SIZE, clip, part
from verify.fingerprint import Fingerprint
from verify.fingerprint.record import WHOLE
from verify.matching import ReferenceIndex
from verify.matching.hypothesis import Hypothesis
from verify.matching.judging import Judged, judge
from verify.matching.nearby import at_better_seconds, better_nearby
from verify.matching.verification import Evidence, examine
from verify.model import MatchKind

FIRST, FRAMES, REFERENCE_FRAMES = 10, 12, 30
MIRROR = np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]])


def slow(seed: int, frames: int = REFERENCE_FRAMES) -> list[Picture]:
    """What drifts by hardly a hundredth of the picture from one sampled frame to the next."""
    return [picture_at(seed, number / 24, SIZE) for number in range(frames)]


def found_by(anchor: tuple[int, int], matrix: np.ndarray = SHOWN, tier: str = "local") -> Hypothesis:
    return Hypothesis(reference=0, matrix=matrix, tier=tier, anchors=(anchor,), query_box=WHOLE, inliers=40)


def right_run(query: Fingerprint, reference: Fingerprint, matrix: np.ndarray = SHOWN) -> Evidence:
    return examine(found_by((6, FIRST + 6), matrix), query, reference)[0]


def laid(run: Evidence, ahead: int) -> Evidence:
    return replace(run, reference_frames=run.reference_frames + ahead)


def offsets(found: Hypothesis | None) -> set[int]:
    return {theirs - ours for ours, theirs in found.anchors} if found else set()


@pytest.mark.parametrize("ahead", [-6, -3, 2, 6])
@pytest.mark.parametrize("seed", [1, 4])
def test_a_run_at_the_wrong_seconds_is_moved_to_its_own(ahead: int, seed: int) -> None:
    known = slow(seed)
    reference = clip(known)
    query = clip([part(picture) for picture in known[FIRST : FIRST + FRAMES]])
    wrong = laid(right_run(query, reference), ahead)
    assert offsets(better_nearby(wrong, query, reference)) == {FIRST}


def test_a_mirrored_run_is_moved_as_well() -> None:
    known = slow(1)
    reference = clip(known)
    query = clip([np.ascontiguousarray(part(picture)[:, ::-1]) for picture in known[FIRST : FIRST + FRAMES]])
    wrong = laid(right_run(query, reference, SHOWN @ MIRROR), 3)
    assert offsets(better_nearby(wrong, query, reference)) == {FIRST}


@pytest.mark.parametrize("covered", [0.0, 0.2, 0.3])
@pytest.mark.parametrize("seed", [1, 3, 5])
def test_a_run_at_its_own_seconds_stays(seed: int, covered: float) -> None:
    known = slow(seed)
    reference = clip(known)
    query = clip([part(picture, covered=covered) for picture in known[FIRST : FIRST + FRAMES]])
    assert better_nearby(right_run(query, reference), query, reference) is None


def test_a_run_at_the_end_of_the_reference_is_not_moved_beyond_it() -> None:
    known = slow(3)
    reference = clip(known[: FIRST + FRAMES])
    query = clip([part(picture) for picture in known[FIRST : FIRST + FRAMES]])
    earlier = laid(right_run(query, reference), -2)
    assert offsets(better_nearby(earlier, query, reference)) == {FIRST}


def test_what_stands_still_is_nowhere_better() -> None:
    still = [picture_at(3, 0, SIZE)] * REFERENCE_FRAMES
    query = clip([part(picture) for picture in still[:FRAMES]])
    reference = clip(still)
    assert better_nearby(right_run(query, reference), query, reference) is None


def told(query: Fingerprint, reference: Fingerprint, tier: str = "local") -> tuple[Judged, ReferenceIndex]:
    """The copy where a map that is off a little laid it."""
    index = ReferenceIndex.build([("known", reference)], lambda _: reference)
    drifted = np.array([[1.0, 0, 0.03], [0, 1, 0.01], [0, 0, 1]]) @ SHOWN
    run = examine(found_by((6, FIRST + 4), drifted, tier), query, reference)[0]
    return judge(run, index), index


def test_a_copy_is_told_where_it_fits_better_and_no_surer_than_its_corners() -> None:
    known = slow(1)
    reference = clip(known)
    query = clip([part(picture) for picture in known[FIRST : FIRST + FRAMES]])
    before, index = told(query, reference)
    assert before.kind is MatchKind.COPY
    (after,) = at_better_seconds([before], query, index)
    assert after.kind is MatchKind.COPY
    assert after.evidence.gain > before.evidence.gain
    assert set((after.evidence.reference_frames - after.evidence.query_frames).tolist()) == {FIRST}
    assert after.evidence.hypothesis.inliers <= before.evidence.hypothesis.inliers


@pytest.mark.parametrize(
    ("tier", "kind"),
    [("hash", MatchKind.COPY), ("local", MatchKind.POSSIBLE), ("local", MatchKind.SAME_SCENE)],
)
def test_whole_pictures_and_what_is_no_copy_stay(tier: str, kind: MatchKind) -> None:
    known = slow(1)
    reference = clip(known)
    query = clip([part(picture) for picture in known[FIRST : FIRST + FRAMES]])
    before, index = told(query, reference, tier)
    one = replace(before, kind=kind)
    assert at_better_seconds([one], query, index) == [one]


def test_two_pieces_of_one_clip_stay_two() -> None:
    known = slow(4, 60)
    reference = clip(known)
    query = clip([part(picture) for picture in known[10:19] + known[40:56]])
    index = ReferenceIndex.build([("known", reference)], lambda _: reference)
    drifted = np.array([[1.0, 0, 0.02], [0, 1, 0.01], [0, 0, 1]]) @ SHOWN
    runs = examine(found_by((4, 14), drifted), query, reference)
    pieces = [replace(judge(run, index), kind=MatchKind.COPY) for run in runs]
    assert [len(one.evidence.query_frames) for one in pieces] == [16, 9]
    after = at_better_seconds(pieces, query, index)
    assert [one.evidence.query_frames.tolist() for one in after] == [
        one.evidence.query_frames.tolist() for one in pieces
    ]
