"""The template of the decoder children, started by `verify.media.template`; see `template`."""

from __future__ import annotations

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
    from verify.media.decoder_child import template

    template.main()
