"""Where a report draws one picture's frame on the other, and how it lays them over one another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.unit import sample_report as sample
from tests.unit.test_reports import with_segments
from verify.model import MediaReport, Orientation, Place
from verify.reports import outline, to_html
from verify.reports.view import view


def test_outlines_are_where_the_geometry_says() -> None:
    cropped = sample.segment()
    corners = outline.frame_on_reference(cropped)
    assert {(round(x, 3), round(y, 3)) for x, y in corners} == {
        (0.07, 0.08),
        (0.92, 0.08),
        (0.92, 0.93),
        (0.07, 0.93),
    }
    assert {(round(x, 6), round(y, 6)) for x, y in outline.frame_on_query(cropped)} == {
        (0, 0),
        (1, 0),
        (1, 1),
        (0, 1),
    }


def moving(*matrices: tuple[float, ...]) -> MediaReport:
    """A medium whose segment's picture lies so at the moments of its two frame pairs."""
    geometry = sample.segment().geometry
    path = tuple(
        Place(query_us=time_us, matrix=matrix)
        for time_us, matrix in zip((2_000_000, 6_000_000), matrices, strict=False)
    )
    return with_segments(sample.segment(geometry=replace(geometry, path=path)))


def test_where_the_picture_moves_each_pair_has_its_own_outline() -> None:
    left, right = (0.5, 0, 0, 0, 1, 0, 0, 0, 1), (0.5, 0, 0.5, 0, 1, 0, 0, 0, 1)
    shown = view(sample.report(media=(moving(left, right),)))
    segment = shown.media[0].segments[0]
    assert segment.at(2_000_000).reference_outline == "0.0,0.0 500.0,0.0 500.0,1000.0 0.0,1000.0"
    assert segment.at(6_000_000).reference_outline == "500.0,0.0 1000.0,0.0 1000.0,1000.0 500.0,1000.0"
    assert segment.at(4_000_000).reference_outline == "250.0,0.0 750.0,0.0 750.0,1000.0 250.0,1000.0"
    kept = {pair.query_jpeg_sha256: b"jpeg" for pair in segment.pairs}
    kept |= {pair.reference_jpeg_sha256: b"jpeg" for pair in segment.pairs}
    page = LexborHTMLParser(to_html(shown.report, kept))
    drawn = [outlined.attributes["points"] for outlined in page.css(".pair .known polygon")]
    assert drawn == [segment.at(time_us).reference_outline for time_us in (2_000_000, 6_000_000)]
    warps = [line for line in shown.rules.splitlines() if ".at-" in line]
    assert len(set(warps)) == 2
    assert [pair.attributes["class"].split()[1:] for pair in page.css(".pair")] == [["at-0"], ["at-1"]]


@pytest.mark.parametrize("odd", [(), (1.0,) * 4, (float("nan"),) * 9, (0.0,) * 9])
def test_unusable_moments_of_a_path_draw_no_outline(odd: tuple[float, ...]) -> None:
    segment = view(sample.report(media=(moving(odd, odd),))).media[0].segments[0]
    still = view(sample.report()).media[0].segments[0]
    assert segment.at(2_000_000).reference_outline in {"", still.reference_outline}
    assert "nan" not in view(sample.report(media=(moving(odd, odd),))).rules


@pytest.mark.parametrize(
    "matrix",
    [
        (),
        (0.0,) * 9,
        (float("nan"),) * 9,
        (1, 0, 0, 0, 1, 0, 0, 0, float("inf")),
        (1, 0, 0, 0, 1, 0, -2, 0, 1),
    ],
)
def test_unusable_geometry_draws_no_outline(matrix: tuple[float, ...]) -> None:
    odd = sample.segment(geometry=replace(sample.segment().geometry, matrix=matrix))
    assert outline.frame_on_reference(odd) == ()
    assert "nan" not in outline.css_transform(outline.to_query(odd), 1.5)


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [
        (Orientation.UPRIGHT, (0, 0)),
        (Orientation.MIRRORED, (1, 0)),
        (Orientation.UPSIDE_DOWN, (1, 1)),
        (Orientation.FLIPPED, (0, 1)),
        (Orientation.CLOCKWISE, (1, 0)),
        (Orientation.COUNTERCLOCKWISE, (0, 1)),
        (Orientation.TRANSPOSED, (0, 0)),
        (Orientation.TRANSVERSED, (1, 1)),
    ],
)
def test_the_top_left_corner_goes_where_the_orientation_says(
    orientation: Orientation, corner: tuple[int, int]
) -> None:
    assert tuple((outline.turn(orientation) @ (0, 0, 1))[:2]) == corner
