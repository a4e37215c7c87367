"""The spine with real parts: what is kept, what resumes, what a failure leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.footage import render_video
from tests.web import Reply, Web, settings_for, web_server
from verify.errors import StorageFull
from verify.model import FindingLabel, ItemState, Provenance
from verify.pipeline import Submission
from verify.pipeline.desk import Desk
from verify.reports import from_json, to_json
from verify.settings import Settings
from verify.store.items import Item, ItemFilter, Lane, Lease
from verify.store.ledger import Ledger
from verify.wiring import Tool, opened

STAGES = ["resolve", "fetch", "screen/0", "fingerprint/0", "match/0", "find"]


class Killed(KeyboardInterrupt):
    """The process is interrupted here."""


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as server:
        yield server


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    render_video(folder / "old.mp4", seed=1, seconds=6)
    render_video(folder / "piece.mp4", seed=1, start=1.0, seconds=3, mirror=True, options={"crf": "30"})
    return folder


@pytest.fixture
def settings(web: Web, tmp_path: Path) -> Settings:
    return settings_for(web, tmp_path / "home", sandbox="rlimit", fetch_tries=1)


@pytest.fixture
def tool(settings: Settings, clips: Path) -> Iterator[Tool]:
    with opened(settings) as made:
        made.reference_set.add(str(clips / "old.mp4"), Provenance(title="old"))
        yield made


@pytest.fixture
def submission(web: Web, clips: Path) -> Submission:
    web.routes["/a.mp4"] = Reply(body=(clips / "piece.mp4").read_bytes())
    return Submission(text=f"{web.url}/a.mp4", claim="M60T at Al-Nayrab")


def take(tool: Tool, submission: Submission, *, recheck: bool = False) -> Lease:
    lease = Desk(tool.parts, worker="test").take(tool.intake.request(submission), recheck=recheck)
    assert isinstance(lease, Lease)
    return lease


def finished(tool: Tool, item: Item) -> dict[str, Any]:
    """The report of an item, without what must differ between two checks."""
    kept = tool.parts.ledger.report(item.id)
    assert kept is not None
    report: dict[str, Any] = json.loads(kept.json)
    for attempt in report["post"]["attempts"]:
        del attempt["started_at"], attempt["ended_at"]
    del report["item_id"], report["created_at"]
    return report


def test_an_item_ends_done_with_one_report(tool: Tool, submission: Submission) -> None:
    item = tool.pipeline.check(take(tool, submission))
    assert item.state is ItemState.DONE
    assert item.finding is not None
    assert len(tool.parts.ledger.reports(item.id)) == 1
    (medium,) = finished(tool, item)["media"]
    assert medium["matches"]["segments"][0]["orientation"] == "mirrored"
    assert medium["pictures"]


def test_an_item_that_ends_while_it_is_asked_for_is_not_done_again(
    tool: Tool, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim waits for the writer that ends the item, and is refused for that."""
    lease = take(tool, submission)
    claim = Ledger.claim

    def late_claim(ledger: Ledger, **asked: Any) -> Lease | None:
        tool.pipeline.check(lease)
        return claim(ledger, **asked)

    monkeypatch.setattr(Ledger, "claim", late_claim)
    taken = Desk(tool.parts, worker="second").take(tool.intake.request(submission))
    assert isinstance(taken, Item)
    assert taken.state is ItemState.DONE
    assert len(tool.parts.ledger.reports(taken.id)) == 1


@pytest.mark.parametrize("last", STAGES)
def test_an_interrupt_after_any_stage_resumes_at_the_next(
    last: str, tool: Tool, submission: Submission, web: Web
) -> None:
    def interrupt(stage: str, progress: float | None) -> None:
        if stage == last and progress == 1.0:
            raise Killed

    lease = take(tool, submission)
    with pytest.raises(Killed):
        tool.pipeline.check(lease, watch=interrupt)
    assert tool.parts.ledger.get(lease.item.id).state is ItemState.QUEUED

    begun: list[str] = []
    again = take(tool, submission)
    item = tool.pipeline.check(again, watch=lambda stage, at: begun.append(stage) if at is None else None)
    assert item.id == lease.item.id
    assert item.state is ItemState.DONE
    assert begun == STAGES[STAGES.index(last) + 1 :]
    uninterrupted = tool.pipeline.check(take(tool, submission, recheck=True))
    assert finished(tool, item) == finished(tool, uninterrupted)


def test_the_same_twice_is_the_same_byte_for_byte_but_for_times(tool: Tool, submission: Submission) -> None:
    first = tool.pipeline.check(take(tool, submission))
    second = tool.pipeline.check(take(tool, submission, recheck=True))
    assert finished(tool, first) == finished(tool, second)


def test_a_failing_server_postpones_the_item_and_keeps_what_was_made(
    tool: Tool, submission: Submission, web: Web
) -> None:
    good = web.routes["/a.mp4"]
    web.routes["/a.mp4"] = Reply(status=503)
    lease = take(tool, submission)
    item = tool.pipeline.check(lease)
    assert (item.state, item.retries, item.error_code) == (ItemState.QUEUED, 1, "server_failed")
    web.routes["/a.mp4"] = good


