"""The decoder on the oddities of real videos: rates, ranges, rotations, containers, damage."""

from __future__ import annotations

import os
import random
import time
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from PIL import Image

from tests.footage import SIZE, picture_at, render_video, write_video
from verify.errors import BrokenMedia, DecoderCrashed, NoVideoStream, UnreadableInput, WrongMediaType
from verify.media.decoder import DecodeLimits, Decoder, FrameMode, FramePlan
from verify.media.decoder_child.walk import Budget, Walk
from verify.model import MediaKind

INTRA = FramePlan(mode=FrameMode.INTRA)
GRID = FramePlan()
DECODER = Decoder(DecodeLimits(sandbox="rlimit"))
FRAME_US = 40_000


def read(path, plan=GRID, decoder=DECODER):
    with decoder.frames(path, MediaKind.VIDEO, plan) as stream:
        frames = list(stream)
    return frames, stream.outcome


def expected(seconds, seed=1):
    return np.asarray(Image.fromarray(picture_at(seed, seconds)).convert("L"), np.int16)


def difference(frame, picture):
    return float(np.abs(frame.image.astype(np.int16) - picture).mean())


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return render_video(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=6)


def test_the_grid_has_one_frame_per_third_of_a_second_and_both_ends(clip):
    frames, outcome = read(clip)
    times = [frame.time_us for frame in frames]
    assert times[0] == 0
    assert times[-1] == 6_000_000 - FRAME_US
    cells = [time_us // GRID.step_us for time_us in times[:-1]]
    assert cells == list(range(18))
    assert outcome.complete
    assert outcome.read_until_us == 6_000_000
    assert outcome.frames_read == len(frames)


def test_every_frame_shows_what_the_clip_shows_at_its_time(clip):
    frames, _ = read(clip)
    assert max(difference(frame, expected(frame.time_us / 1e6)) for frame in frames) < 6


def test_the_intra_pass_gives_the_pictures_that_stand_alone(clip):
    frames, outcome = read(clip, INTRA)
    assert frames[0].time_us == 0
    assert all(frame.is_intra for frame in frames)
    assert 2 <= len(frames) <= 6  # a cut each 2.5 s
    assert outcome.read_until_us == 6_000_000
    assert max(difference(frame, expected(frame.time_us / 1e6)) for frame in frames) < 6


@pytest.mark.parametrize(("per_second", "count"), [(1, 7), (5, 31), (25, 150)])
def test_the_rate_is_a_parameter(clip, per_second, count):
    frames, _ = read(clip, FramePlan(per_second=per_second))
    assert abs(len(frames) - count) <= 1


def test_frames_are_made_small_but_never_larger(clip):
    assert read(clip, FramePlan(long_side=64))[0][0].image.shape == (36, 64)
    assert read(clip, FramePlan(long_side=2_000))[0][0].image.shape == SIZE[::-1]


def test_metadata(clip):
    metadata = DECODER.probe(clip, MediaKind.VIDEO)
    assert (metadata.width, metadata.height) == SIZE
    assert metadata.codec == "h264"
    assert metadata.duration_us == 6_000_000
    assert metadata.frame_count == 150
    assert metadata.frames_per_second == 25


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mkv", {}),
        ("a.mov", {}),
        ("a.avi", {"codec": "mpeg4"}),
        ("b.avi", {"codec": "mjpeg", "pixel_format": "yuvj420p"}),
        ("a.webm", {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}}),
        ("av1.mp4", {"codec": "libsvtav1", "options": {"preset": "12"}}),
        (
            "10bit.mkv",
            {"codec": "libx265", "pixel_format": "yuv420p10le", "options": {"preset": "ultrafast"}},
        ),
        ("444.mp4", {"pixel_format": "yuv444p"}),
        ("422-10.mp4", {"pixel_format": "yuv422p10le"}),
        ("full.mp4", {"full_range": True}),
        ("no-b.mp4", {"options": {"bf": "0"}}),
        ("open-gop.mp4", {"options": {"x264-params": "open-gop=1:keyint=12"}}),
        ("interlaced.mp4", {"options": {"x264-params": "tff=1"}}),
        ("prores.mov", {"codec": "prores_ks", "pixel_format": "yuv422p10le"}),
    ],
)
def test_containers_codecs_depths_and_ranges(tmp_path, name, options):
    frames, outcome = read(render_video(tmp_path / name, seconds=2, **options))
    assert frames[0].time_us == 0
    assert frames[-1].time_us == 2_000_000 - FRAME_US
    assert len(frames) == 7
    assert outcome.complete, outcome.note
    assert max(difference(frame, expected(frame.time_us / 1e6)) for frame in frames) < 9


