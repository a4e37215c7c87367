"""The decoder child: limits itself, then answers the requests on its standard input, one a line.

Started by `verify.media.decoder` as `python -I -S <this folder> <Bounds as JSON>` with the media
file as an open descriptor. It drops privileges before it imports a decoder and never opens a path.
Whatever a library raises becomes a typed error message; whatever kills the process is the parent's
to report.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from types import ModuleType


def _join_package() -> None:
    """Make `verify.media.decoder_child` importable without running the packages above it.

    Those would import half the project: start time, and code that has no place in here.
    """
    here = Path(__file__).resolve().parent
    for name, folder in (("verify", here.parents[1]), ("verify.media", here.parent)):
        module = ModuleType(name)
        module.__path__ = [str(folder)]
        sys.modules[name] = module
    del sys.path[0]  # this folder: its modules are reached through their package


if __name__ == "__main__":
    _join_package()

from verify.media.decoder_child import wire  # noqa: E402 - after the packages above were replaced


def limit(bounds: wire.Bounds) -> None:
    """Lower every limit, soft and hard, before the first untrusted byte is read."""
    os.umask(0o077)
    for what, most in (
        (resource.RLIMIT_CPU, bounds.cpu_seconds),
        (resource.RLIMIT_AS, bounds.memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def answer(request: wire.Request, bounds: wire.Bounds, sender: wire.Sender) -> None:
    """Send what `request` asks for, ending in END or ERROR."""
    try:
        if bounds.mime.startswith("video/"):
            from verify.media.decoder_child import video as decoder  # noqa: PLC0415 - 70 ms of start
        else:
            from verify.media.decoder_child import image as decoder  # type: ignore[no-redef] # noqa: PLC0415 - 20 ms
        sender.ending(decoder.answer(request, bounds, sender))
    except wire.RefusalError as refusal:
        sender.error(refusal.code, refusal.detail)
    except MemoryError:
        sender.error("decoder_crashed", "out of memory")
    except ImportError as error:
        sender.error("decoder_crashed", f"a library cannot be loaded: {error}")
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the libraries raise anything on damaged bytes (reliability.md 2.3)
        sender.error("broken_media", f"{type(error).__name__}: {error}")


def main() -> None:
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # a library that prints must not garble the messages
    bounds = wire.Bounds(**json.loads(sys.argv[1]))
    limit(bounds)
    sys.path.extend(bounds.site.split(os.pathsep))
    sender = wire.Sender(pipe)
    try:
        for line in sys.stdin.buffer:
            fields = json.loads(line)
            fields["times_us"] = tuple(fields["times_us"])
            answer(wire.Request(**fields), bounds, sender)
    except BrokenPipeError:
        pass  # the parent has seen enough
    os._exit(0)  # nothing here needs the interpreter to tidy up


if __name__ == "__main__":
    main()
