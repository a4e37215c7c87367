"""What a check of a video costs, as a ratio to `ffmpeg -threads 1 -f null` on the same file in the same run.

    python -m bench.decode_speed [FILE ...] [--runs N]

CPU seconds of decoder children and of the process that hashes and searches (user and system), medians of N
runs; only the ratios mean anything on a shared machine. "screen" reads and hashes every I-frame. "hashes" is
all that a check does where the hash tier settles the case: the first I-frames, until one promises nothing,
the grid, hashing and search, in a set of one reference that shows less of the picture on each side. Children
are forked from a template that a worker starts once, so its start is measured apart: the system counts a
template's children when the template has ended, so each figure is that of several decodes in a row and the
end of their template, less the start. Bubblewrap is left out: it hides the CPU time of what it runs. Without
files, a 720p and a 1080p clip are rendered. The targets: 0.15 for the screen; 0.75 at 720p and 0.6 at 1080p
for "hashes".
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.footage import render_video
from verify.fingerprint import Fingerprint, fingerprint
from verify.fingerprint.bars import cut
from verify.matching import Prospect, ReferenceIndex, match, screen
from verify.media.decoder import DecodeLimits, Decoder, FrameMode, FramePlan
from verify.media.template import TEMPLATES
from verify.model import MatchResult, MediaFile, MediaKind
from verify.pipeline.examine import Examiner
from verify.store.blobs import FolderBlobs

SECONDS = 30.0
RENDERED = {"720p": ((1280, 720), "1200k"), "1080p": ((1920, 1080), "2500k")}
PROBES, PASSES = 10, 3  # in a row from one template
CUT_OFF = 0.04


def child_cpu_seconds(work: Callable[[], object], times: int) -> float:
    """CPU seconds of the child processes of `work`, done so many times, the start of a template included."""
    TEMPLATES.end_idle()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(times):
        work()
    TEMPLATES.end_idle()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def decode_plain(path: Path) -> None:
    command = ["ffmpeg", "-v", "error", "-threads", "1", "-i", str(path), "-an", "-f", "null", "-"]
    subprocess.run(command, check=True)


def screened(path: Path) -> Fingerprint:
    decoder = Decoder(DecodeLimits(sandbox="rlimit"))
    with decoder.frames(path, MediaKind.VIDEO, FramePlan(mode=FrameMode.INTRA)) as stream:
        length_us = stream.metadata.duration_us
        return fingerprint(stream, kind=MediaKind.VIDEO, duration_us=length_us, for_index=False)


def larger_than_known(path: Path) -> ReferenceIndex:
    """A set of one reference: the same footage without CUT_OFF of each side."""
    decoder = Decoder(DecodeLimits(sandbox="rlimit"))
    box = (CUT_OFF, CUT_OFF, 1 - CUT_OFF, 1 - CUT_OFF)
    with decoder.frames(path, MediaKind.VIDEO, FramePlan()) as stream:
        frames = (replace(frame, image=cut(frame.image, box)) for frame in stream)
        made = fingerprint(frames, kind=MediaKind.VIDEO, duration_us=stream.metadata.duration_us)
    return ReferenceIndex.build([("known", made)], lambda _: made)


def checked(examiner: Examiner, file: MediaFile, index: ReferenceIndex) -> MatchResult:
    """What a worker does with a video, but for pictures and findings."""
    found, settled = examiner.screen(
        file, lambda glance: screen(glance, index, media_sha256=""), Prospect(index)
    )
    return settled or match(found.fingerprint, index, media_sha256="", look_closer=examiner.closer(file))


def measure(path: Path, runs: int) -> dict[str, float]:
    """Median CPU seconds: "plain", "start" of a template, and after it "probe", "screen" and "hashes"."""
    taken: dict[str, list[float]] = {}
    index = larger_than_known(path)
    with tempfile.TemporaryDirectory() as folder:
        blobs = FolderBlobs(Path(folder))
        data = path.read_bytes()
        file = MediaFile(sha256=blobs.put(data), size_bytes=len(data), mime="", kind=MediaKind.VIDEO)
        examiner = Examiner(Decoder(DecodeLimits(sandbox="rlimit")), blobs)
        whole = partial(checked, examiner, file, index)
        first = whole()
        tiers = sorted({segment.tier for segment in first.segments})
        if tiers != ["hash"] or first.notes:
            print(f"{path.name}: {', '.join(tiers) or 'nothing'}. {' '.join(first.notes)}", file=sys.stderr)
        for _ in range(runs):
            for name, seconds in measured_once(path, whole).items():
                taken.setdefault(name, []).append(seconds)
    return {name: statistics.median(times) for name, times in taken.items()}


def measured_once(path: Path, whole: Callable[[], object]) -> dict[str, float]:
    decoder = Decoder(DecodeLimits(sandbox="rlimit"))
    probe = partial(decoder.probe, path, MediaKind.VIDEO)
    cold = child_cpu_seconds(probe, 1)
    warm = (child_cpu_seconds(probe, 1 + PROBES) - cold) / PROBES
    start = cold - warm
    return {
        "plain": child_cpu_seconds(partial(decode_plain, path), 1),
        "start": start,
        "probe": warm,
        "screen": cpu_seconds(partial(screened, path)) - start / PASSES,
        "hashes": cpu_seconds(whole) - start / PASSES,
    }


def cpu_seconds(work: Callable[[], object]) -> float:
    """Of one of PASSES: in its children, with that share of the template's start, and in this process."""
    before = time.process_time()
    children = child_cpu_seconds(work, PASSES)
    return (children + time.process_time() - before) / PASSES


def render(folder: Path) -> list[Path]:
    return [
        render_video(
            folder / f"{name}.mp4",
            size=size,
            seconds=SECONDS,
            fps=30,
            options={"preset": "medium", "b": rate, "crf": "-1", "g": "60"},
        )
        for name, (size, rate) in RENDERED.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        titles = " ".join(f"{title:>8}" for title in ("ffmpeg s", "screen x", "hashes x", "probe s"))
        print(f"{'file':40} {titles} {'template s':>10}")
        for path in options.files or render(Path(folder)):
            cost = measure(path, options.runs)
            ratios = " ".join(f"{cost[mode] / cost['plain']:8.2f}" for mode in ("screen", "hashes"))
            apart = f"{cost['probe']:8.3f} {cost['start']:10.3f}"
            print(f"{path.name[:40]:40} {cost['plain']:8.2f} {ratios} {apart}")


if __name__ == "__main__":
    main()
