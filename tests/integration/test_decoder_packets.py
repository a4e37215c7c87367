"""What is left out of decoding because no pick needs it: the picks stay as they are."""

from __future__ import annotations

import av
import pytest

from tests.footage import SIZE, render_video
from verify.media.decoder import FramePlan
from verify.media.decoder_child.walk import Budget, Walk

GRID = FramePlan()


def picks_and_pixels(path, skip, *, look_into_packets):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.options = {"skip_loop_filter": "all"}
        budget = Budget(cpu_seconds=1e9, dense_pixels=1 << 40, length_us=1 << 40)
        walk = Walk(container, stream, skip, GRID.step_us, budget)
        if not look_into_packets:
            walk._size_bytes = 0
        shown = [(time_us, frame.to_ndarray(format="gray").tobytes()) for time_us, frame in walk.picks()]
    assert not walk.failures
    return shown, walk._pixels


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("skip", ["NONREF", "DEFAULT", "NONKEY"])
@pytest.mark.parametrize(
    "coding",
    [
        "keyint=25:bframes=0",
        "keyint=37:bframes=3:b-pyramid=normal",
        "keyint=37:bframes=3:open-gop=1",
        "keyint=30:intra-refresh=1",
        "keyint=3",
        "keyint=1",
    ],
)
def test_leaving_out_what_no_pick_needs_changes_no_pick(tmp_path, suffix, skip, coding):
    path = render_video(tmp_path / f"a.{suffix}", seconds=5, options={"x264-params": coding})
    every, all_pixels = picks_and_pixels(path, skip, look_into_packets=False)
    needed, pixels = picks_and_pixels(path, skip, look_into_packets=True)
    assert needed == every
    assert pixels <= all_pixels


def test_what_lies_between_the_last_pick_and_an_i_frame_is_not_decoded(tmp_path):
    coding = {"x264-params": "keyint=25:scenecut=0:bframes=0"}  # 7 pictures after each second's third pick
    path = render_video(tmp_path / "a.mp4", seconds=10, options=coding)
    _, all_pixels = picks_and_pixels(path, "NONREF", look_into_packets=False)
    _, pixels = picks_and_pixels(path, "NONREF", look_into_packets=True)
    pictures = SIZE[0] * SIZE[1]
    assert all_pixels == 250 * pictures
    assert pixels <= 190 * pictures


def test_few_packets_are_held_back_however_close_their_times(tmp_path, monkeypatch):
    path = render_video(tmp_path / "a.mp4", times=[index / 2000 for index in range(300)])
    held = []

    class Watched(Walk):
        def _can_wait(self, packet):
            held.append(len(self._held))
            return super()._can_wait(packet)

    monkeypatch.setattr(f"{__name__}.Walk", Watched)
    every, _ = picks_and_pixels(path, "NONREF", look_into_packets=False)
    held.clear()
    needed, _ = picks_and_pixels(path, "NONREF", look_into_packets=True)
    assert needed == every
    assert max(held) == 100


def test_a_rewind_at_the_end_reads_the_rest_again(tmp_path):
    """Matroska states no length, so that the last pictures before the end are left out at first."""
    times = [number / 25 for number in range(41)]
    times += [times[-1] + 0.22 * step for step in range(1, 5)]
    times.append(times[-1] + 0.01)
    sparse = {"x264-params": "keyint=250:bframes=3:b-adapt=0:b-pyramid=none:scenecut=0:ref=1"}
    path = render_video(tmp_path / "a.mkv", times=times, options=sparse)
    every, _ = picks_and_pixels(path, "NONREF", look_into_packets=False)
    needed, _ = picks_and_pixels(path, "NONREF", look_into_packets=True)
    assert needed == every
    assert needed[-1][0] == round(times[-1] * 1_000_000)


def test_interlaced_footage_is_not_looked_into(tmp_path):
    fields = {"flags": "+ilme+ildct", "x264-params": "tff=1:keyint=12:scenecut=0"}
    path = render_video(tmp_path / "a.mkv", seconds=4, options=fields)
    every, all_pixels = picks_and_pixels(path, "NONREF", look_into_packets=False)
    needed, pixels = picks_and_pixels(path, "NONREF", look_into_packets=True)
    assert (needed, pixels) == (every, all_pixels)


def test_what_is_held_back_where_time_jumps_back_is_not_lost(tmp_path):
    """Two files in one, the second shorter and from its beginning: the end of the first stays."""
    coding = {"x264-params": "keyint=25:scenecut=0:bframes=0"}
    path = tmp_path / "joined.mkv"
    first = render_video(tmp_path / "a.mkv", seconds=3.9, options=coding)
    kept = {"avoid_negative_ts": "disabled"}
    with av.open(str(path), "w", options=kept) as out, av.open(str(first)) as source:
        stream = out.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(video=0) if packet.size]
        for number, packet in enumerate([*packets, *packets[:50]]):
            packet.stream, packet.dts = stream, number - 1_000
            out.mux(packet)
    every, _ = picks_and_pixels(path, "NONREF", look_into_packets=False)
    needed, _ = picks_and_pixels(path, "NONREF", look_into_packets=True)
    assert needed == every
    assert needed[-1][0] == 3_880_000
