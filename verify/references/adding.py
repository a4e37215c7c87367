"""Footage into the reference set: a file or an address, with what is known of where it comes from.

In: the medium and its `Provenance`. Out: the `Reference`, and whether it is new: the same bytes twice
are one reference. A post's address adds each of its own media; its date, when the platform dates it,
is the publication date unless another one is given. Raises what resolving, fetching and decoding
raise, and InvalidProvenance; nothing is kept then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from verify.errors import PostWithoutMedia, VerifyError
from verify.fetch.download import Downloader
from verify.fingerprint import ALGORITHM
from verify.model import DateBasisKind, MediaFile, MediaRole, Post, Provenance, Reference
from verify.pipeline.examine import Examination, Examiner, Progress
from verify.pipeline.intake import Intake, is_path
from verify.pipeline.problems import error_of
from verify.posts.resolve import Resolver
from verify.references.provenance import checked
from verify.store.blobs import Blobs
from verify.store.references import Added, ReferencePicture, ReferenceStore, reference_id

PICTURES_KEPT = 4  # colour stills, spread over the medium, to recognise a reference by


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """A reference, and why it has no new fingerprint; "" when it has."""

    reference: Reference
    trouble: str = ""


def unwatched(_share: float | None) -> None:
    """A `Progress` that does not look."""


class ReferenceSet:
    """Adds to `store`; reading and removing is the store's own."""

    def __init__(
        self,
        store: ReferenceStore,
        blobs: Blobs,
        *,
        intake: Intake,
        resolver: Resolver,
        downloader: Downloader,
        examiner: Examiner,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._intake = intake
        self._resolver = resolver
        self._downloader = downloader
        self._examiner = examiner

    def add(self, source: str, provenance: Provenance, progress: Progress = unwatched) -> list[Added]:
        """The references made of `source`, a path or an address: one, or one for each medium of a post."""
        if is_path(source):
            return [self.add_medium(self._intake.take_file(Path(source)), provenance, progress)]
        post = self._resolver.resolve(source)
        refs = [ref for ref in post.media if ref.role in {MediaRole.OWN, MediaRole.PAGE}]
        if not refs:
            raise error_of(post) or PostWithoutMedia()
        known = _with_post(provenance, post)
        files = [self._downloader.download(ref, self._blobs)[0] for ref in refs]
        return [self.add_medium(file, known, progress) for file in files]

    def add_medium(self, file: MediaFile, provenance: Provenance, progress: Progress = unwatched) -> Added:
        """The reference made of a file that is already in the blob store."""
        checked(provenance)
        known = self._store.by_media(file.sha256)
        if known is not None:
            return Added(reference=known, is_new=False)
        found = self._examiner.examine(file, progress, for_index=True)
        reference = Reference(
            id=reference_id(file.sha256),
            media=file,
            metadata=found.decode.metadata,
            provenance=provenance,
            added_at=datetime.now(UTC),
        )
        fingerprints = {ALGORITHM: found.fingerprint.to_bytes()}
        return self._store.add(reference, fingerprints=fingerprints, pictures=self._pictures(file, found))

    def renew(self, progress: Progress = unwatched) -> Iterator[Renewed]:
        """Fingerprints the references anew that an earlier version fingerprinted, one at a time.

        One whose footage cannot be read, or is another desk's, is told with the reason and stays as it is.
        """
        for reference in self._store.unfingerprinted(ALGORITHM):
            try:
                found = self._examiner.examine(reference.media, progress, for_index=True)
            except VerifyError as error:
                yield Renewed(reference=reference, trouble=str(error))
                continue
            self._store.put_fingerprint(reference.id, ALGORITHM, found.fingerprint.to_bytes())
            yield Renewed(reference=reference)

    def _pictures(self, file: MediaFile, found: Examination) -> list[ReferencePicture]:
        times = [keyframe.time_us for keyframe in found.keyframes if not keyframe.dropped]
        step = max(1, len(times) // PICTURES_KEPT)
        stills = self._examiner.stills(file, times[::step][:PICTURES_KEPT])
        return [ReferencePicture(time_us=time_us, sha256=sha256) for time_us, sha256 in stills.items()]


def _with_post(provenance: Provenance, post: Post) -> Provenance:
    """Filled in from the post what was not given by hand."""
    known = replace(provenance, source_url=provenance.source_url or post.url)
    if known.first_seen or post.posted_at is None:
        return known
    return replace(known, first_seen=post.posted_at.isoformat(), first_seen_basis=DateBasisKind.PUBLICATION)
