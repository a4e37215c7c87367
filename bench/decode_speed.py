"""What decoding costs, as a ratio to `ffmpeg -threads 1 -f null` on the same file in the same run.

    python -m bench.decode_speed [FILE ...] [--runs N]

CPU seconds of the child processes (user and system), start included, medians of N runs; only the
ratios mean anything on a shared machine. Bubblewrap is left out: it hides the CPU time of what it
runs. Without files, a 720p and a 1080p clip are rendered. The targets for everything up to the hash
tier: 0.75 at 720p, 0.6 at 1080p; 0.15 for the I-frame screen.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.footage import render_video
from verify.media.decoder import DecodeLimits, Decoder, FrameMode, FramePlan
from verify.model import MediaKind

SECONDS = 20.0
RENDERED = {"720p": ((1280, 720), "1200k"), "1080p": ((1920, 1080), "2500k")}


def child_cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds that finished child processes took during `work`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def decode_plain(path: Path) -> None:
    command = ["ffmpeg", "-v", "error", "-threads", "1", "-i", str(path), "-an", "-f", "null", "-"]
    subprocess.run(command, check=True)


def decode_ours(path: Path, mode: FrameMode) -> int:
    decoder = Decoder(DecodeLimits(sandbox="rlimit"))
    with decoder.frames(path, MediaKind.VIDEO, FramePlan(mode=mode)) as stream:
        return sum(1 for _ in stream)


def measure(path: Path, runs: int) -> dict[str, float]:
    """Median CPU seconds: "plain", "intra", "grid" and "start" (a one-picture read of the same file)."""
    works: dict[str, Callable[[], object]] = {
        "plain": lambda: decode_plain(path),
        "intra": lambda: decode_ours(path, FrameMode.INTRA),
        "grid": lambda: decode_ours(path, FrameMode.GRID),
        "start": lambda: Decoder(DecodeLimits(sandbox="rlimit")).probe(path, MediaKind.VIDEO),
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            taken[name].append(child_cpu_seconds(work))
    return {name: statistics.median(times) for name, times in taken.items()}


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
        print(f"{'file':40} {'ffmpeg s':>8} {'intra x':>8} {'grid x':>8} {'start s':>8}")
        for path in options.files or render(Path(folder)):
            cost = measure(path, options.runs)
            ratios = " ".join(f"{cost[mode] / cost['plain']:8.2f}" for mode in ("intra", "grid"))
            print(f"{path.name[:40]:40} {cost['plain']:8.2f} {ratios} {cost['start']:8.2f}")


if __name__ == "__main__":
    main()
