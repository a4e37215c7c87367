"""`make demo` as a stranger runs it: the finding, the page, and no word too many."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shown() -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VERIFY_")}
    command = [sys.executable, "-m", "demo"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def report(shown: str) -> dict[str, Any]:
    path = shown.rstrip().splitlines()[-1].strip()
    found: dict[str, Any] = json.loads((ROOT / path).read_text())
    return found


def test_it_prints_the_finding_and_says_where_the_report_is(shown: str) -> None:
    assert "Earlier copy found" in shown
    assert "1,275 days before 2020-02-20" in shown
    assert "demonstration data" in shown
    (page,) = (ROOT / "demo-output" / "report").glob("*.html")
    assert str(page.relative_to(ROOT)) in shown


def test_the_older_clip_is_found_where_it_was_cut(report: dict[str, Any]) -> None:
    (medium,) = report["media"]
    copies = [found for found in medium["matches"]["segments"] if found["kind"] == "copy"]
    assert {found["orientation"] for found in copies} == {"mirrored"}
    start = min(found["reference"]["start_us"] for found in copies)
    end = max(found["reference"]["end_us"] for found in copies)
    assert abs(start - 7_300_000) <= 500_000
    assert abs(end - 13_500_000) <= 500_000


def test_the_claim_is_read_and_compared(report: dict[str, Any]) -> None:
    assert {mention["name"] for mention in report["claim"]["equipment"]} == {"M113", "M60T"}
    verdicts = {found["aspect"]: found["verdict"] for found in report["finding"]["comparisons"]}
    assert verdicts["time"] == "conflicts"
    assert verdicts["place"] == "conflicts"


def test_no_forbidden_word_is_said_of_a_finding(shown: str, report: dict[str, Any]) -> None:
    said = " ".join(
        [report["finding"]["statement"], *report["finding"]["reasons"], *report["finding"]["limits"]]
    )
    words = {word.strip(".,:;()\"'").lower() for word in said.split()}
    assert not words & {"fake", "true", "verified", "debunked"}
