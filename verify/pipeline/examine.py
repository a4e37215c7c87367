"""Bytes to fingerprint, and the pictures that a report shows: everything that decodes.

In: a file of the blob store. Out: its `Fingerprint` with what the decoder said of it, and colour
stills of frame pairs, stored as blobs. Raises what the decoder raises (MediaRejected), BlobMissing,
StorageFull.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from verify.errors import BlobMissing, BrokenMedia, MediaRejected, PermanentError
from verify.fingerprint import THUMBNAIL_SIDE, Closeup, Fingerprint, closeup, exchange_hashes, fingerprint
from verify.fingerprint.quality import USABLE_QUALITY
from verify.fingerprint.record import decode_grey
from verify.matching import FRAMES_PER_SECOND, LookCloser
from verify.matching.colours import recoloured
from verify.media.decoder import Decoder, MediaSession
from verify.media.plan import FrameMode, FramePlan
from verify.model import (
    DecodeOutcome,
    Frame,
    FramePair,
    KeyframeRecord,
    MatchKind,
    MatchResult,
    MatchSegment,
    MediaFile,
    MediaKind,
    MediaMetadata,
    SideBySide,
    Span,
)
from verify.store.blobs import Blobs

STILL_SIDE = 640  # pixels, long side: two fit a page side by side
PAIRS_SHOWN = 9  # of each segment, from its beginning to its end: enough to step through it
KEYFRAMES_SHOWN = 12  # of each medium: to recognise it by, and to search for elsewhere
SEGMENTS_SHOWN = 12  # of each medium, so that a long compilation still makes a readable page

#: What a fingerprint of self-contained pictures settles, or None.
Settle = Callable[[Fingerprint], MatchResult | None]

#: Whether they may still settle it after one more of them, each asked about in order of time.
Promises = Callable[[Frame], bool]

Progress = Callable[[float | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What decoding one medium gave."""

    fingerprint: Fingerprint
    decode: DecodeOutcome
    keyframes: tuple[KeyframeRecord, ...]
    exchange_hashes: tuple[tuple[str, str], ...]


