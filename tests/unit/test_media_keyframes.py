from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.media.keyframes import FLAT, NEAR_DUPLICATE, Dropped, hamming_distance, select

BLACK = np.zeros(32, np.uint8)


def code(*, bits: int) -> np.ndarray:
    """A hash `bits` away from BLACK."""
    flags = np.zeros(256, np.uint8)
    flags[:bits] = 1
    return np.packbits(flags)


def selected(bits, quality=None, step_us=333_333, **thresholds):
    codes = np.stack([code(bits=count) for count in bits])
    times = np.arange(len(bits)) * step_us
    return select(times, codes, np.array(quality or [100] * len(bits), np.uint8), **thresholds)


def test_near_duplicates_of_the_last_kept_frame_are_dropped_with_the_reason():
    selection = selected([0, 5, 19, 20, 39, 41, 90])
    assert selection.kept == (0, 3, 5, 6)
    assert selection.dropped == tuple(Dropped(index=index, reason=NEAR_DUPLICATE) for index in (1, 2, 4))


def test_slow_drift_is_measured_from_the_last_kept_frame_not_the_last_seen():
    assert selected([0, 8, 16, 24, 32, 40, 48]).kept == (0, 3, 6)


def test_flat_frames_are_dropped_however_different():
    selection = selected([0, 100, 200, 30], quality=[14, 100, 0, 15])
    assert selection.kept == (1, 3)
    assert {drop.reason for drop in selection.dropped} == {FLAT}


def test_a_static_shot_keeps_frames_to_align_by_and_its_last():
    selection = selected([0] * 20, step_us=500_000)
    assert selection.kept == (0, 4, 8, 12, 16, 19)


def test_a_clip_of_flat_frames_keeps_none():
    assert selected([0, 0], quality=[3, 3]).kept == ()


def test_no_frames():
    empty = select(np.zeros(0, np.int64), np.zeros((0, 32), np.uint8), np.zeros(0, np.uint8))
    assert empty.kept == ()
    assert empty.dropped == ()


@pytest.mark.parametrize("bits", [0, 1, 128, 256])
def test_hamming_distance_counts_bits(bits):
    assert hamming_distance(BLACK, code(bits=bits)) == bits


@given(st.lists(st.tuples(st.integers(0, 256), st.integers(0, 100)), max_size=40))
def test_every_frame_is_kept_or_dropped_once(frames):
    codes = np.array([code(bits=bits) for bits, _ in frames], np.uint8).reshape(-1, 32)
    quality = np.array([figure for _, figure in frames], np.uint8)
    selection = select(np.arange(len(frames)) * 333_333, codes, quality)
    dropped = {drop.index for drop in selection.dropped}
    assert sorted([*selection.kept, *dropped]) == list(range(len(frames)))
    good = [index for index, (_, figure) in enumerate(frames) if figure >= 15]
    assert not good or {good[0], good[-1]} <= set(selection.kept)