def test_on_the_last_try_a_failing_server_ends_in_a_report(
    tool: Tool, submission: Submission, web: Web
) -> None:
    web.routes["/a.mp4"] = Reply(status=503)
    item = tool.pipeline.check(take(tool, submission), last_try=True)
    assert (item.state, item.error_code) == (ItemState.FAILED, "server_failed")
    assert item.finding is FindingLabel.NOT_RETRIEVABLE
    assert finished(tool, item)["media"][0]["problem"]["permanent"] is False


def test_a_failed_item_is_fetched_again_when_asked_for_again(
    tool: Tool, submission: Submission, web: Web
) -> None:
    good = web.routes.pop("/a.mp4")
    failed = tool.pipeline.check(take(tool, submission), last_try=True)
    assert failed.state is ItemState.FAILED
    web.routes["/a.mp4"] = good
    item = tool.pipeline.check(take(tool, submission), last_try=True)
    assert item.id == failed.id
    assert item.state is ItemState.DONE


def test_a_full_disk_loses_nothing(settings: Settings, tool: Tool, submission: Submission) -> None:
    full = settings.model_copy(update={"free_disk_bytes": 2**62})
    with opened(full) as cramped:
        lease = take(cramped, submission)
        with pytest.raises(StorageFull):
            cramped.pipeline.check(lease, last_try=True)
    assert tool.parts.ledger.get(lease.item.id).state is ItemState.QUEUED
    item = tool.pipeline.check(take(tool, submission))
    assert item.id == lease.item.id
    assert item.state is ItemState.DONE


def test_a_blob_that_was_lost_is_fetched_and_made_again(tool: Tool, submission: Submission, web: Web) -> None:
    def interrupt(stage: str, progress: float | None) -> None:
        if stage == "fingerprint/0" and progress == 1.0:
            raise Killed

    with pytest.raises(Killed):
        tool.pipeline.check(take(tool, submission), watch=interrupt)
    reference = tool.parts.references.list()[0].media.sha256
    for name, _ in list(tool.parts.blobs.names()):
        if name != reference:
            tool.parts.blobs.remove(name)
    item = tool.pipeline.check(take(tool, submission))
    assert item.state is ItemState.DONE
    assert web.paths.count("/a.mp4") == 2
    assert finished(tool, item)["media"][0]["matches"]["segments"]


def test_a_cancelled_item_stops_at_its_next_stage(tool: Tool, submission: Submission) -> None:
    lease = take(tool, submission)

    def cancel(stage: str, progress: float | None) -> None:
        if stage == "fetch" and progress is None:
            tool.parts.ledger.cancel(lease.item.id)

    item = tool.pipeline.check(lease, watch=cancel)
    assert item.state is ItemState.CANCELLED


def test_a_changed_reference_set_is_searched_anew_without_fetching(
    tool: Tool, submission: Submission, web: Web
) -> None:
    first = tool.pipeline.check(take(tool, submission))
    (reference,) = tool.parts.references.list()
    tool.parts.references.remove(reference.id)
    second = tool.pipeline.check(take(tool, submission))
    assert second.id == first.id
    assert second.finding is FindingLabel.NO_MATCH_IN_REFERENCE_SET
    assert web.paths.count("/a.mp4") == 1
    assert len(tool.parts.ledger.reports(first.id)) == 2


def test_every_report_survives_its_own_json(tool: Tool, submission: Submission) -> None:
    item = tool.pipeline.check(take(tool, submission))
    kept = tool.parts.ledger.report(item.id)
    assert kept is not None
    assert to_json(from_json(kept.json)) == kept.json


def test_the_index_files_can_be_deleted_at_any_time(
    settings: Settings, tool: Tool, submission: Submission
) -> None:
    first = tool.pipeline.check(take(tool, submission))
    index = settings.home / "index"
    for file in index.rglob("*.*"):
        file.write_bytes(b"damaged")
    with opened(settings) as fresh:
        second = fresh.pipeline.check(take(fresh, submission, recheck=True))
        assert finished(fresh, second) == finished(tool, first)


ARTICLE = b"""<!doctype html><title>Tanks</title><article><p>Seen on Thursday.</p>
<blockquote class="twitter-tweet"><p>M60T at Al-Nayrab</p>
<a href="https://twitter.com/a/status/1230404217861046272">February 20, 2020</a></blockquote></article>"""


def test_the_posts_of_an_article_are_queued_once(tool: Tool, web: Web) -> None:
    web.routes["/news.html"] = Reply(body=ARTICLE, headers={"Content-Type": "text/html"})
    article = Submission(text=f"{web.url}/news.html", claim="tanks at Idlib")
    page = tool.pipeline.check(take(tool, article), last_try=True)
    assert (page.state, page.error_code) == (ItemState.FAILED, "post_without_media")
    tool.pipeline.check(take(tool, article, recheck=True), last_try=True)
    (child,) = tool.parts.ledger.list(ItemFilter(key="x:1230404217861046272"))
    assert child.state is ItemState.QUEUED
    assert child.claim == "tanks at Idlib"
    assert article.text in child.note


def test_a_worker_of_the_network_queues_them_too_and_hands_the_page_on(tool: Tool, web: Web) -> None:
    web.routes["/news.html"] = Reply(body=ARTICLE, headers={"Content-Type": "text/html"})
    page = tool.pipeline.acquire(take(tool, Submission(text=f"{web.url}/news.html")))
    assert (page.state, page.lane) == (ItemState.QUEUED, Lane.ANALYSE)
    assert tool.parts.ledger.list(ItemFilter(key="x:1230404217861046272"))
