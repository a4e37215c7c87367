"""What decoding and hashing cost, as a ratio to `ffmpeg -threads 1 -f null` on the same file in the same run.

    python -m bench.decode_speed [FILE ...] [--runs N]

CPU seconds of decoder children and of the process that hashes (user and system), medians of N runs; only
the ratios mean anything on a shared machine. "match" is what the search takes in a set of the clip alone,
which the hash tier settles. Children are forked from a template that a worker starts once, so its start is
measured apart: the system counts a template's children when the template has ended, so each figure is that
of several decodes in a row and the end of their template, less the start. Bubblewrap is left out: it hides
the CPU time of what it runs. Without files, a 720p and a 1080p clip are rendered. The targets for everything
up to the hash tier: 0.75 at 720p, 0.6 at 1080p; 0.15 for the I-frame screen.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.footage import render_video
from verify.fingerprint import Fingerprint, fingerprint
from verify.matching import ReferenceIndex, match
from verify.media.decoder import DecodeLimits, Decoder, FrameMode, FramePlan
from verify.media.template import TEMPLATES
from verify.model import MediaKind

SECONDS = 30.0
RENDERED = {"720p": ((1280, 720), "1200k"), "1080p": ((1920, 1080), "2500k")}
PROBES, PASSES = 10, 3  # in a row from one template


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


def fingerprint_of(path: Path, mode: FrameMode) -> Fingerprint:
    """As of a query."""
    decoder = Decoder(DecodeLimits(sandbox="rlimit"))
    with decoder.frames(path, MediaKind.VIDEO, FramePlan(mode=mode)) as stream:
        length_us = stream.metadata.duration_us
        return fingerprint(stream, kind=MediaKind.VIDEO, duration_us=length_us, for_index=False)


def match_cpu_seconds(path: Path) -> float:
    made = fingerprint_of(path, FrameMode.GRID)
    index = ReferenceIndex.build([("itself", made)], lambda _: made)
    before = time.process_time()
    match(made, index, media_sha256="")
    return time.process_time() - before


def measure(path: Path, runs: int) -> dict[str, float]:
    """Median CPU seconds: "plain", "start" of a template, and after it "probe", the passes and "match"."""
    taken: dict[str, list[float]] = {}
    for _ in range(runs):
        for name, seconds in measured_once(path).items():
            taken.setdefault(name, []).append(seconds)
    return {name: statistics.median(times) for name, times in taken.items()}


def measured_once(path: Path) -> dict[str, float]:
    decoder = Decoder(DecodeLimits(sandbox="rlimit"))
    probe = partial(decoder.probe, path, MediaKind.VIDEO)
    cold = child_cpu_seconds(probe, 1)
    warm = (child_cpu_seconds(probe, 1 + PROBES) - cold) / PROBES
    start = cold - warm
    passes = {mode.value: pass_cpu_seconds(path, mode) - start / PASSES for mode in FrameMode}
    plain = child_cpu_seconds(partial(decode_plain, path), 1)
    return {"plain": plain, "start": start, "probe": warm, **passes, "match": match_cpu_seconds(path)}


def pass_cpu_seconds(path: Path, mode: FrameMode) -> float:
    """One of PASSES: in the child, with that share of the template's start, and in this process."""
    before = time.process_time()
    children = child_cpu_seconds(partial(fingerprint_of, path, mode), PASSES)
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
        titles = " ".join(f"{title:>8}" for title in ("ffmpeg s", "intra x", "grid x", "match x", "probe s"))
        print(f"{'file':40} {titles} {'template s':>10}")
        for path in options.files or render(Path(folder)):
            cost = measure(path, options.runs)
            ratios = " ".join(f"{cost[mode] / cost['plain']:8.2f}" for mode in ("intra", "grid", "match"))
            apart = f"{cost['probe']:8.3f} {cost['start']:10.3f}"
            print(f"{path.name[:40]:40} {cost['plain']:8.2f} {ratios} {apart}")


if __name__ == "__main__":
    main()
