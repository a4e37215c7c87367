"""Files to fingerprints for the benchmarks, through the product's own decoder.

In go paths, out come fingerprints; a file that cannot be read gives None and a line on stderr, as a
benchmark must not lose its other files.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from verify.errors import VerifyError
from verify.fingerprint import Fingerprint, fingerprint
from verify.media.decoder import DecodeLimits, Decoder
from verify.media.plan import FramePlan
from verify.media.sniff import HEAD_BYTES, sniff

_DECODER = Decoder(DecodeLimits(sandbox="rlimit"))


def fingerprint_of(path: Path) -> Fingerprint | None:
    """The fingerprint that `verify check` would make of a file."""
    try:
        with path.open("rb") as file:
            kind = sniff(file.read(HEAD_BYTES)).kind
        with _DECODER.frames(path, kind, FramePlan()) as stream:
            return fingerprint(stream, kind=kind, duration_us=stream.metadata.duration_us)
    except VerifyError as error:
        print(f"{path.name}: {error}", file=sys.stderr)
        return None


def fingerprints(paths: Sequence[Path], *, jobs: int) -> Iterator[tuple[Path, Fingerprint]]:
    """Path and fingerprint of every readable file, in order."""
    with ProcessPoolExecutor(jobs) as pool:
        for path, made in zip(paths, pool.map(_packed, paths, chunksize=4), strict=True):
            if made is not None:
                yield path, Fingerprint.from_bytes(made)


def _packed(path: Path) -> bytes | None:
    made = fingerprint_of(path)
    return made.to_bytes() if made else None
