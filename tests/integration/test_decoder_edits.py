"""Clips whose edit list shows parts of what they hold, as phones cut them without encoding anew."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.footage import picture_at, render_video
from tests.integration.test_decoder_video import DECODER, read
from verify.media.decoder import FramePlan
from verify.model import MediaKind, Span

SECOND = 1_000_000
Edits = Sequence[tuple[float, float]]  #: start and length of each part shown, seconds


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    coding = {"x264-params": "keyint=75:bframes=3:scenecut=0"}
    return render_video(tmp_path_factory.mktemp("edits") / "whole.mp4", seconds=12, options=coding)


def cut(source: Path, target: Path, edits: Edits) -> Path:
    """`source` with another edit list (ISO/IEC 14496-12, 8.6.6); the index comes last and may grow."""
    with av.open(str(source)) as container:
        base = container.streams.video[0].time_base
    data = bytearray(source.read_bytes())
    outer, start, end = [], 0, len(data)
    for name in (b"moov", b"trak", b"edts", b"elst"):
        at, size = next((at, size) for at, size, found in boxes(data, start, end) if found == name)
        outer.append(at)
        start, end = at + 8, at + size
    header = next(at for at, _, found in boxes(data, outer[0] + 8, len(data)) if found == b"mvhd")
    (scale,) = struct.unpack_from(">I", data, header + 20)
    (first,) = struct.unpack_from(">i", data, outer[-1] + 20)  # where the first picture is
    parts = [
        struct.pack(">IiI", round(length * scale), first + round(at / base), 1 << 16) for at, length in edits
    ]
    made = b"elst" + struct.pack(">II", 0, len(parts)) + b"".join(parts)
    data[outer[-1] : outer[-1] + size] = struct.pack(">I", len(made) + 4) + made
    for at in outer[:-1]:
        (length,) = struct.unpack_from(">I", data, at)
        struct.pack_into(">I", data, at, length + len(made) + 4 - size)
    target.write_bytes(data)
    return target


def boxes(data: bytearray, start: int, end: int) -> Iterator[tuple[int, int, bytes]]:
    while start + 8 <= end:
        (size,) = struct.unpack_from(">I", data, start)
        yield start, size, bytes(data[start + 4 : start + 8])
        start += size


def source_seconds(edits: Edits, time_us: int) -> float:
    before = 0.0
    for start, length in edits[:-1]:
        if time_us / SECOND < before + length - 0.001:
            return start + time_us / SECOND - before
        before += length
    return edits[-1][0] + time_us / SECOND - before


def differs(grey: np.ndarray, seconds: float) -> float:
    wanted = Image.fromarray(picture_at(1, round(seconds * 25) / 25)).convert("L")
    return float(np.abs(grey.astype(np.int16) - np.asarray(wanted, np.int16)).mean())


@pytest.mark.parametrize(
    "edits", [[(7.72, 1.52), (10.32, 1.48)], [(7.72, 1.52), (2.32, 1.48)], [(2, 1), (9, 1), (5, 1)]]
)
def test_what_the_edit_list_shows_is_what_is_seen(source: Path, tmp_path: Path, edits: Edits) -> None:
    path = cut(source, tmp_path / "cut.mov", edits)
    frames, outcome = read(path)
    assert [frame.time_us * 3 // SECOND for frame in frames[:9]] == list(range(9))
    assert max(differs(frame.image, source_seconds(edits, frame.time_us)) for frame in frames) < 8
    assert abs(outcome.read_until_us - 3 * SECOND) <= SECOND // 20
    assert outcome.complete, outcome.note


@pytest.mark.parametrize("edits", [[(7.72, 1.52), (2.32, 1.48)], [(2, 1), (9, 1), (5, 1)]])
def test_pictures_of_each_part_are_found(source: Path, tmp_path: Path, edits: Edits) -> None:
    path = cut(source, tmp_path / "cut.mov", edits)
    for times in ([0], [500_000], [0, 900_000, 2_000_000, 2_900_000]):
        stills = DECODER.stills(path, MediaKind.VIDEO, times, 640)
        assert all(0 <= asked - still.time_us <= 80_000 for asked, still in zip(times, stills, strict=True))
    around = DECODER.around(path, MediaKind.VIDEO, 500_000, reach=2, long_side=320)
    assert [still.time_us // 40_000 for still in around] == [10, 11, 12, 13, 14]
    plan = FramePlan(per_second=24, span=Span(start_us=200_000, end_us=800_000))
    with DECODER.frames(path, MediaKind.VIDEO, plan) as stream:
        times_us = [frame.time_us for frame in stream]
    assert len(times_us) >= 12
    assert times_us[0] <= 240_000
