"""Frame by frame over HTTP, on rendered footage: a mirrored piece at a variable rate against its source."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from selectolax.lexbor import LexborHTMLParser

from tests.api_server import ApiServer, api_server, eventually
from tests.footage import picture_at, render_image, render_video
from tests.unit import sample_report
from verify.model import MediaFile, MediaKind, Report, Span
from verify.pipeline import windows
from verify.store.people import Scope

HTML = {"Accept": "text/html"}
SIZE = (480, 270)
START = 2.0  # seconds of the source at which the piece begins
SECONDS = 5.0


def uneven_times() -> list[float]:
    """A variable rate: 60, 24 and 5 frames a second in turn."""
    times, steps = [0.0], [1 / 60, 1 / 60, 1 / 24, 0.2, 1 / 24]
    while times[-1] < SECONDS:
        times.append(times[-1] + steps[len(times) % len(steps)])
    return times


TIMES_US = [round(at * 1_000_000) for at in uneven_times()]


@dataclass(frozen=True, kw_only=True)
class Stepping:
    server: ApiServer
    item_id: str
    sha256: str
    reference_sha256: str

    @property
    def page(self) -> str:
        return f"/items/{self.item_id}/media/{self.sha256}/segments/1/frames"

    def frames(self, **asked: Any) -> dict[str, Any]:
        answer = self.server.client.get(f"/api/v1{self.page}", params=asked)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def shown(self, **asked: Any) -> LexborHTMLParser:
        answer = self.server.client.get(self.page, params=asked, headers=HTML)
        assert answer.status_code == 200, answer.text
        return LexborHTMLParser(answer.text)

    def after(self, tree: LexborHTMLParser, step: str) -> LexborHTMLParser:
        """The page after a button was pressed, as a browser without scripts sends the form."""
        form = tree.css_first("#stepping")
        button = form.css_first(f"button[value={step}]")
        assert "disabled" not in button.attributes
        fields = {"step": step}
        for node in form.css("input"):
            if node.attributes["type"] == "hidden" or "checked" in node.attributes:
                fields[node.attributes["name"] or ""] = node.attributes["value"] or ""
        return self.shown(**fields)


def place(tree: LexborHTMLParser) -> tuple[int, int]:
    """Query time and shift of a page."""
    at, shift = (
        tree.css_first(f"#stepping input[name={name}]").attributes["value"] for name in ("at", "shift")
    )
    return int(at or ""), int(shift or "")


def reference_time(tree: LexborHTMLParser) -> int:
    address = tree.css_first(".known img").attributes["src"] or ""
    return int(address.rpartition("/")[2].removesuffix(".jpg"))


def upload(path: Path) -> dict[str, tuple[str, bytes]]:
    return {"file": (path.name, path.read_bytes())}


@pytest.fixture(scope="module")
def stepping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stepping]:
    folder = tmp_path_factory.mktemp("stepping")
    source = render_video(folder / "source.mp4", seed=1, seconds=10, size=SIZE)
    piece = render_video(
        folder / "piece.mp4", seed=1, start=START, size=SIZE, mirror=True, times=uneven_times()
    )
    with api_server(folder / "home", with_worker=True) as server:
        added = server.client.post(
            "/api/v1/references/upload", files=upload(source), data={"provenance": '{"title": "source"}'}
        )
        assert added.status_code == 201, added.text
        accepted = server.client.post("/api/v1/items/upload", files=upload(piece))
        item_id = accepted.json()["id"]
        eventually(server.client, f"/api/v1/items/{item_id}", state="done")
        report = server.services.report(item_id)
        assert report.media[0].file
        yield Stepping(
            server=server,
            item_id=item_id,
            sha256=report.media[0].file.sha256,
            reference_sha256=report.references[0].media.sha256,
        )


# --- the API ----------------------------------------------------------------------------------


def test_every_frame_of_a_variable_rate_is_reached_by_its_own_time(stepping: Stepping) -> None:
    seen = [stepping.frames(at=0)["query"]]
    assert seen[0]["previous_us"] is None
    while seen[-1]["next_us"] is not None and len(seen) <= len(TIMES_US):
        seen.append(stepping.frames(at=seen[-1]["next_us"])["query"])
    times = [one["time_us"] for one in seen]
    assert len(times) == len(TIMES_US)
    assert np.abs(np.array(times) - TIMES_US).max() <= 20  # the container counts in ticks of 1/90,000 s
    assert [one["previous_us"] for one in seen[1:]] == times[:-1]


def test_the_reference_frame_lies_beside_the_query_frame(stepping: Stepping) -> None:
    for at_us in (0, 1_234_567, 3_000_000, 4_900_000):
        found = stepping.frames(at=at_us)
        beside_us = found["query"]["time_us"] + round(START * 1_000_000)
        assert abs(found["aligned_us"] - beside_us) <= 120_000  # sampled about three times a second
        assert found["reference"]["time_us"] <= found["aligned_us"] + windows.SLACK_US
        assert found["reference"]["next_us"] > found["aligned_us"] + windows.SLACK_US
        assert found["is_inside"]
    assert found["orientation"] == "mirrored"
    assert len(found["query_outline"]) >= 3


def test_the_pictures_are_those_of_their_times(stepping: Stepping) -> None:
    found = stepping.frames(at=1_500_000)
    for side, mirror, start in (("query", True, START), ("reference", False, 0.0)):
        answer = stepping.server.client.get(found[side]["picture"])
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
        picture = np.asarray(Image.open(BytesIO(answer.content)).convert("RGB")).astype(int)
        meant = picture_at(1, start + found[side]["time_us"] / 1e6, SIZE)
        assert np.abs(picture - (meant[:, ::-1] if mirror else meant)).mean() < 8
    assert stepping.server.client.get(found["query"]["picture"].replace(".jpg", "1.jpg")).status_code == 404


def test_a_time_between_two_frames_shows_the_earlier_and_one_past_the_end_the_last(
    stepping: Stepping,
) -> None:
    wanted = TIMES_US[20] + 9_000
    found = stepping.frames(at=wanted)["query"]["time_us"]
    assert abs(found - TIMES_US[bisect_right(TIMES_US, wanted) - 1]) <= 20
    for at_us in (SECONDS * 1e6 + 1e6, 2**53):
        last = stepping.frames(at=int(at_us))["query"]
        assert abs(last["time_us"] - TIMES_US[-1]) <= 20
        assert last["next_us"] is None


def test_the_reference_alone_is_moved_by_a_frame(stepping: Stepping) -> None:
    found = stepping.frames(at=1_000_000)
    moved = stepping.frames(at=1_000_000, shift=found["reference"]["next_us"] - found["aligned_us"])
    assert moved["query"]["time_us"] == found["query"]["time_us"]
    assert moved["reference"]["time_us"] == found["reference"]["next_us"]
    far = stepping.frames(at=1_000_000, shift=-(2**53))
    assert far["reference"]["time_us"] == 0
    assert far["reference"]["previous_us"] is None


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/items/nothing/media/{sha}/segments/1/frames", 404),
        ("/items/{id}/media/{other}/segments/1/frames", 404),
        ("/items/{id}/media/{sha}/segments/99/frames", 404),
        ("/items/{id}/media/{sha}/segments/0/frames", 422),
        ("/items/{id}/media/{sha}/segments/1/frames?at=-1", 422),
        ("/items/{id}/media/{sha}/segments/1/frames?at=x", 422),
        ("/items/{id}/media/{sha}/segments/1/frames?shift=1e400", 422),
        ("/items/{id}/media/../segments/1/frames", 404),
    ],
)
def test_what_is_not_there_is_said(stepping: Stepping, path: str, status: int) -> None:
    path = path.format(id=stepping.item_id, sha=stepping.sha256, other="0" * 64)
    assert stepping.server.client.get(f"/api/v1{path}").status_code == status
    told = stepping.server.client.get(path, headers=HTML)
    assert told.status_code == status
    assert "What to do next" in told.text


# --- the page ---------------------------------------------------------------------------------


def test_the_report_links_each_segment_to_its_frames_and_the_exported_file_does_not(
    stepping: Stepping,
) -> None:
    page = stepping.server.client.get(f"/items/{stepping.item_id}", headers=HTML).text
    assert LexborHTMLParser(page).css_first(f'#m1s1 a[href="{stepping.page}"]') is not None
    exported = stepping.server.client.get(f"/api/v1/items/{stepping.item_id}/report.html").text
    assert "/frames" not in exported


def test_the_page_steps_without_scripts(stepping: Stepping) -> None:
    first = stepping.shown()
    assert place(first) == (0, 0)
    assert "disabled" in first.css_first("#step-previous").attributes
    second = stepping.after(first, "next")
    assert abs(place(second)[0] - TIMES_US[1]) <= 20
    assert place(stepping.after(second, "previous")) == (0, 0)
    later = stepping.after(second, "second-on")
    assert place(later)[0] > 900_000
    assert place(stepping.after(later, "second-back"))[0] <= TIMES_US[1]
    last = stepping.after(later, "last")
    assert abs(place(last)[0] - TIMES_US[-1]) <= 20
    assert "disabled" in last.css_first("#step-next").attributes
    assert place(stepping.after(last, "first")) == (0, 0)


def test_view_and_blur_go_along_with_a_step(stepping: Stepping) -> None:
    tree = stepping.after(stepping.shown(at=500_000, look="overlay", clear="1"), "next")
    assert "checked" in tree.css_first(".as-overlay").attributes
    assert "checked" in tree.css_first("#reveal").attributes
    here = parse_qs(urlsplit(tree.css_first("#stepping").attributes["data-here"] or "").query)
    assert here == {"at": [str(place(tree)[0])], "look": ["overlay"], "clear": ["1"]}


def test_the_page_moves_the_reference_alone_and_back(stepping: Stepping) -> None:
    first = stepping.shown(at=1_000_000)
    moved = stepping.after(first, "reference-next")
    assert place(moved)[0] == place(first)[0]
    assert reference_time(moved) - reference_time(first) == 40_000
    assert "is moved" in moved.css_first("#said").text()
    stepped = stepping.after(stepping.after(moved, "reference-next"), "reference-previous")
    assert place(stepped) == place(moved)
    # The shift stays while the query goes on.
    assert place(stepping.after(moved, "next"))[1] == place(moved)[1]
    back = stepping.after(moved, "aligned")
    assert (place(back), reference_time(back)) == (place(first), reference_time(first))


def test_outlines_lie_on_both_pictures_and_nothing_comes_from_elsewhere(stepping: Stepping) -> None:
    answer = stepping.server.client.get(stepping.page, headers=HTML)
    tree = LexborHTMLParser(answer.text)
    assert len(tree.css(".pair .outline polygon")) == 2
    assert "'unsafe" not in answer.headers["content-security-policy"]
    assert not tree.css("script:not([src]), [style]")


def altered(stepping: Stepping, *, query: MediaFile | None = None, **span: int) -> str:
    """The frames' page of a copy of the item whose report was changed."""
    report = stepping.server.services.report(stepping.item_id)
    medium = report.media[0]
    assert medium.matches
    assert medium.file
    segment = medium.matches.segments[0]
    if span:
        segment = replace(segment, query=Span(**span), reference=Span(start_us=3_500_000, end_us=4_500_000))
    medium = replace(medium, file=query or medium.file, matches=replace(medium.matches, segments=(segment,)))
    return frames_of(stepping.server, replace(report, media=(medium,)))


