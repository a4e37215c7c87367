"""Other takes of one scene: what is called a copy of a moment that the reference does not show.

    python -m bench.takes [--pieces 8] [--seed 1] [--explain] CLIP...

Makes pieces of each CLIP, best of people before a camera that stands still, as `bench.compilations` does:
mirrored, cropped, toned, covered, at another speed, each by chance, every other one between bars. Searches
each in its clip, where it should be found at the right seconds, and in the clip without those seconds, where
nothing is a copy. Prints what the pieces are told as, of either search.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import av

from bench.clips import Picture, write
from bench.compilations import COPY, Piece, outcomes, piece_of, shown
from bench.media import closer_of, fingerprint_of
from verify.fingerprint import Fingerprint
from verify.matching import ReferenceIndex, match
from verify.model import MatchKind, MatchSegment

APART_SECONDS = 2.0  # of what is left of a clip from the piece, at either end


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    told: dict[str, Counter[str]] = {"in its clip": Counter(), "in the rest": Counter()}
    for clip in options.clips:
        whole = _fingerprint(clip)
        for number in range(options.pieces):
            chance = random.Random(f"{clip.name}/{options.seed}/{number}")
            piece = piece_of(clip.name, whole.duration_us / 1_000_000, chance, barred=number % 2 > 0)
            with tempfile.TemporaryDirectory() as folder:
                query, rest = Path(folder) / "piece.mp4", Path(folder) / "rest.mp4"
                write(query, shown(piece, clip))
                write(rest, _without(piece, clip))
                right = outcomes([piece], _found(query, clip.name, whole))[0]
                wrong = _surest(_found(query, "rest", _fingerprint(rest)))
            told["in its clip"][right] += 1
            told["in the rest"][wrong] += 1
            if options.explain and (right != COPY or wrong == COPY):
                print(f"{right}; in the rest {wrong}: {piece}", flush=True)
    for where, counts in told.items():
        print(f"{where}: " + ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common()))
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path, nargs="+", metavar="CLIP", help="of 10 s and more")
    parser.add_argument("--pieces", type=int, default=8, help="of each clip")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--explain", action="store_true", help="print the pieces that are told wrongly")
    return parser.parse_args(arguments)


def _fingerprint(path: Path) -> Fingerprint:
    made = fingerprint_of(path)
    assert made is not None
    return made


def _found(query: Path, name: str, known: Fingerprint) -> tuple[MatchSegment, ...]:
    index = ReferenceIndex.build([(name, known)], lambda _: known)
    return match(_fingerprint(query), index, media_sha256="", look_closer=closer_of(query)).segments


def _surest(found: tuple[MatchSegment, ...]) -> str:
    kinds = {one.kind for one in found}
    ranked = (MatchKind.COPY, MatchKind.POSSIBLE, MatchKind.SAME_SCENE, MatchKind.SHARED_OVERLAY)
    return next((str(kind) for kind in ranked if kind in kinds), "no match")


def _without(piece: Piece, clip: Path) -> Iterator[Picture]:
    """The frames of a clip, 25 a second and stretched as `write` needs them, but for the piece's seconds."""
    left_out = (
        piece.start_seconds - APART_SECONDS,
        piece.start_seconds + piece.seconds * piece.speed + APART_SECONDS,
    )
    with av.open(str(clip)) as container:
        length = (container.duration or 0) / 1_000_000
    parts = ((0.0, left_out[0]), (left_out[1], length))
    for start, end in parts:
        if end > start:
            yield from shown(Piece(name=piece.name, start_seconds=start, seconds=end - start), clip)


if __name__ == "__main__":
    sys.exit(main())
