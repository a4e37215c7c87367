"""Two media laid against each other, ad hoc: is A in B, which seconds, turned how.

In: two files of the blob store. Out: a report of the usual shape with B as its only reference. Nothing
is added to the queue or to the reference set, and no date can be compared, so the finding says no more
than that the pictures match.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime

from verify.findings import decide
from verify.fingerprint import Fingerprint
from verify.matching import ReferenceIndex, match
from verify.model import (
    MediaFile,
    MediaReport,
    MediaRole,
    Post,
    PostKey,
    PostState,
    Provenance,
    Reference,
    Report,
)
from verify.pipeline.examine import Examination
from verify.pipeline.intake import FILE_PLATFORM
from verify.pipeline.parts import Parts, versions
from verify.store.references import reference_id


def compared(parts: Parts, query: MediaFile, reference: MediaFile) -> Report:
    """The report of `query` against `reference` alone. Raises MediaRejected, BlobMissing, StorageFull."""
    known = parts.examiner.examine(reference, for_index=True)
    asked = parts.examiner.examine(query)
    against = _as_reference(reference, known)
    media = _matched(parts, query, asked, against, known.fingerprint)
    post = _no_post(query)
    finding = decide(
        post,
        None,
        (media,),
        {against.id: against},
        reference_count=1,
        reference_digest=reference.sha256,
        relate=parts.relate,
    )
    return Report(
        item_id=f"compare-{secrets.token_hex(4)}",
        submitted=query.original_name or query.sha256,
        created_at=datetime.now(UTC),
        post=post,
        claim=None,
        media=(media,),
        references=(against,) if media.matches and media.matches.segments else (),
        finding=finding,
        reference_count=1,
        reference_digest=reference.sha256,
        versions=versions(parts.settings_digest),
    )


def _matched(
    parts: Parts, query: MediaFile, asked: Examination, against: Reference, known: Fingerprint
) -> MediaReport:
    index = ReferenceIndex.build([(against.id, known)], lambda _: known)
    result = match(
        asked.fingerprint,
        index,
        media_sha256=query.sha256,
        look_closer=parts.examiner.closer(query),
    )
    result = replace(result, reference_count=1, reference_digest=against.media.sha256)
    pictures = parts.examiner.side_by_side(query, result, {against.id: against.media})
    return MediaReport(
        role=MediaRole.OWN,
        index=0,
        file=query,
        decode=asked.decode,
        keyframes=parts.examiner.with_pictures(asked),
        exchange_hashes=asked.exchange_hashes,
        matches=parts.examiner.named_colours(result, pictures),
        pictures=pictures,
    )


def _as_reference(file: MediaFile, found: Examination) -> Reference:
    return Reference(
        id=reference_id(file.sha256),
        media=file,
        metadata=found.decode.metadata,
        provenance=Provenance(
            title=file.original_name or "the second medium", note="Given for this comparison only."
        ),
        added_at=datetime.now(UTC),
    )


def _no_post(query: MediaFile) -> Post:
    return Post(
        key=PostKey(platform=FILE_PLATFORM, id=query.sha256),
        url="",
        submitted=query.original_name or query.sha256,
        state=PostState.OK,
    )
