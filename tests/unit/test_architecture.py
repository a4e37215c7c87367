"""The shape of the code is a promise too: small functions, small modules, one lock."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path
    for folder in ("verify", "workers", "bench", "demo")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations/versions" not in path.as_posix()
)
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "base", "manager", "misc", "common"}


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function of a module with its length in lines, its decorators and docstring left out."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            lines = (node.end_lineno or node.lineno) - first.lineno + 1
            yield f"{path.relative_to(ROOT)}:{node.name}", lines + node.body[0].lineno - node.lineno


def test_functions_are_small() -> None:
    lengths = dict(found for path in MODULES for found in functions(path))
    long = {name: lines for name, lines in lengths.items() if lines > 60}
    assert not long
    assert statistics.median(lengths.values()) < 10
    assert statistics.quantiles(lengths.values(), n=10)[-1] < 30


def test_no_module_holds_two_ideas() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in MODULES}
    assert not {name: lines for name, lines in long.items() if lines >= 400}


def test_a_module_opens_by_saying_what_it_takes_and_gives() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if path.name != "__main__.py" and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not silent


def test_modules_are_named_for_what_they_hold() -> None:
    assert not [path for path in MODULES if path.stem in FORBIDDEN_NAMES]


@pytest.mark.parametrize("folder", ["verify", "tests", "bench", "demo", "docs", "scripts", "workers"])
def test_nothing_names_a_place_on_one_machine(folder: str) -> None:
    texts = [path for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".md", ".toml", ".sh", ""}]
    private = "/" + "work/"
    named = [path for path in texts if path.is_file() and private in path.read_text(errors="ignore")]
    assert not named


def test_what_the_peers_are_given_needs_no_index() -> None:
    """Their packages (requirements/bench.txt) bring none."""
    code = "import sys; sys.modules['faiss'] = None; import bench.frames, bench.table"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
