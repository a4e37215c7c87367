"""The report of an item that nobody could finish: honest on what was read, and on what was not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.footage import render_image
from verify.model import FindingLabel, ItemState, PostState, Report
from verify.pipeline import Submission
from verify.reports import from_json, to_html
from verify.settings import Settings
from verify.store.items import Lane
from verify.wiring import Tool, opened


@pytest.fixture
def tool(tmp_path: Path) -> Iterator[Tool]:
    with opened(Settings(home=tmp_path / "home", free_disk_bytes=0)) as made:
        yield made


def abandoned(tool: Tool, submission: Submission, *, after_fetching: bool) -> Report:
    """The report after three workers were lost on it."""
    ledger = tool.parts.ledger
    item = ledger.enqueue(tool.intake.request(submission))
    if after_fetching:
        lease = ledger.claim(worker="fetcher", lane=Lane.FETCH)
        assert lease is not None
        tool.pipeline.acquire(lease)
    for _ in range(3):
        lease = ledger.claim(worker="doomed")
        assert lease is not None
        if after_fetching:
            ledger.heartbeat(lease, stage="fingerprint/0", progress=0.5)
        ledger.lose(lease)
    ended, (kept,) = ledger.get(item.id), ledger.reports(item.id)
    assert (ended.state, ended.error_code) == (ItemState.FAILED, "work_abandoned")
    return from_json(kept.json)


def test_what_was_fetched_is_in_it_and_is_said_not_to_have_been_examined(tool: Tool, tmp_path: Path) -> None:
    clip = render_image(tmp_path / "photo.jpg", seed=1)
    report = abandoned(tool, Submission(text=str(clip), claim="Nayrab, today"), after_fetching=True)
    (medium,), (problem,) = report.media, report.problems
    assert medium.file is not None
    assert medium.problem == problem
    assert (problem.stage, problem.code, problem.permanent) == ("fingerprint/0", "work_abandoned", True)
    assert "3 workers were lost, the last at the stage fingerprint/0" in problem.sentence
    assert f"verify retry {report.item_id}" in problem.sentence
    assert report.claim is not None
    assert report.finding.label is FindingLabel.NOT_RETRIEVABLE
    assert "work_abandoned" in report.finding.statement
    assert "Nothing was compared" in report.finding.limits[0]


def test_a_post_that_was_never_read_is_said_not_to_have_been(tool: Tool) -> None:
    address = "https://x.com/a/status/1230041268444889089"
    report = abandoned(tool, Submission(text=address), after_fetching=False)
    assert (str(report.post.key), report.post.state) == ("x:1230041268444889089", PostState.NOT_READ)
    assert report.media == ()
    assert report.problems[0].stage == "resolve"
    assert "The work ended before the post was read." in to_html(report, {})
