"""One medium's match result in, the bars of its timeline out.

Pure layout: positions are percent of the bar's length, so the drawing needs no scale. One bar for the
query, one per matched reference, each with its segments. A still has no timeline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from verify.model import MatchSegment, MediaReport, Reference, Span
from verify.reports.words import clock

_TICK_STEPS_US = tuple(
    step * 1_000_000 for step in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600)
)
_MOST_TICKS = 8
_THINNEST = 0.6  # percent; a shorter segment would not be seen or hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A segment on a bar."""

    number: int  #: the segment's position in the match result, from 0
    colour: int  #: the reference's position in the report, from 0
    left: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The query (reference_id empty) or one reference."""

    reference_id: str
    duration_us: int
    blocks: tuple[Block, ...]
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    query: Bar
    references: tuple[Bar, ...]


def timeline(
    media: MediaReport, references: Mapping[str, Reference], colours: Mapping[str, int]
) -> Timeline | None:
    """The bars of one medium, or None where nothing moves or nothing matched."""
    if media.matches is None or not media.matches.segments:
        return None
    duration = media.matches.query_duration_us
    if duration <= 0:
        return None
    segments = tuple(enumerate(media.matches.segments))
    query = _bar("", duration, [(number, segment, segment.query) for number, segment in segments], colours)
    ids = sorted({segment.reference_id for _, segment in segments}, key=lambda key: colours.get(key, 0))
    bars = (_reference_bar(key, references.get(key), segments, colours) for key in ids)
    return Timeline(query=query, references=tuple(bars))


def _reference_bar(
    key: str,
    reference: Reference | None,
    segments: tuple[tuple[int, MatchSegment], ...],
    colours: Mapping[str, int],
) -> Bar:
    placed = [
        (number, segment, segment.reference) for number, segment in segments if segment.reference_id == key
    ]
    known = reference.metadata.duration_us if reference else 0
    return _bar(key, max(known, *(span.end_us for _, _, span in placed), 0), placed, colours)


def _bar(
    key: str, duration_us: int, placed: list[tuple[int, MatchSegment, Span]], colours: Mapping[str, int]
) -> Bar:
    blocks = tuple(
        _block(number, colours.get(segment.reference_id, 0), span, duration_us)
        for number, segment, span in placed
    )
    return Bar(reference_id=key, duration_us=duration_us, blocks=blocks, ticks=_ticks(duration_us))


def _block(number: int, colour: int, span: Span, duration_us: int) -> Block:
    whole = max(duration_us, 1)
    left = min(max(100 * span.start_us / whole, 0), 100 - _THINNEST)
    width = min(max(100 * span.duration_us / whole, _THINNEST), 100 - left)
    return Block(number=number, colour=colour, left=round(left, 3), width=round(width, 3))


def _ticks(duration_us: int) -> tuple[Tick, ...]:
    if duration_us <= 0:
        return ()
    step = next((step for step in _TICK_STEPS_US if duration_us / step <= _MOST_TICKS), duration_us)
    return tuple(
        Tick(at=round(100 * time / duration_us, 3), label=clock(time).removesuffix(".00"))
        for time in range(0, duration_us + 1, step)
    )
