"""What a room offers is what its __init__ says, and nothing it says is missing."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import verify

ROOMS = sorted(module.name for module in pkgutil.iter_modules(verify.__path__, "verify.") if module.ispkg)


@pytest.mark.parametrize("room", ["verify", *ROOMS])
def test_the_names_of_a_room_exist_and_are_sorted(room: str) -> None:
    module = importlib.import_module(room)
    names = getattr(module, "__all__", [])
    assert [name for name in names if not hasattr(module, name)] == []
    assert list(names) == sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))


def test_the_package_says_its_own_version() -> None:
    assert verify.__version__
