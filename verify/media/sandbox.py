"""The walls around the decoder children: bubblewrap where it works, resource limits always.

In: which isolation is wanted. Out: the command line that starts the template they are forked from,
and for `verify doctor` which limits hold. Handbook `reliability.md` 2.4.
"""

from __future__ import annotations

import compileall
import importlib.util
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from verify.errors import SandboxUnavailable

CHILD = Path(__file__).resolve().parent / "decoder_child"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxStatus:
    """What holds around the decoder child; sentences for `verify doctor`."""

    isolation: str  #: "bwrap" | "rlimit"
    bwrap_path: str  #: empty when it is not installed
    bwrap_works: bool
    holds: tuple[str, ...]
    missing: tuple[str, ...]


def sandbox_status(choice: str = "auto") -> SandboxStatus:
    """Which walls the choice ("auto", "bwrap" or "rlimit") gives on this machine."""
    path = shutil.which("bwrap") or ""
    works = bool(path) and bwrap_works()
    isolated = works and choice != "rlimit"
    always = (
        "a process of its own, with an empty environment",
        "limits on memory, CPU time and open files, no file written, no core dump",
        "killed when its time is over",
    )
    walls = (
        "no network",
        "sees only the interpreter and its libraries, read-only",
        "cannot see or signal other processes",
    )
    return SandboxStatus(
        isolation="bwrap" if isolated else "rlimit",
        bwrap_path=path,
        bwrap_works=works,
        holds=always + walls if isolated else always,
        missing=() if isolated else walls,
    )


def child_command(choice: str) -> list[str]:
    """The command line of the children's template, without its arguments. Raises SandboxUnavailable."""
    python = _python()
    if choice == "rlimit":
        return python
    if bwrap_works():
        return [*_bwrap(), *python]
    if choice == "bwrap":
        raise SandboxUnavailable
    return python


@cache
def _python() -> list[str]:
    """The interpreter without site packages; the child's code compiled, since it cannot write that."""
    compileall.compile_dir(CHILD, quiet=2)  # 20 ms at every start otherwise; a read-only folder is fine
    return [sys.executable, "-I", "-S", "-B", str(CHILD)]


@cache
def bwrap_works() -> bool:
    """Whether the interpreter and both libraries start in bubblewrap here; tried once per process."""
    if shutil.which("bwrap") is None:
        return False
    load = f"import sys; sys.path += {list(library_folders())!r}; import av, PIL.Image"
    command = [*_bwrap(), sys.executable, "-I", "-S", "-B", "-c", load]
    try:
        done = subprocess.run(command, capture_output=True, timeout=10, check=False, env={})
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@cache
def library_folders() -> tuple[str, ...]:
    """The folders that PyAV and Pillow are installed in: as a rule one."""
    specs = [importlib.util.find_spec(name) for name in ("av", "PIL")]
    return tuple(sorted({str(Path(spec.origin).parent.parent) for spec in specs if spec and spec.origin}))


@cache
def _bwrap() -> list[str]:
    """Bubblewrap with nothing shared, nothing to see but what Python needs, and nothing to leave behind.

    Its root would be writable, and the children of a template come after one another in it.
    """
    folders = {
        "/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache",
        sys.base_prefix, sys.prefix, str(Path(sys.executable).resolve().parent.parent),
        *library_folders(), str(CHILD),
    }  # fmt: skip
    bindings = [part for folder in sorted(folders) for part in ("--ro-bind-try", folder, folder)]
    path = shutil.which("bwrap") or "bwrap"
    walls = [path, "--unshare-all", "--die-with-parent", "--cap-drop", "ALL"]
    return [*walls, *bindings, "--remount-ro", "/", "--chdir", "/", "--"]
