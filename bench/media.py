"""Files to fingerprints for the benchmarks, through the product's own decoder.

In go paths, out come fingerprints; a file that cannot be read gives None and a line on stderr, as a
benchmark must not lose its other files.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench.frames import DECODER, kind_of
from verify.errors import VerifyError
from verify.fingerprint import ALGORITHM, THUMBNAIL_SIDE, Closeup, Fingerprint, closeup, fingerprint
from verify.matching import FRAMES_PER_SECOND, LookCloser
from verify.media.plan import FramePlan
from verify.model import GreyImage, MediaKind, Span


def fingerprint_of(path: Path) -> Fingerprint | None:
    """The fingerprint that `verify check` would make of a file."""
    try:
        kind = kind_of(path)
        with DECODER.frames(path, kind, FramePlan()) as stream:
            made = fingerprint(stream, kind=kind, duration_us=stream.metadata.duration_us)
            return replace(made, duration_us=stream.outcome.metadata.duration_us)
    except VerifyError as error:
        print(f"{path.name}: {error}", file=sys.stderr)
        return None


def closer_of(path: Path, drawn: Callable[[GreyImage], GreyImage] | None = None) -> LookCloser | None:
    """How `verify check` sees a few seconds of a video, 24 frames of each; None for other media.

    `drawn` is what the query is made with of each frame, long side 512.
    """
    kind = kind_of(path)

    def look(span: Span) -> Closeup:
        side = FramePlan().long_side if drawn else THUMBNAIL_SIDE
        plan = FramePlan(per_second=FRAMES_PER_SECOND, long_side=side, span=span)
        try:
            stream_of = DECODER.frames(path, kind, plan)
        except VerifyError:
            return closeup(())
        with stream_of as stream:
            return closeup(replace(frame, image=drawn(frame.image)) if drawn else frame for frame in stream)

    return look if kind is MediaKind.VIDEO else None


def fingerprints(
    paths: Sequence[Path], *, jobs: int, cache: Path | None = None
) -> Iterator[tuple[Path, Fingerprint]]:
    """Path and fingerprint of every readable file, in order; `cache` is a folder that keeps them."""
    with ProcessPoolExecutor(jobs) as pool:
        for path, made in zip(
            paths, pool.map(partial(_packed, cache=cache), paths, chunksize=4), strict=True
        ):
            if made:
                yield path, Fingerprint.from_bytes(made)


def _packed(path: Path, *, cache: Path | None) -> bytes:
    """The packed fingerprint; empty for a file that cannot be read."""
    name = hashlib.sha256(ALGORITHM.encode() + path.read_bytes()).hexdigest()
    kept = cache / name if cache else None
    if kept and kept.exists():
        return kept.read_bytes()
    made = fingerprint_of(path)
    packed = made.to_bytes() if made else b""
    if kept:
        kept.write_bytes(packed)
    return packed
