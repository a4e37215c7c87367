"""The decoder on a part of a video: every frame between two times, and no other."""

from __future__ import annotations

import pytest

from tests.footage import render_video
from tests.integration.test_decoder_video import FRAME_US, difference, expected, read
from verify.media.plan import FramePlan
from verify.model import Span


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize(
    ("start_us", "end_us"), [(0, 900_000), (3_100_000, 4_000_000), (5_500_000, 9_000_000)]
)
def test_a_part_has_every_frame_between_its_times(tmp_path, suffix, start_us, end_us):
    path = render_video(tmp_path / f"clip.{suffix}", seconds=6)
    plan = FramePlan(per_second=25, span=Span(start_us=start_us, end_us=end_us))
    frames, outcome = read(path, plan)
    wanted = [time_us for time_us in range(0, 6_000_000, FRAME_US) if start_us <= time_us <= end_us]
    assert [frame.time_us for frame in frames] == wanted
    assert outcome.frames_read == len(wanted)
    for frame in (frames[0], frames[-1]):
        assert difference(frame, expected(frame.time_us / 1_000_000)) < 4


def test_a_part_past_the_end_has_no_frames(tmp_path):
    clip = render_video(tmp_path / "clip.mp4", seconds=6)
    frames, _ = read(clip, FramePlan(span=Span(start_us=7_000_000, end_us=8_000_000)))
    assert not frames


def test_a_part_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="no frames lie from 2 to 1 us"):
        FramePlan(span=Span(start_us=2, end_us=1))
