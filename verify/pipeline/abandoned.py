"""The report of an item that nobody could finish: what is known of it, and that nothing was compared.

In: an item whose workers vanished for the last time. Out: its report, "not retrievable", with the stage
at which the work was lost and what to do; the post and the files that earlier stages kept are in it. It
refuses nothing: what was not read is said to be so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from verify.errors import WorkAbandoned
from verify.findings.absence import decide_without_match
from verify.model import MediaReport, Post, PostKey, PostState, Problem, Report
from verify.pipeline.parts import CODE_VERSION, ReadClaim, versions
from verify.pipeline.problems import problem
from verify.pipeline.records import Acquired, Resolved, Stage
from verify.reports import to_json
from verify.store import codec
from verify.store.items import Item, WrittenReport
from verify.store.views import ItemViews

T = TypeVar("T")


class AbandonedReports:
    """Writes them from what the ledger of `views` keeps."""

    def __init__(self, views: ItemViews, *, read_claim: ReadClaim, settings_digest: str) -> None:
        self._views = views
        self._read_claim = read_claim
        self._settings_digest = settings_digest

    def __call__(self, item: Item, error: WorkAbandoned) -> WrittenReport:
        """Raises StorageBusy."""
        resolved = self._kept(item, Stage.RESOLVE, Resolved)
        acquired = self._kept(item, Stage.FETCH, Acquired)
        lost = problem(item.stage or Stage.RESOLVE, error)
        post = resolved.post if resolved else _unread(item)
        if acquired:
            post = replace(post, attempts=(*post.attempts, *acquired.attempts))
        report = Report(
            item_id=item.id,
            submitted=item.submitted,
            created_at=datetime.now(UTC),
            post=post,
            claim=self._read_claim(post, item.claim),
            media=_unexamined(acquired, lost),
            references=(),
            finding=decide_without_match(
                post, (), leads=(), hosted=(), searched=(0, ""), notes=(), problem=lost
            ),
            problems=(lost,),
            note=item.note,
            versions=versions(self._settings_digest),
        )
        return WrittenReport(json=to_json(report), code_version=CODE_VERSION)

    def _kept(self, item: Item, stage: Stage, kind: type[T]) -> T | None:
        stored = self._views.checkpoint(item.id, stage, CODE_VERSION)
        return None if stored is None else codec.load(kind, stored)


def _unread(item: Item) -> Post:
    platform, _, name = item.key.partition(":")
    return Post(
        key=PostKey(platform=platform, id=name), url="", submitted=item.submitted, state=PostState.NOT_READ
    )


def _unexamined(acquired: Acquired | None, lost: Problem) -> tuple[MediaReport, ...]:
    return tuple(
        MediaReport(role=medium.role, index=medium.index, file=medium.file, problem=medium.problem or lost)
        for medium in (acquired.media if acquired else ())
    )
