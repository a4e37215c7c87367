"""What other tools' hashes find in the same queries: one results file per peer for `score.py`.

    .venv-bench/bin/python -m bench.peers --references REFERENCES.csv --root CORPUS --queries DIR
        --truth TRUTH.csv --out-dir DIR [--ours RESULTS.csv] [--scorer score.py] [--jobs 2]

Every peer gets the frames that our decoder gives ourselves: 3 a second, grey, long side 512 (so
no peer is judged by its own video reader). A score is 1 - least distance / bits over all pairs of
frames; for vPDQ it is the share of query frames that its rule accepts. Peers give no times. With
`--scorer` one table is printed, with the results of `bench.accuracy` in it when `--ours` names them.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import imagehash
import numpy as np
import pdqhash
from numpy.typing import NDArray
from perception import hashers
from PIL import Image

from bench.frames import frames_of
from bench.table import OURS, print_table
from verify.errors import VerifyError
from verify.model import GreyImage

PDQ_QUALITY = 50  # below, PDQ's own documentation says to discard the hash
VPDQ_BITS = 31  # of 256: vPDQ's rule for a frame pair
CHANCE = 0.375  # of the bits; unrelated frames differ in half of them, so farther pairs get no row

Hash = NDArray[np.uint8]  # (bytes,)
Hashes = NDArray[np.uint8]  # (frames, variants, bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One way of another tool to compare two media."""

    hashes: str  # which hashes it compares
    turned: bool = False  # the query's eight orientations, where the tool makes them
    share_within: int | None = None  # bits; the score is a share of frames instead of a distance


PEERS = {
    "imagehash pHash 64": Peer(hashes="phash64"),
    "imagehash pHash 256": Peer(hashes="phash256"),
    "pdqhash": Peer(hashes="pdq"),
    "pdqhash, 8 orientations": Peer(hashes="pdq", turned=True),
    "vPDQ rule": Peer(hashes="pdq", share_within=VPDQ_BITS),
    "perception framewise PHash 256": Peer(hashes="perception"),
}

Prints = dict[str, Hashes]


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    with options.references.open(newline="", encoding="utf-8") as file:
        listed = [(row["reference"], options.root / row["path"]) for row in csv.DictReader(file)]
    with options.truth.open(newline="", encoding="utf-8") as file:
        queries = sorted({row["query"] for row in csv.DictReader(file)})
    references = dict(_hashed(listed, options.jobs))
    searched = dict(_hashed([(name, options.queries / name) for name in queries], options.jobs))
    options.out_dir.mkdir(parents=True, exist_ok=True)
    for name, peer in PEERS.items():
        _write(options.out_dir / f"{name}.csv", _rows(peer, searched, references))
    for kept in (options.truth, options.references):
        shutil.copyfile(kept, options.out_dir / kept.name)
    if options.ours:
        shutil.copyfile(options.ours, options.out_dir / f"{OURS}.csv")
    if options.scorer:
        print_table(options.scorer, [options.out_dir])
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--references", type=Path, required=True, help="CSV with columns reference, path")
    parser.add_argument("--root", type=Path, required=True, help="folder that the paths start from")
    parser.add_argument("--queries", type=Path, required=True, help="folder of query files")
    parser.add_argument("--truth", type=Path, required=True, help="queries named here are checked")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder for one CSV per peer")
    parser.add_argument("--ours", type=Path, help="CSV that bench.accuracy wrote for the same files")
    parser.add_argument("--scorer", type=Path, help="path of score.py")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    return parser.parse_args(arguments)


def _hashed(files: Sequence[tuple[str, Path]], jobs: int) -> Iterator[tuple[str, Prints]]:
    """Every peer's hashes of every readable file."""
    with ProcessPoolExecutor(jobs) as pool:
        made = pool.map(_prints, [path for _, path in files], chunksize=4)
        for (name, _), prints in zip(files, made, strict=True):
            if prints:
                yield name, prints


def _prints(path: Path) -> Prints | None:
    cv2.setNumThreads(1)
    try:
        _, frames = frames_of(path)
    except VerifyError as error:
        print(f"{path.name}: {error}", file=sys.stderr)
        return None
    pictures = [frame.image for frame in frames]
    return {name: _stacked(map(hashed, pictures)) for name, hashed in HASHES.items()} | {
        "perception": _perceived(pictures)
    }


def _stacked(found: Iterable[list[Hash]]) -> Hashes:
    kept = [variants for variants in found if variants]
    return np.array(kept, np.uint8) if kept else np.empty((0, 1, 1), np.uint8)


def _phash(side: int) -> Callable[[GreyImage], list[Hash]]:
    def hashed(picture: GreyImage) -> list[Hash]:
        return [np.packbits(imagehash.phash(Image.fromarray(picture), hash_size=side).hash.ravel())]

    return hashed


def _pdq(picture: GreyImage) -> list[Hash]:
    """The eight orientations, the picture as it is first; nothing when PDQ says to discard it."""
    turned, quality = pdqhash.compute_dihedral(np.repeat(picture[..., None], 3, axis=2))
    if quality < PDQ_QUALITY:
        return []
    return [np.packbits(np.asarray(bits, np.uint8)) for bits in turned]


def _perceived(pictures: Sequence[GreyImage]) -> Hashes:
    """What Thorn's framewise hasher keeps, at an interframe threshold that drops only equal hashes."""
    hasher = hashers.FramewiseHasher(
        frame_hasher=hashers.PHash(hash_size=16), interframe_threshold=0.0, frames_per_second=3
    )
    state = None
    for number, picture in enumerate(pictures):
        colour = np.repeat(picture[..., None], 3, axis=2)
        state = hasher.process_frame(colour, frame_index=number, frame_timestamp=number / 3, state=state)
    kept = hasher.hash_from_final_state(state)
    return _stacked([np.packbits(np.asarray(bits, np.uint8))] for bits in kept if bits is not None)


HASHES: dict[str, Callable[[GreyImage], list[Hash]]] = {
    "phash64": _phash(8),
    "phash256": _phash(16),
    "pdq": _pdq,
}


def _rows(
    peer: Peer, queries: dict[str, Prints], references: dict[str, Prints]
) -> Iterator[tuple[str, str, float]]:
    for query, ours in queries.items():
        mine = ours[peer.hashes] if peer.turned else ours[peer.hashes][:, :1]
        for reference, theirs in references.items():
            score = _score(peer, mine, theirs[peer.hashes][:, 0])
            if score > 0:
                yield query, reference, score


def _score(peer: Peer, query: Hashes, reference: NDArray[np.uint8]) -> float:
    """0 when there is nothing to say."""
    if not len(query) or not len(reference):
        return 0.0
    distance = np.bitwise_count(query[:, :, None] ^ reference).sum(axis=-1, dtype=np.int64)
    nearest = distance.min(axis=(1, 2))
    if peer.share_within is not None:
        return float((nearest <= peer.share_within).mean())
    share = float(nearest.min()) / (8 * query.shape[-1])
    return 1 - share if share < CHANCE else 0.0


def _write(path: Path, rows: Iterable[tuple[str, str, float]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("query", "reference", "score"))
        writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(main())
