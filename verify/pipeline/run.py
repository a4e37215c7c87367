"""The stages of one item, in order; each one's result is kept, so a restart resumes at the last arrow.

In: an item and the parts to work with. Out: its `Report`. What a stage makes is kept under (item,
stage, code version), and where it depends on the reference set under that set's digest too, so that a
changed set is searched anew. A medium that cannot be had or read becomes a problem in the report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from verify.errors import BlobMissing, MediaRejected, NotInReferenceSet
from verify.findings import decide
from verify.fingerprint import Fingerprint
from verify.matching import Prospect, match, screen
from verify.model import MatchResult, MediaFile, MediaReport, Post, Problem, Reference, Report
from verify.pipeline.children import child_requests
from verify.pipeline.desk import asked_before
from verify.pipeline.examine import Examination
from verify.pipeline.parts import CODE_VERSION, Parts, SearchedSet, versions
from verify.pipeline.problems import error_of, problem
from verify.pipeline.records import (
    Acquired,
    Concluded,
    Examined,
    Matched,
    Medium,
    Resolved,
    Screened,
    Spawned,
    Stage,
)
from verify.store import codec
from verify.store.items import Lease, NewItem

T = TypeVar("T")

#: Hears of a stage ("fetch", "match/0") and its progress: 0..1, or None when that cannot be told.
Watch = Callable[[str, float | None], None]


class Run:
    """One attempt at one item."""

    def __init__(self, parts: Parts, lease: Lease, *, last_try: bool, watch: Watch) -> None:
        self._parts = parts
        self._lease = lease
        self._last_try = last_try
        self._watch = watch
        self._found: dict[str, Examination] = {}  # by fingerprint stage, between the screen and that stage

    def report(self) -> Report:
        resolved = self._resolved()
        acquired = self._acquired(resolved)
        searched = self._parts.searched_set()
        media = tuple(
            self._examined(number, medium, searched) for number, medium in enumerate(acquired.media)
        )
        return self._concluded(resolved, acquired, media, searched)

    def acquire(self) -> None:
        """The stages that need the network; what they make is kept for whoever goes on."""
        self._acquired(self._resolved())

    # --- the stages ---------------------------------------------------------------------------

    def _resolved(self) -> Resolved:
        resolved = self._kept(Stage.RESOLVE, Resolved, self._resolve)
        wanted = child_requests(resolved.post, self._lease.item)
        if wanted:
            self._kept(Stage.CHILDREN, Spawned, lambda: self._spawn(wanted))
        return resolved

    def _spawn(self, wanted: Iterable[NewItem]) -> Spawned:
        ledger = self._parts.ledger
        items = [asked_before(ledger, request) or ledger.enqueue(request) for request in wanted]
        return Spawned(item_ids=tuple(item.id for item in items))

    def _resolve(self) -> Resolved:
        return self._parts.acquirer.resolve(self._lease.item, last_try=self._last_try)

    def _acquired(self, resolved: Resolved) -> Acquired:
        if resolved.problem is not None:
            return Acquired(media=())
        acquirer = self._parts.acquirer

        def fetch() -> Acquired:
            return acquirer.fetch(self._lease.item, resolved.post, last_try=self._last_try)

        kept = self._kept(Stage.FETCH, Acquired, fetch)
        # Blobs may have been collected or damaged since: what the checkpoint names is then fetched again.
        return kept if acquirer.is_complete(kept) else fetch()

    def _examined(self, number: int, medium: Medium, searched: SearchedSet) -> MediaReport:
        report = MediaReport(role=medium.role, index=medium.index, file=medium.file, problem=medium.problem)
        file = medium.file
        if file is None:
            return report
        examined, settled = self._looked_at(number, file, searched)
        report = replace(
            report,
            decode=examined.decode,
            keyframes=examined.keyframes,
            exchange_hashes=examined.exchange_hashes,
            problem=examined.problem,
        )
        if examined.problem is not None:
            return report
        matched = settled or self._kept(
            f"{Stage.MATCH}/{number}",
            Matched,
            lambda: self._match(file, examined, searched),
            under=searched.digest,
        )
        credentials = self._parts.read_credentials(self._parts.blobs.path(file.sha256), file.mime)
        return replace(report, matches=matched.result, pictures=matched.pictures, credentials=credentials)

    def _looked_at(
        self, number: int, file: MediaFile, searched: SearchedSet
    ) -> tuple[Examined, Matched | None]:
        """The examination of a medium, with its matches where the screen settled them."""
        stage = f"{Stage.FINGERPRINT}/{number}"
        if not self._is_kept(stage):
            screened = self._kept(
                f"{Stage.SCREEN}/{number}",
                Screened,
                lambda: self._screen(stage, file, searched),
                under=searched.digest,
            )
            if screened.examined is not None:
                return screened.examined, screened.matched
        return self._kept(stage, Examined, lambda: self._fingerprint(stage, file)), None

    def _screen(self, stage: str, file: MediaFile, searched: SearchedSet) -> Screened:
        try:
            found, settled = self._parts.examiner.screen(
                file,
                lambda glance: screen(glance, searched.index, media_sha256=file.sha256),
                Prospect(searched.index),
                lambda share: self._watch(stage, share),
            )
        except MediaRejected as error:
            return Screened(examined=Examined(problem=problem(Stage.FINGERPRINT, error)))
        if settled is None:
            self._found[stage] = found
            return Screened()
        return Screened(examined=self._as_examined(found), matched=self._matched(file, settled, searched))

    def _fingerprint(self, stage: str, file: MediaFile) -> Examined:
        try:
            found = self._found.pop(stage, None) or self._parts.examiner.examine(
                file, lambda share: self._watch(stage, share)
            )
        except MediaRejected as error:
            return Examined(problem=problem(Stage.FINGERPRINT, error))
        return self._as_examined(found)

    def _as_examined(self, found: Examination) -> Examined:
        return Examined(
            decode=found.decode,
            keyframes=self._parts.examiner.with_pictures(found),
            exchange_hashes=found.exchange_hashes,
            fingerprint_sha256=self._parts.blobs.put(found.fingerprint.to_bytes()),
        )

    def _match(self, file: MediaFile, examined: Examined, searched: SearchedSet) -> Matched:
        try:
            print_ = Fingerprint.from_bytes(self._parts.blobs.read(examined.fingerprint_sha256))
        except BlobMissing:  # collected or damaged since
            print_ = self._parts.examiner.examine(file).fingerprint
        found = match(
            print_,
            searched.index,
            media_sha256=file.sha256,
            look_closer=self._parts.examiner.closer(file),
        )
        return self._matched(file, found, searched)

    def _matched(self, file: MediaFile, result: MatchResult, searched: SearchedSet) -> Matched:
        result = replace(result, reference_count=searched.count, reference_digest=searched.digest)
        references = self._references(segment.reference_id for segment in result.segments)
        files = {reference.id: reference.media for reference in references}
        pictures = self._parts.examiner.side_by_side(file, result, files)
        return Matched(result=self._parts.examiner.named_colours(result, pictures), pictures=pictures)

    def _concluded(
        self, resolved: Resolved, acquired: Acquired, media: tuple[MediaReport, ...], searched: SearchedSet
    ) -> Report:
        post = replace(resolved.post, attempts=(*resolved.post.attempts, *acquired.attempts))
        references = self._references(
            segment.reference_id for medium in media if medium.matches for segment in medium.matches.segments
        )
        concluded = self._kept(
            Stage.FIND,
            Concluded,
            lambda: self._find(post, media, references, searched, resolved.problem),
            under=searched.digest,
        )
        return Report(
            item_id=self._lease.item.id,
            submitted=self._lease.item.submitted,
            created_at=datetime.now(UTC),
            post=post,
            claim=concluded.claim,
            media=media,
            references=references,
            finding=concluded.finding,
            problems=_problems(resolved),
            note=self._lease.item.note,
            reference_count=searched.count,
            reference_digest=searched.digest,
            versions=versions(self._parts.settings_digest),
        )

    def _find(
        self,
        post: Post,
        media: tuple[MediaReport, ...],
        references: tuple[Reference, ...],
        searched: SearchedSet,
        unresolved: Problem | None,
    ) -> Concluded:
        claim = self._parts.read_claim(post, self._lease.item.claim)
        finding = decide(
            post,
            claim,
            media,
            {reference.id: reference for reference in references},
            reference_count=searched.count,
            reference_digest=searched.digest,
            relate=self._parts.relate,
            problem=unresolved,
        )
        return Concluded(claim=claim, finding=finding)

    # --- keeping ------------------------------------------------------------------------------

    def _kept(self, stage: str, kind: type[T], make: Callable[[], T], *, under: str = "") -> T:
        """What the stage made in an earlier attempt, or makes now; `under` is what else it depends on."""
        ledger, item_id = self._parts.ledger, self._lease.item.id
        version = f"{CODE_VERSION} {under[:16]}".rstrip()
        stored = ledger.checkpoint(item_id, stage, version)
        if stored is None:
            self._watch(stage, None)
            made = make()
            ledger.put_checkpoint(self._lease, stage, version, codec.dump(made))
        else:
            made = codec.load(kind, stored)
        self._watch(stage, 1.0)
        return made

    def _is_kept(self, stage: str) -> bool:
        return self._parts.ledger.checkpoint(self._lease.item.id, stage, CODE_VERSION) is not None

    def _references(self, identifiers: Iterable[str]) -> tuple[Reference, ...]:
        """Those still in the set, in a fixed order: one may have been removed since the search."""
        found = []
        for identifier in sorted(set(identifiers)):
            with suppress(NotInReferenceSet):
                found.append(self._parts.references.get(identifier))
        return tuple(found)


def _problems(resolved: Resolved) -> tuple[Problem, ...]:
    if resolved.problem is not None:
        return (resolved.problem,)
    error = error_of(resolved.post)
    return (problem(Stage.RESOLVE, error),) if error else ()
