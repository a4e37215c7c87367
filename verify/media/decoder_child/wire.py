"""How the decoder child speaks: framed messages on one pipe, one JSON line per request on another.

A message is a one-byte kind, its payload's length (4 bytes) and the payload. So is an order to the
template that children are forked from. Both sides use this module; it knows nothing of PyAV, Pillow
or the rest of the project.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from typing import BinaryIO

HEADER = struct.Struct("<cI")
PICTURE = struct.Struct("<qHHB")  # time_us, width, height, 1 for a picture that stands alone

METADATA = b"M"  #: JSON: the fields of model.MediaMetadata
FRAME = b"F"  #: PICTURE, then width * height bytes of grey
STILL = b"S"  #: PICTURE, then a JPEG file
END = b"E"  #: JSON: Ending
ERROR = b"X"  #: JSON: {"code": ..., "detail": ...}; takes the place of END

FORK = b"F"  #: to the template: JSON: Bounds; with descriptors of the requests, the replies and the medium
KILL = b"K"  #: to the template: nothing; its child is to die, if there is one
REPORT = struct.Struct("<i?")  # from the template: its child's wait status, 1 when it can fork another

#: Descriptors of a child; 1 and 2 lead nowhere, others it has none.
REQUESTS_FD, REPLIES_FD, MEDIUM_FD = 0, 3, 4


class RefusalError(Exception):
    """A file that is not read. `code` is that of one of the project's MediaRejected errors."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the child is told at its start. Times in microseconds, sizes in bytes or pixels."""

    fd: int  #: of the medium, as the child has it
    mime: str
    first_only: bool  #: read only the first picture of an animation
    cpu_seconds: int
    memory_bytes: int
    max_pixels: int
    max_animation_frames: int
    max_animation_pixels: int
    max_duration_us: int
    max_dense_pixels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    op: str  #: "probe" | "frames" | "stills" | "around"
    intra: bool = False
    step_us: int = 1
    long_side: int = 0
    #: Of the stills; of "around" the one in the middle; of "frames" where a part of a video begins and ends.
    times_us: tuple[int, ...] = ()
    reach: int = 0  #: frames that "around" gives before the middle one, and after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture ready to send: grey bytes row by row, or a JPEG file."""

    time_us: int
    width: int
    height: int
    data: bytes
    alone: bool = False


@dataclass(slots=True, kw_only=True)
class Ending:
    """How far a pass came."""

    frames_read: int = 0
    read_until_us: int = 0
    complete: bool = True
    failures: int = 0
    note: str = ""


class Sender:
    """Writes messages; blocks while the parent is busy, so nothing piles up."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe

    def picture(self, kind: bytes, picture: Picture) -> None:
        head = PICTURE.pack(picture.time_us, picture.width, picture.height, picture.alone)
        self._write(kind, head, picture.data)

    def metadata(self, fields: dict[str, object]) -> None:
        self._write(METADATA, json.dumps(fields).encode())

    def ending(self, ending: Ending) -> None:
        self._write(END, json.dumps(asdict(ending)).encode())

    def error(self, code: str, detail: str) -> None:
        self._write(ERROR, json.dumps({"code": code, "detail": detail[:300]}).encode())

    def _write(self, kind: bytes, *parts: bytes) -> None:
        self._pipe.write(HEADER.pack(kind, sum(map(len, parts))))
        for part in parts:
            self._pipe.write(part)
        self._pipe.flush()


def clean_tags(tags: dict[str, str]) -> list[tuple[str, str]]:
    """At most 32 tags in order of name, printable, at most 200 characters each."""
    kept = sorted(tags.items())[:32]
    return [(_printable(name)[:60], _printable(value)[:200]) for name, value in kept]


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in str(text)[:400]).strip()


def fitted(width: int, height: int, long_side: int) -> tuple[int, int]:
    """Width and height so that the longer is at most `long_side`; never larger than they were."""
    scale = min(1.0, long_side / max(width, height)) if long_side else 1.0
    return max(1, round(width * scale)), max(1, round(height * scale))
