"""Every file of the shared corpus, read both ways, against what its manifest says."""

from __future__ import annotations

import csv

import av
import pytest

from tests.corpus import SHARED
from verify.media.decoder import DecodeLimits, Decoder, FrameMode, FramePlan
from verify.media.sniff import HEAD_BYTES, sniff
from verify.model import MediaKind

CORPUS = SHARED / "corpus" if SHARED else None
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(CORPUS is None or not CORPUS.is_dir(), reason="the shared corpus is not here"),
]
DECODER = Decoder(DecodeLimits(sandbox="rlimit"))
GRID, INTRA = FramePlan(), FramePlan(mode=FrameMode.INTRA)
#: GIF delays are hundredths of a second and browsers stretch the shortest; the manifest took another's word.
TOLERANCE_S = {"gif": 0.5}


def rows(kind):
    if CORPUS is None or not CORPUS.is_dir():
        return []
    with (CORPUS / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["kind"] == kind]


def read(path, plan):
    with path.open("rb") as file:
        kind = sniff(file.read(HEAD_BYTES)).kind
    with DECODER.frames(path, kind, plan) as stream:
        frames = [(frame.time_us, frame.image.shape) for frame in stream]
    return frames, stream.outcome, kind


def pixel_aspect(path):
    with av.open(str(path)) as container:
        return float(container.streams.video[0].sample_aspect_ratio or 1)


def cells_with_pictures(path):
    """The grid cells that a picture starts in, by the container's own times."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        times = [
            float(packet.pts * stream.time_base)
            for packet in container.demux(stream)
            if packet.pts is not None
        ]
    return {int((at - min(times)) * 1e6) // GRID.step_us for at in times}


@pytest.mark.parametrize("row", rows("video"), ids=lambda row: row["file"])
def test_videos(row):
    frames, outcome, _ = read(CORPUS / row["file"], GRID)
    duration_s, rate = float(row["duration_s"]), float(row["fps"])
    assert outcome.failures == 0
    assert outcome.metadata.height == int(row["height"])
    assert abs(outcome.metadata.width - int(row["width"]) * pixel_aspect(CORPUS / row["file"])) < 1
    assert (
        abs(outcome.read_until_us / 1e6 - duration_s)
        <= TOLERANCE_S.get(row["codec"], 0.2) + duration_s * 0.01
    )
    assert frames[0][0] == 0
    assert frames[-1][0] / 1e6 >= outcome.read_until_us / 1e6 - max(0.25, 2 / rate)
    filled = {time_us // GRID.step_us for time_us, _ in frames}
    assert len(cells_with_pictures(CORPUS / row["file"]) - filled) <= len(filled) // 20
    intra, screen, _ = read(CORPUS / row["file"], INTRA)
    assert intra[0] == frames[0]
    assert 1 <= len(intra) <= len(frames) + 1
    assert abs(screen.read_until_us - outcome.read_until_us) < 300_000


@pytest.mark.parametrize("row", rows("image"), ids=lambda row: row["file"])
def test_images(row):
    ((time_us, shape),), outcome, kind = read(CORPUS / row["file"], GRID)
    assert time_us == 0
    assert kind is MediaKind.IMAGE
    assert max(shape) <= 512
    assert {outcome.metadata.width, outcome.metadata.height} == {int(row["width"]), int(row["height"])}