def frames_of(server: ApiServer, report: Report) -> str:
    item = server.finished(report)
    assert report.media[0].file
    return f"/items/{item.id}/media/{report.media[0].file.sha256}/segments/1/frames"


def test_it_goes_on_outside_the_segment_and_says_so(stepping: Stepping) -> None:
    page = altered(stepping, start_us=1_500_000, end_us=2_500_000)
    client = stepping.server.client
    for at_us, words in (
        (1_500_000, "Outside"),  # the frame shown then began before the segment
        (2_000_000, "In the matched segment"),
        (2_600_000, "Outside the matched segment"),
        (0, "Outside the matched segment"),
    ):
        told = LexborHTMLParser(client.get(page, params={"at": at_us}, headers=HTML).text)
        assert words in told.css_first("#said").text()


# --- what goes wrong --------------------------------------------------------------------------


def kept(server: ApiServer, path: Path, kind: MediaKind, mime: str) -> MediaFile:
    data = path.read_bytes()
    return MediaFile(sha256=server.services.blobs.put(data), size_bytes=len(data), mime=mime, kind=kind)


def test_a_photo_has_one_frame_and_nothing_to_step(stepping: Stepping, tmp_path: Path) -> None:
    photo = kept(
        stepping.server,
        render_image(tmp_path / "photo.png", seed=1, at=4.0, size=SIZE),
        MediaKind.IMAGE,
        "image/png",
    )
    page = altered(stepping, query=photo, start_us=0, end_us=0)
    tree = LexborHTMLParser(stepping.server.client.get(page, headers=HTML).text)
    assert not tree.css("#step-next, #step-previous")
    assert "single picture" in tree.css_first("#stepping").text()
    assert tree.css_first("#step-reference-next") is not None


