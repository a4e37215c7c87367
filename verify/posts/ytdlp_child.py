"""The child in which yt-dlp runs: limits first, then yt-dlp's own command line.

Started by path, in Python's isolated mode, with an empty environment; it imports nothing of ours.
It may compute for a while, hold some memory and few files, and write next to nothing.
"""

from __future__ import annotations

import resource
import runpy
import sys

CPU_SECONDS = 60
MEMORY_BYTES = 2**30
FILE_BYTES = 2**20  # its copy of a cookie file, at most
OPEN_FILES = 64


def main() -> None:
    for limit, most in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    sys.argv[0] = "yt-dlp"
    runpy.run_module("yt_dlp", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
