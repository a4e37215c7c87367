"""Damaged files by the thousand: every one ends in frames or a typed error, in bounded memory.

Few processes read many files each, through the same entry as a decoder child. The counts and seeds
are printed on failure; VERIFY_TEST_MUTANTS raises the count for a nightly run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.footage import render_animation, render_image, render_video

MUTANTS = int(os.environ.get("VERIFY_TEST_MUTANTS", "2000"))
SMALL = (96, 54)

WORKER = """
import io, json, os, random, sys, tempfile
from verify.media.decoder_child import wire
from verify.media.decoder_child.child import answer
import resource

source, mime, first, count = json.loads(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
original = open(source, "rb").read()
tally = {}
for seed in range(first, first + count):
    print(seed, file=sys.stderr, flush=True)
    rng = random.Random(seed)
    data = bytearray(original)
    for _ in range(rng.choice((1, 4, 16, 64))):
        at = rng.randrange(len(data)) if rng.random() < 0.5 else rng.randrange(min(512, len(data)))
        change = rng.randrange(4)
        if change == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif change == 1:
            data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif change == 2:
            data[at : at + rng.randrange(1, 9)] = rng.randbytes(rng.randrange(0, 9))
        elif len(data) > 64 and rng.random() < 0.2:
            del data[max(at, 64) :]
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        bounds = wire.Bounds(
            fd=file.fileno(), mime=mime, first_only=False, cpu_seconds=600, memory_bytes=2**30,
            max_pixels=4_000_000, max_dense_pixels=2_000_000,
            max_animation_frames=100, max_animation_pixels=10_000_000, max_duration_us=3_600_000_000,
        )
        for request in (
            wire.Request(op="frames", intra=seed % 2 == 0, step_us=333_333, long_side=64),
            wire.Request(op="stills", times_us=(0, 400_000), long_side=64),
        ):
            pipe = io.BytesIO()
            answer(request, bounds, wire.Sender(pipe))
            sent, last, at = pipe.getvalue(), b"", 0
            while at < len(sent):
                last, size = wire.HEADER.unpack_from(sent, at)
                body = sent[at + wire.HEADER.size : at + wire.HEADER.size + size]
                at += wire.HEADER.size + size
            assert last in (wire.END, wire.ERROR), (seed, last)
            code = json.loads(body)["code"] if last == wire.ERROR else "read"
            tally[code] = tally.get(code, 0) + 1
status = open("/proc/self/status").read()  # getrusage would count the memory of the parent that forked
peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
print(json.dumps({"tally": tally, "peak_bytes": peak}))
"""


def originals(folder):
    return {
        "video/mp4": render_video(folder / "a.mp4", size=SMALL, seconds=1),
        "video/x-matroska": render_video(folder / "a.mkv", size=SMALL, seconds=1),
        "video/webm": render_video(
            folder / "a.webm", size=SMALL, seconds=0.5, codec="libvpx-vp9", options={"deadline": "realtime"}
        ),
        "video/x-msvideo": render_video(folder / "a.avi", size=SMALL, seconds=1, codec="mpeg4"),
        "image/jpeg": render_image(folder / "a.jpg", size=SMALL),
        "image/png": render_animation(folder / "a.png", size=SMALL, seconds=0.5),
        "image/webp": render_animation(folder / "a.webp", size=SMALL, seconds=0.5),
        "image/gif": render_animation(folder / "a.gif", size=SMALL, seconds=0.5),
        "image/avif": render_image(folder / "a.avif", size=SMALL),
    }


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    return originals(tmp_path_factory.mktemp("originals"))


@pytest.mark.parametrize(
    "mime",
    [
        "video/mp4",
        "video/x-matroska",
        "video/webm",
        "video/x-msvideo",
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
        "image/avif",
    ],
)
def test_mutants_end_in_frames_or_a_typed_error(sources, mime):
    count = MUTANTS // len(sources) + 1
    argument = json.dumps([str(sources[mime]), mime, 0, count])
    done = subprocess.run(
        [sys.executable, "-c", WORKER, argument], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, (
        f"seed {done.stderr.split()[-1:]}: status {done.returncode}\n{done.stderr[-2000:]}"
    )
    result = json.loads(done.stdout)
    assert sum(result["tally"].values()) == 2 * count
    assert set(result["tally"]) <= {
        "read",
        "broken_media",
        "media_too_large",
        "no_video_stream",
        "wrong_media_type",
        "decoder_crashed",
    }
    assert result["tally"].get("read", 0) > 0, result
    assert result["peak_bytes"] < 2**30