def test_footage_that_is_no_longer_kept_is_said(tmp_path: Path) -> None:
    with api_server(tmp_path) as server:
        page = frames_of(server, sample_report.report())
        told = server.client.get(page, headers=HTML)
        assert told.status_code == 404
        assert "The footage is not kept here" in told.text
        assert "What to do next" in told.text
        problem = server.client.get(f"/api/v1{page}").json()
        assert problem["code"] == "media_not_kept"


def test_a_reference_without_footage_leaves_the_query_to_step_through(
    stepping: Stepping, tmp_path: Path
) -> None:
    report = stepping.server.services.report(stepping.item_id)
    lost = replace(report.references[0], media=replace(report.references[0].media, sha256="0" * 64))
    page = frames_of(stepping.server, replace(report, references=(lost,)))
    tree = LexborHTMLParser(stepping.server.client.get(page, headers=HTML).text)
    assert "No frame of reference A" in tree.css_first(".pair").text()
    assert "add the reference's footage again" in tree.css_first(".pair").text()
    assert tree.css_first("#step-next") is not None
    found = stepping.server.client.get(f"/api/v1{page}").json()
    assert found["reference"] is None
    assert found["reference_problem"]["code"] == "media_not_kept"


def test_a_file_that_cannot_be_read_is_said(stepping: Stepping, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(render_video(tmp_path / "whole.mp4", seed=3, seconds=1).read_bytes()[:3_000])
    page = altered(stepping, query=kept(stepping.server, broken, MediaKind.VIDEO, "video/mp4"))
    told = stepping.server.client.get(page, headers=HTML)
    assert told.status_code == 415
    assert "The frames cannot be shown" in told.text
    assert stepping.server.client.get(f"/api/v1{page}").json()["code"] == "broken_media"


def test_readers_who_would_wait_long_are_told_to_come_again(
    stepping: Stepping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "WAIT_SECONDS", 0.05)
    frames = stepping.server.tool.windows
    lost = altered(stepping, query=MediaFile(sha256="1" * 64, size_bytes=1, mime="", kind=MediaKind.VIDEO))
    with frames._turn(), frames._turn():  # two children that never end
        answer = stepping.server.client.get(lost, headers=HTML)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "Too many people are having frames read" in answer.text
        stepping.frames(at=0)  # what is kept needs no child
    assert stepping.server.client.get(lost, headers=HTML).status_code == 404


def test_a_key_needs_the_scope_to_read(tmp_path: Path) -> None:
    with api_server(tmp_path, is_open=False) as server:
        page = f"/api/v1{frames_of(server, sample_report.report())}"
        for path in (page, f"{page}/query/0.jpg"):
            assert server.client.get(path).status_code == 401
            assert server.client.get(path, headers=server.keyed(Scope.CURATE)).status_code == 403
            assert server.client.get(path, headers=server.keyed(Scope.READ)).status_code == 404


def test_no_more_children_run_than_are_allowed(
    stepping: Stepping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most, lock = 0, 0, threading.Lock()
    around = stepping.server.tool.windows._decoder.around

    class Counting:
        def around(self, *args: Any, **named: Any) -> Any:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            try:
                return around(*args, **named)
            finally:
                with lock:
                    running -= 1

    counted = windows.FrameWindows(Counting(), stepping.server.services.blobs)  # type: ignore[arg-type]
    monkeypatch.setattr(windows, "WAIT_SECONDS", 60.0)
    file = stepping.server.services.report(stepping.item_id).media[0].file
    assert file
    times_us = [at * 1_000_000 for at in range(windows.CHILDREN + 3)]
    with ThreadPoolExecutor(len(times_us)) as readers:
        assert len(list(readers.map(partial(counted.step, file), times_us))) == len(times_us)
    assert most == windows.CHILDREN
