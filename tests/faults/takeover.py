"""Decoder children in an attacker's hands: media whose bytes are the code that runs.

Where the template looks for its decoding library stands one that runs what the medium says, so the code
runs as an exploit would: in the child's process, forked from a real template, after the limits were
set, with the file and the pipes in its hands.
"""

from __future__ import annotations

import contextlib
import os
import textwrap
import time
from pathlib import Path

from tests.faults.rig import descendants
from verify.media.decoder import DecodeLimits, Decoder, MediaSession
from verify.media.sandbox import child_command
from verify.model import MediaKind

HEAD = b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42"
LIBRARY = {
    "__init__.py": f"""
        import os

        class logging:
            PANIC = 0

            def set_level(level):  # the first thing that is asked of the library, for each request
                exec(os.pread(4, 1 << 20, {len(HEAD)}).decode(), {{}})
    """,
    "error.py": "class FFmpegError(Exception): pass\nclass EOFError(FFmpegError): pass",
    "stream.py": "Disposition = None",
    "subtitles/__init__.py": "",
    "subtitles/stream.py": "",
    "video/__init__.py": "",
    "video/reformatter.py": "VideoReformatter = None",
}


def take_over(folder: Path, code: str, choice: str = "rlimit", **limits) -> MediaSession:
    """A session whose child runs `code`; those of one folder and choice have one template after another."""
    medium = folder / f"{len(list(folder.iterdir()))}.mp4"
    medium.write_bytes(HEAD + textwrap.dedent(code).encode())
    session = Decoder(DecodeLimits(sandbox=choice, **limits)).open(medium, MediaKind.VIDEO)
    session._command = [*_walls(choice, library(folder)), "video", str(library(folder))]
    return session


def library(folder: Path) -> Path:
    """The library that runs what media say, written into `folder` once."""
    place = folder / "library"
    for name, code in LIBRARY.items():
        (place / "av" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "av" / name).write_text(textwrap.dedent(code))
    return place


def _walls(choice: str, place: Path) -> list[str]:
    walls = list(child_command(choice))
    if "--" in walls:
        at = walls.index("ALL") + 1  # before the root can no longer be written to
        walls[at:at] = ["--ro-bind", str(place), str(place)]
    return walls


def child_of(session: MediaSession) -> int:
    """The process group, and process, of the session's child: below its template, in a session of its own."""
    assert session._child is not None
    template = session._child.template_pid
    found = [pid for pid in below(template) if os.getsid(pid) != template]
    assert len(found) == 1, found
    return found[0]


def below(pid: int) -> list[int]:
    """The processes that descend from `pid`, parents first."""
    return [one for one, _ in descendants(pid)]


def template_in(group: int) -> int:
    """The template's own process in its group: the innermost, where bubblewrap is around it."""
    return [group, *(pid for pid in below(group) if os.getsid(pid) == group)][-1]


def running(group: int) -> bool:
    """Whether /proc knows a process of the group that is not merely waiting to be reaped."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                return True
    return False


def alive(group: int) -> bool:
    """Whether a process of the group still runs, a while after it was killed."""
    for _ in range(100):
        if not running(group):
            return False
        time.sleep(0.05)
    return True
