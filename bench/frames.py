"""The frames that `verify check` would look at, for the peers as for ourselves.

Apart from `bench.media`, because the peers' packages bring no index to match with.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from verify.media.decoder import DecodeLimits, Decoder
from verify.media.plan import FramePlan
from verify.media.sniff import HEAD_BYTES, sniff
from verify.model import Frame, MediaKind

DECODER = Decoder(DecodeLimits(sandbox="rlimit"))


def frames_of(path: Path, *, most: int | None = None) -> tuple[MediaKind, list[Frame]]:
    """The frames of a file (3 a second, long side 512), at most the first `most`. Raises VerifyError."""
    kind = kind_of(path)
    with DECODER.frames(path, kind, FramePlan()) as stream:
        return kind, list(islice(stream, most))


def kind_of(path: Path) -> MediaKind:
    """Whether a file is a photo or a video. Raises VerifyError."""
    with path.open("rb") as file:
        return sniff(file.read(HEAD_BYTES)).kind
