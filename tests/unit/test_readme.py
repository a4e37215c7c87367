"""The README names what there is, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import typer.main

from verify.cli.app import app
from verify.model import FindingLabel

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


def test_every_command_is_in_the_readme() -> None:
    table = README[README.index("| Command |") : README.index("Every command has")]
    words = set(re.findall(r"[a-z]+", " ".join(re.findall(r"`([^`]*)`", table))))
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined] # a group has them
    assert commands - words == set()


def test_every_finding_is_explained() -> None:
    explained = set(re.findall(r"^\| `([a-z_]+)` \|", README, re.MULTILINE))
    assert explained == {label.value for label in FindingLabel}


def test_every_file_it_points_to_is_there() -> None:
    root = Path(__file__).resolve().parents[2]
    pointed = re.findall(r"`((?:docs|bench)/[\w./-]+|[A-Z]+\.md)`", README)
    assert pointed
    assert [name for name in pointed if not (root / name).exists()] == []


def test_it_promises_no_word_that_a_finding_may_not_use() -> None:
    said = README.lower()
    assert "debunk" not in said
    assert "is fake" not in said
