"""The decoder child: limits itself, then answers the requests on its standard input, one a line.

Forked from the `template` for one medium, with the three descriptors that `wire` names and no others.
It lowers its limits before it reads an untrusted byte, never opens a path, and dies with its medium.
Whatever a library raises becomes a typed error message; whatever kills the process is the parent's to
report.
"""

from __future__ import annotations

import json
import os
import resource
from typing import NoReturn

from verify.media.decoder_child import wire

MOST_FILES = 64  #: open at once


def run(bounds: wire.Bounds) -> NoReturn:
    """Answer until the parent has no more requests, or has seen enough."""
    limit(bounds)
    sender = wire.Sender(os.fdopen(wire.REPLIES_FD, "wb", buffering=0))
    try:
        with os.fdopen(wire.REQUESTS_FD, "rb") as lines:
            for line in lines:
                fields = json.loads(line)
                fields["times_us"] = tuple(fields["times_us"])
                answer(wire.Request(**fields), bounds, sender)
    except BrokenPipeError:
        pass  # the parent has seen enough
    os._exit(0)  # nothing here needs the interpreter to tidy up


def limit(bounds: wire.Bounds) -> None:
    """Lower every limit, soft and hard, before the first untrusted byte is read.

    Here and not in the template: what the kernel counts of CPU time begins anew with a fork.
    """
    os.umask(0o077)
    for what, most in (
        (resource.RLIMIT_CPU, bounds.cpu_seconds),
        (resource.RLIMIT_AS, bounds.memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, MOST_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def answer(request: wire.Request, bounds: wire.Bounds, sender: wire.Sender) -> None:
    """Send what `request` asks for, ending in END or ERROR."""
    try:
        if bounds.mime.startswith("video/"):  # imported by the template, or about to say why it cannot be
            from verify.media.decoder_child import video as decoder  # noqa: PLC0415
        else:
            from verify.media.decoder_child import image as decoder  # type: ignore[no-redef] # noqa: PLC0415
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
