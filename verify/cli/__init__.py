"""The command line: `verify check`, `verify reference`, `verify doctor` and the rest.

Results go to standard output, progress and problems to standard error. Exit codes: 0 every item has a
report, 1 something could not be retrieved or read (the report or the message says why), 2 wrong use.
"""

from __future__ import annotations

from verify.cli.app import main

__all__ = ["main"]