class Examiner:
    """Decodes with `decoder` what lies in `blobs`."""

    def __init__(self, decoder: Decoder, blobs: Blobs, plan: FramePlan | None = None) -> None:
        self._decoder = decoder
        self._blobs = blobs
        self._plan = plan or FramePlan()

    def examine(
        self, file: MediaFile, progress: Progress = lambda _share: None, *, for_index: bool = False
    ) -> Examination:
        """The fingerprint of `file`, a query or a reference `for_index`, and what goes into the report."""
        with self._decoder.open(self._blobs.path(file.sha256), file.kind) as session:
            return _read(session, file.kind, self._plan, progress, for_index=for_index)

    def screen(
        self,
        file: MediaFile,
        settle: Settle,
        promises: Promises,
        progress: Progress = lambda _share: None,
    ) -> tuple[Examination, MatchResult | None]:
        """What the video's self-contained pictures settle; where they do not, the whole examination.

        One decoder child for both, as its start is a part of what a short clip costs; another only where
        the pictures were not read to the end, because they did not promise anything.
        """
        with self._decoder.open(self._blobs.path(file.sha256), file.kind) as session:
            if file.kind is MediaKind.VIDEO:
                plan = replace(self._plan, mode=FrameMode.INTRA)
                with suppress(_NoPromiseError):
                    glance = _read(session, file.kind, plan, progress, promises=promises)
                    settled = settle(glance.fingerprint)
                    if settled is not None:
                        return glance, settled
            return _read(session, file.kind, self._plan, progress), None

    def closer(self, file: MediaFile) -> LookCloser | None:
        """How the search sees a few seconds of a video, 24 frames of each; None for what is no video."""

        def look(span: Span) -> Closeup:
            plan = FramePlan(per_second=FRAMES_PER_SECOND, long_side=THUMBNAIL_SIDE, span=span)
            try:
                with self._decoder.frames(self._blobs.path(file.sha256), file.kind, plan) as stream:
                    return closeup(stream)
            except (MediaRejected, BlobMissing):  # what was found stands as it is
                return closeup(())

        return look if file.kind is MediaKind.VIDEO else None

    def with_pictures(self, found: Examination) -> tuple[KeyframeRecord, ...]:
        """The keyframes, up to KEYFRAMES_SHOWN of them, spread over the medium, with a stored picture."""
        distinct = found.fingerprint.keyframes.tolist()
        step = -(-len(distinct) // KEYFRAMES_SHOWN) or 1
        shown = {
            frame: self._blobs.put(found.fingerprint.pictures[place])
            for place, frame in list(enumerate(distinct))[::step]
        }
        return tuple(
            replace(keyframe, jpeg_sha256=shown.get(number, ""))
            for number, keyframe in enumerate(found.keyframes)
        )

    def stills(self, file: MediaFile, times_us: Iterable[int]) -> Mapping[int, str]:
        """The sha256 of a colour JPEG in the blob store for each of `times_us`."""
        wanted = sorted(set(times_us))
        found = self._decoder.stills(self._blobs.path(file.sha256), file.kind, wanted, STILL_SIDE)
        names = [self._blobs.put(still.jpeg) for still in found]
        return dict(zip(wanted, names, strict=False))  # a broken file may give fewer

    def side_by_side(
        self, file: MediaFile, result: MatchResult, references: Mapping[str, MediaFile]
    ) -> tuple[SideBySide, ...]:
        """The frame pairs a report shows, with their pictures; pairs whose picture is lost are left out."""
        pairs = [
            (segment.reference_id, pair)
            for segment in result.segments[:SEGMENTS_SHOWN]
            if segment.reference_id in references
            for pair in shown_pairs(segment)
        ]
        query = self._stills_or_none(file, [pair.query_us for _, pair in pairs])
        known = {
            name: self._stills_or_none(
                references[name], [pair.reference_us for owner, pair in pairs if owner == name]
            )
            for name in {owner for owner, _ in pairs}
        }
        return tuple(
            SideBySide(
                reference_id=owner,
                query_us=pair.query_us,
                reference_us=pair.reference_us,
                query_jpeg_sha256=query[pair.query_us],
                reference_jpeg_sha256=known[owner][pair.reference_us],
            )
            for owner, pair in pairs
            if pair.query_us in query and pair.reference_us in known[owner]
        )

    def named_colours(self, result: MatchResult, pictures: Sequence[SideBySide]) -> MatchResult:
        """The result with what became of the colours of each copy whose frame pairs have `pictures`."""
        return replace(
            result, segments=tuple(self._with_colours(segment, pictures) for segment in result.segments)
        )

    def _with_colours(self, segment: MatchSegment, pictures: Sequence[SideBySide]) -> MatchSegment:
        if segment.kind is not MatchKind.COPY or segment.geometry is None:
            return segment
        wanted = {(pair.query_us, pair.reference_us) for pair in shown_pairs(segment)}
        shown = [
            (one.query_jpeg_sha256, one.reference_jpeg_sha256)
            for one in pictures
            if one.reference_id == segment.reference_id and (one.query_us, one.reference_us) in wanted
        ]
        ends = shown[:: max(len(shown) - 1, 1)]  # the first and the last tell as much as all
        if segment.geometry.path:  # its map is that of the middle
            ends = shown[len(shown) // 2 :][:1]
        try:
            jpegs = [(self._blobs.read(query), self._blobs.read(known)) for query, known in ends]
            change = recoloured(jpegs, segment.geometry)
        except BlobMissing:  # the match stands without its picture
            return segment
        return replace(segment, transforms=(*segment.transforms, change)) if change else segment

    def _stills_or_none(self, file: MediaFile, times_us: Sequence[int]) -> Mapping[int, str]:
        try:
            return self.stills(file, times_us) if times_us else {}
        except (PermanentError, BlobMissing):  # the match stands without its picture
            return {}


def shown_pairs(segment: MatchSegment) -> tuple[FramePair, ...]:
    """The first and the last frame pair of a segment, and others evenly between them."""
    pairs = segment.pairs
    if len(pairs) <= PAIRS_SHOWN:
        return pairs
    return tuple(pairs[round(place * (len(pairs) - 1) / (PAIRS_SHOWN - 1))] for place in range(PAIRS_SHOWN))


def keyframe_records(print_: Fingerprint) -> tuple[KeyframeRecord, ...]:
    """Every sampled frame with its hash, or why it takes no part in the search."""
    return tuple(
        KeyframeRecord(time_us=int(time_us), phash=code.tobytes().hex(), quality=int(quality))
        if quality >= USABLE_QUALITY
        else KeyframeRecord(time_us=int(time_us), phash="", quality=int(quality), dropped="flat")
        for time_us, code, quality in zip(print_.times_us, print_.codes[:, 0], print_.quality, strict=True)
    )


class _NoPromiseError(Exception):
    """The self-contained pictures will not settle it."""


def _read(
    session: MediaSession,
    kind: MediaKind,
    plan: FramePlan,
    progress: Progress,
    *,
    for_index: bool = False,
    promises: Promises | None = None,
) -> Examination:
    with session.frames(plan) as stream:
        print_ = fingerprint(
            _watched(_promising(stream, promises) if promises else stream, stream.metadata, progress),
            kind=kind,
            duration_us=stream.metadata.duration_us,
            for_index=for_index,
        )
        outcome = stream.outcome
    return Examination(
        # An animation's length, and that of a video whose header states none, is known at its end.
        fingerprint=replace(print_, duration_us=outcome.metadata.duration_us),
        decode=outcome,
        keyframes=keyframe_records(print_),
        exchange_hashes=exchange_hashes(decode_grey(print_.pictures[0])),
    )


def _promising(frames: Iterable[Frame], promises: Promises) -> Iterator[Frame]:
    for frame in frames:
        if not promises(frame):
            raise _NoPromiseError
        yield frame


def _watched(frames: Iterable[Frame], metadata: MediaMetadata, progress: Progress) -> Iterator[Frame]:
    empty = True
    for frame in frames:
        empty = False
        progress(min(1.0, frame.time_us / metadata.duration_us) if metadata.duration_us else None)
        yield frame
    if empty:
        raise BrokenMedia("no picture could be decoded")