def test_full_and_limited_range_give_the_same_grey(tmp_path):
    limited, _ = read(render_video(tmp_path / "limited.mp4", seconds=0.5))
    full, _ = read(render_video(tmp_path / "full.mp4", seconds=0.5, full_range=True))
    assert abs(float(limited[0].image.mean()) - float(full[0].image.mean())) < 1


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotation_metadata_is_applied(tmp_path, degrees):
    path = render_video(tmp_path / "a.mp4", seconds=0.5, rotation=degrees)
    frames, outcome = read(path)
    upright = np.rot90(expected(0), k=-degrees // 90)
    assert frames[0].image.shape == upright.shape
    assert difference(frames[0], upright) < 6
    metadata = outcome.metadata
    assert metadata.rotation_degrees == degrees
    assert (metadata.height, metadata.width) == upright.shape
    (still,) = DECODER.stills(path, MediaKind.VIDEO, [0], 320)
    assert (still.height, still.width) == upright.shape


def test_pixels_that_are_not_square_are_squared(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(1, 2)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture_at(1, 0), "rgb24")))
        container.mux(stream.encode(None))
    frames, outcome = read(path)
    assert frames[0].image.shape == (180, 160)
    assert outcome.metadata.width == 160


def test_a_variable_rate_keeps_the_true_times(tmp_path):
    shown = [0.0, 0.1, 0.15, 1.21, 1.3, 3.0, 3.05]
    frames, _ = read(render_video(tmp_path / "a.mkv", times=shown))
    times = [frame.time_us for frame in frames]
    assert set(times) <= {round(at * 1_000_000) for at in shown}
    assert [time_us // GRID.step_us for time_us in times] == [0, 3, 9, 9]
    assert times[-1] == 3_050_000


def test_times_count_from_the_first_picture_when_the_clock_starts_later(tmp_path):
    shown = [5 + index / 25 for index in range(50)]
    frames, outcome = read(render_video(tmp_path / "a.mkv", times=shown, start=-5))
    assert frames[0].time_us == 0
    assert frames[-1].time_us == 1_960_000
    assert outcome.read_until_us <= 2_100_000


def test_a_grid_starved_of_reference_frames_is_decoded_whole(tmp_path):
    sparse = {"x264-params": "bframes=16:b-adapt=0:b-pyramid=none:keyint=250:scenecut=0"}
    frames, outcome = read(render_video(tmp_path / "a.mp4", seconds=5, options=sparse))
    cells = [frame.time_us // GRID.step_us for frame in frames[:-1]]
    assert cells == list(range(15))
    assert outcome.complete, outcome.note


@pytest.mark.parametrize("plan", [INTRA, GRID])
@pytest.mark.parametrize("seconds", [0.04, 0.3])
def test_very_short_clips(tmp_path, plan, seconds):
    frames, outcome = read(render_video(tmp_path / "a.mp4", seconds=seconds), plan)
    assert frames[0].time_us == 0
    assert outcome.complete
    assert outcome.read_until_us == round(seconds * 25) * FRAME_US


def test_three_hours_of_slides_are_read_to_the_end(tmp_path):
    shown = [index * 60.0 for index in range(181)]
    frames, outcome = read(render_video(tmp_path / "a.mp4", size=(64, 36), times=shown))
    assert frames[-1].time_us == 10_800_000_000
    assert len(frames) == 181
    assert outcome.complete, outcome.note


def test_a_video_without_pictures_says_so(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44_100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 44_100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(NoVideoStream, match="audio"):
        read(path)


def test_a_codec_off_the_list_is_named(tmp_path):
    with pytest.raises(WrongMediaType, match="huffyuv"):
        read(render_video(tmp_path / "a.avi", seconds=0.2, codec="huffyuv", pixel_format="yuv422p"))


def test_a_broken_middle_is_passed_over_and_counted(tmp_path):
    path = render_video(tmp_path / "a.mp4", seconds=6, options={"g": "25"})
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2_000] = random.Random(1).randbytes(2_000)
    path.write_bytes(data)
    frames, outcome = read(path)
    assert frames[-1].time_us > 5_000_000
    assert outcome.failures > 0
    assert not outcome.complete
    assert "damaged" in outcome.note


def test_a_truncated_file_is_read_as_far_as_it_goes(tmp_path):
    path = render_video(tmp_path / "a.mp4", seconds=6, options={"movflags": "faststart"})
    with (
        av.open(str(path)) as whole,
        av.open(str(tmp_path / "b.mp4"), "w", options={"movflags": "faststart"}) as front,
    ):
        stream = front.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.size:
                packet.stream = stream
                front.mux(packet)
    data = (tmp_path / "b.mp4").read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    frames, outcome = read(path)
    assert 1_000_000 < frames[-1].time_us < 5_000_000
    assert not outcome.complete
    assert "of 6.0 s" in outcome.note


def test_a_file_cut_before_its_index_is_broken(tmp_path):
    path = render_video(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[:5_000])
    with pytest.raises(BrokenMedia):
        read(path)


def test_stills_show_the_picture_at_or_before_each_time(clip):
    times = [0, 39_999, 40_000, 1_999_999, 2_500_000, 5_980_000, 60_000_000]
    stills = DECODER.stills(clip, MediaKind.VIDEO, times, 320)
    assert [still.time_us for still in stills] == [0, 0, 40_000, 1_960_000, 2_480_000, 5_960_000, 5_960_000]
    for still in stills:
        grey = decoded(still)
        assert np.abs(grey - expected(still.time_us / 1e6)).mean() < 8


def decoded(still):
    import io

    return np.asarray(Image.open(io.BytesIO(still.jpeg)).convert("L"), np.int16)


def test_stills_are_the_same_bytes_every_time_and_carry_no_metadata(clip):
    one, other = (DECODER.stills(clip, MediaKind.VIDEO, [0, 3_000_000], 200) for _ in range(2))
    assert one == other
    assert (one[0].width, one[0].height) == (200, 112)
    assert b"Exif" not in one[0].jpeg


def test_one_session_answers_several_requests(clip):
    with DECODER.open(clip, MediaKind.VIDEO) as session:
        with session.frames(INTRA) as screen:
            intra = [frame.time_us for frame in screen]
        with session.frames(GRID) as stream:
            next(iter(stream))  # left before its end
        stills = session.stills(intra, 100)
        metadata = session.probe()
    assert [still.time_us for still in stills] == intra
    assert metadata == screen.metadata


def test_every_time_comes_in_order(clip):
    frames, _ = read(clip, FramePlan(per_second=1_000))
    assert all(one.time_us < other.time_us for one, other in pairwise(frames))


def test_a_path_that_is_no_file_is_unreadable(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "absent.mp4", tmp_path / "fifo"):
        with pytest.raises(UnreadableInput):
            read(path)


def test_frames_can_be_written_to(clip):
    frames, _ = read(clip, INTRA)
    frames[0].image[0, 0] = 1


def test_footage_written_by_hand_round_trips(tmp_path):
    path = write_video(tmp_path / "a.mp4", (picture_at(2, at) for at in (0.0, 1.0)), [0.0, 1.0])
    frames, _ = read(path)
    assert difference(frames[1], expected(1.0, seed=2)) < 6


def test_past_its_budget_a_grid_goes_on_with_the_pictures_that_stand_alone(clip):
    two_seconds = SIZE[0] * SIZE[1] * 50
    limits = DecodeLimits(sandbox="rlimit", max_dense_pixels=two_seconds)
    frames, outcome = read(clip, decoder=Decoder(limits))
    late = [frame for frame in frames if frame.time_us > 2_000_000]
    assert {frame.is_intra for frame in late} == {True}
    assert late[-1].time_us > 4_000_000
    assert outcome.read_until_us == 6_000_000
    assert "stand alone were read after 1 s" in outcome.note
    assert not outcome.complete


@pytest.mark.parametrize(("share", "words"), [(0.8, "stand alone"), (0.95, "CPU time")])
def test_running_out_of_cpu_time_is_said_not_suffered(clip, share, words):
    with av.open(str(clip)) as container:
        budget = Budget(cpu_seconds=time.process_time() / share, dense_pixels=1 << 40, length_us=1 << 40)
        walk = Walk(container, container.streams.video[0], "NONREF", GRID.step_us, budget)
        picked = [frame for _, frame in walk.picks()]
    assert words in walk.note
    assert all(frame.key_frame for frame in picked)


def test_no_time_left_at_all_is_a_crash(clip):
    with DECODER.open(clip, MediaKind.VIDEO) as session:
        session._bounds = replace(session._bounds, cpu_seconds=0)
        with pytest.raises(DecoderCrashed):
            session.frames(GRID)


def test_a_library_that_cannot_be_loaded_is_not_the_files_fault(clip, tmp_path):
    with DECODER.open(clip, MediaKind.VIDEO) as session:
        session._command = [*session._command[:-1], str(tmp_path)]
        with pytest.raises(DecoderCrashed, match="library"):
            session.probe()


def test_a_cover_picture_is_not_a_video(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=44_100)
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 36, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 44_100
        container.mux(sound.encode(frame))
        container.mux(cover.encode(av.VideoFrame.from_ndarray(picture_at(1, 0, (64, 36)), "rgb24")))
        container.mux(sound.encode(None))
        container.mux(cover.encode(None))
    with pytest.raises(NoVideoStream):
        read(path)


@pytest.mark.parametrize(
    "wrong", [{"per_second": 0}, {"per_second": -1}, {"long_side": 0}, {"long_side": 70_000}]
)
def test_impossible_plans(wrong):
    with pytest.raises(ValueError, match="no frames"):
        FramePlan(**wrong)


@pytest.mark.parametrize(
    ("times", "long_side"), [([2, 1], 64), ([-1], 64), ([0] * 257, 64), ([0], 0), ([0], 70_000)]
)
def test_impossible_stills(clip, times, long_side):
    with pytest.raises(ValueError, match="still"):
        DECODER.stills(clip, MediaKind.VIDEO, times, long_side)
