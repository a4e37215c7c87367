"""A `Report` in, the same facts in the order and groups of the page out.

Pure. Adds only what a page needs: letters for references, anchors, the timeline, the frame pairs of
each segment, the CSS that lays a reference frame over a query frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from verify.model import (
    Claim,
    Judgement,
    MatchSegment,
    MediaMetadata,
    MediaReport,
    Orientation,
    Reference,
    Report,
    SideBySide,
)
from verify.reports import mentions, outline, words
from verify.reports.timeline import Timeline, timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceView:
    reference: Reference
    letter: str
    colour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentView:
    segment: MatchSegment
    number: int  #: within its medium, from 1
    anchor: str
    letter: str
    colour: int
    title: str
    reference_shape: MediaMetadata | None
    changes: str
    pairs: tuple[SideBySide, ...]
    judgements: tuple[Judgement, ...]  #: what people said of this match, oldest first

    @property
    def query_outline(self) -> str:
        """SVG points in thousandths; empty without geometry."""
        return _points(outline.frame_on_query(self.segment))

    @property
    def reference_outline(self) -> str:
        """The same on the reference."""
        return _points(outline.frame_on_reference(self.segment))

    @property
    def moments_us(self) -> tuple[int, ...]:
        """Times of the query at which it is known where its picture lies, if that moves."""
        return tuple(place.query_us for place in self.segment.geometry.path) if self.segment.geometry else ()

    def moment(self, query_us: int) -> str:
        """The CSS class of what lies as it does at a time of the query; empty where nothing moves."""
        nearest = min(enumerate(self.moments_us), key=lambda one: abs(one[1] - query_us), default=None)
        return f"at-{nearest[0]}" if nearest else ""

    def at(self, query_us: int) -> SegmentView:
        """The segment as its picture lies at a time of the query."""
        return replace(self, segment=outline.at(self.segment, query_us))

    @property
    def turned(self) -> str:
        return words.turned(self.segment.orientation)

    @property
    def is_turned(self) -> bool:
        return self.segment.orientation is not Orientation.UPRIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaView:
    media: MediaReport
    anchor: str
    title: str
    timeline: Timeline | None
    segments: tuple[SegmentView, ...]
    loose_pairs: tuple[SideBySide, ...]  #: frame pairs that belong to no segment


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    report: Report
    media: tuple[MediaView, ...]
    references: tuple[ReferenceView, ...]
    letters: dict[str, str]
    pieces: tuple[mentions.Piece, ...]
    readings: tuple[mentions.Reading, ...]
    judgements: tuple[Judgement, ...]  #: ratings and notes on the whole, oldest first
    placing: dict[str, str]  #: CSS of each segment by its anchor: how its reference lies over its query

    @property
    def rules(self) -> str:
        """CSS of this report alone."""
        return "\n".join(self.placing.values())

    @property
    def has_pictures(self) -> bool:
        return any(
            one.media.pictures or any(keyframe.jpeg_sha256 for keyframe in one.media.keyframes)
            for one in self.media
        )


def view(report: Report, judgements: Sequence[Judgement] = ()) -> ReportView:
    """The report as the page shows it, with what people said of it kept apart."""
    matched = _Matched(report, judgements)
    media = tuple(_media(number, one, matched) for number, one in enumerate(report.media, 1))
    claim = report.claim or Claim(text="", source="post")
    return ReportView(
        report=report,
        media=media,
        references=tuple(matched.shown(one) for one in report.references),
        letters={key: words.letter(position) for key, position in matched.colours.items()},
        pieces=mentions.pieces(claim),
        readings=mentions.readings(claim),
        judgements=tuple(said for said in judgements if not said.reference_id),
        placing={
            segment.anchor: _placing(segment, one.media, matched.known)
            for one in media
            for segment in one.segments
        },
    )


class _Matched:
    """The references of one report: by id, and in order (those described first) for letters and colours."""

    def __init__(self, report: Report, judgements: Sequence[Judgement]) -> None:
        self.judgements = judgements
        self.known = {reference.id: reference for reference in report.references}
        named = (
            segment.reference_id for one in report.media if one.matches for segment in one.matches.segments
        )
        self.colours = {key: position for position, key in enumerate(dict.fromkeys([*self.known, *named]))}

    def shown(self, reference: Reference) -> ReferenceView:
        colour = self.colours[reference.id]
        return ReferenceView(reference=reference, letter=words.letter(colour), colour=colour)


def _media(number: int, media: MediaReport, matched: _Matched) -> MediaView:
    anchor = f"m{number}"
    segments = tuple(
        _segment(anchor, position, segment, media, matched)
        for position, segment in enumerate(media.matches.segments if media.matches else (), 1)
    )
    placed = {id(pair) for segment in segments for pair in segment.pairs}
    return MediaView(
        media=media,
        anchor=anchor,
        title=words.media_title(media),
        timeline=timeline(media, matched.known, matched.colours),
        segments=segments,
        loose_pairs=tuple(pair for pair in media.pictures if id(pair) not in placed),
    )


def _segment(
    medium: str, number: int, segment: MatchSegment, media: MediaReport, matched: _Matched
) -> SegmentView:
    reference = matched.known.get(segment.reference_id)
    colour = matched.colours[segment.reference_id]
    return SegmentView(
        segment=segment,
        number=number,
        anchor=f"{medium}s{number}",
        letter=words.letter(colour),
        colour=colour,
        title=reference.provenance.title if reference else segment.reference_id,
        reference_shape=reference.metadata if reference else None,
        changes=words.changes(segment),
        pairs=tuple(pair for pair in media.pictures if _belongs(pair, segment)),
        judgements=tuple(said for said in matched.judgements if _is_about(said, segment, media)),
    )


def _is_about(said: Judgement, segment: MatchSegment, media: MediaReport) -> bool:
    sha256 = media.file.sha256 if media.file else ""
    return (said.media_sha256, said.reference_id, said.query) == (sha256, segment.reference_id, segment.query)


def _belongs(pair: SideBySide, segment: MatchSegment) -> bool:
    if pair.reference_id != segment.reference_id:
        return False
    if any(
        (known.query_us, known.reference_us) == (pair.query_us, pair.reference_us) for known in segment.pairs
    ):
        return True
    return (
        segment.query.start_us <= pair.query_us <= segment.query.end_us
        and segment.reference.start_us <= pair.reference_us <= segment.reference.end_us
    )


def _points(corners: tuple[outline.Point, ...]) -> str:
    return " ".join(f"{1000 * x:.1f},{1000 * y:.1f}" for x, y in corners)


def _placing(segment: SegmentView, media: MediaReport, known: dict[str, Reference]) -> str:
    """CSS of how the reference lies over the query, where it moves, at each moment."""
    moments = [
        f"#{segment.anchor} .{segment.moment(time_us)} {{ --warp: {_warp(segment.at(time_us), media)}; }}"
        for time_us in segment.moments_us
    ]
    return "\n".join([_rule(segment, media, known), *moments])


def _warp(segment: SegmentView, media: MediaReport) -> str:
    return outline.css_transform(outline.to_query(segment.segment), _query_aspect(media))


def _query_aspect(media: MediaReport) -> float:
    return _aspect(media.decode.metadata.width, media.decode.metadata.height) if media.decode else 1.0


def _rule(segment: SegmentView, media: MediaReport, known: dict[str, Reference]) -> str:
    query_aspect = _query_aspect(media)
    reference = known.get(segment.segment.reference_id)
    aspect = _aspect(reference.metadata.width, reference.metadata.height) if reference else query_aspect
    quarter = segment.segment.orientation in outline.QUARTER_TURNS
    turned_aspect = 1 / aspect if quarter else aspect
    turn = outline.css_transform(outline.turn(segment.segment.orientation), turned_aspect)
    return (
        f"#{segment.anchor} {{ --warp: {_warp(segment, media)}; --turn: {turn};"
        f" --query-aspect: {query_aspect:.5f}; --turned-aspect: {turned_aspect:.5f}; }}"
    )


def _aspect(width: int, height: int) -> float:
    return width / height if width > 0 and height > 0 else 1.0
