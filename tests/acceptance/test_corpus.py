"""Real footage and photos, changed with ffmpeg as re-posters change them, through the installed command."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.commands import Commands
from tests.acceptance.test_check import copies
from tests.corpus import SHARED
from tests.servers import program
from tests.web import web_server

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(SHARED is None, reason="../shared is not beside this checkout"),
]
VIDEOS = {  # name -> where the piece is cut out: start and length in seconds
    "imageai__traffic-mini.mp4": (1.0, 4.0),
    "vehicles_detector__tank.mp4": (0.5, 4.0),
    "co-tracker__paragliding-launch.mp4": (0.0, 3.0),
    "learning-area__rabbit320.mp4": (2.0, 5.0),
}
PHOTOS = ["bsds500__100098.jpg", "bsds500__161062.jpg", "imageai__3.jpg"]
EVEN = "scale=trunc(iw/2)*2:trunc(ih/2)*2"  # sides that every codec takes
CHANGES = {
    "cut": "null",
    "mirrored": "hflip",
    "letterboxed": "pad=iw:ceil(ih*2/3)*2:0:(oh-ih)/2",
    "smaller": "scale=trunc(iw/4)*2:trunc(ih/4)*2",
    "darker": "eq=brightness=-0.1:contrast=0.9",
}


def corpus(kind: str, name: str) -> Path:
    assert SHARED is not None
    return SHARED / "corpus" / kind / name


def ffmpeg(*arguments: str) -> None:
    command = [program("ffmpeg"), "-nostdin", "-loglevel", "error", "-y", *arguments]
    subprocess.run(command, check=True)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """A home whose reference set every test here searches and none changes."""
    home = tmp_path_factory.mktemp("library") / "home"
    home.mkdir()
    with web_server() as web:
        yield Commands(home, web)


@pytest.fixture(scope="module")
def references(library: Commands) -> dict[str, str]:
    """Identifier -> file name of everything in the set."""
    added = {library.add(corpus("videos", name)): name for name in VIDEOS}
    return added | {library.add(corpus("images", name)): name for name in PHOTOS}


@pytest.mark.parametrize("change", CHANGES)
def test_pieces_of_real_footage_are_found_where_they_were_cut(
    change: str, library: Commands, references: dict[str, str], tmp_path: Path
) -> None:
    for name, (start, length) in VIDEOS.items():
        query = tmp_path / f"{Path(name).stem}.mp4"
        cut = ["-ss", str(start), "-t", str(length), "-i", str(corpus("videos", name))]
        ffmpeg(
            *cut,
            "-an",
            "-vf",
            f"{EVEN},{CHANGES[change]}",
            "-c:v",
            "libx264",
            "-crf",
            "30",
            "-pix_fmt",
            "yuv420p",
            str(query),
        )
        outcome = library.check(str(query))
        found = copies(outcome.json)
        assert {references[segment["reference_id"]] for segment in found} == {name}, outcome.err
        first = min(found, key=lambda segment: segment["query"]["start_us"])
        offset = first["reference"]["start_us"] - first["query"]["start_us"]
        assert abs(offset - start * 1e6) <= 500_000
        assert first["orientation"] == ("mirrored" if change == "mirrored" else "upright")


@pytest.mark.parametrize("change", CHANGES)
def test_real_photos_are_found(
    change: str, library: Commands, references: dict[str, str], tmp_path: Path
) -> None:
    for name in PHOTOS:
        query = tmp_path / name
        ffmpeg("-i", str(corpus("images", name)), "-vf", f"{EVEN},{CHANGES[change]}", "-q:v", "8", str(query))
        found = copies(library.check(str(query)).json)
        assert {references[segment["reference_id"]] for segment in found} == {name}


def test_a_photo_taken_from_real_footage_names_its_second(
    library: Commands, references: dict[str, str], tmp_path: Path
) -> None:
    name = "imageai__traffic-mini.mp4"
    query = tmp_path / "frame.jpg"
    ffmpeg("-ss", "3.0", "-i", str(corpus("videos", name)), "-frames:v", "1", "-q:v", "5", str(query))
    (segment,) = copies(library.check(str(query)).json)
    assert references[segment["reference_id"]] == name
    assert abs(segment["reference"]["start_us"] - 3_000_000) <= 500_000


@pytest.mark.parametrize("name", ["mmaction2__demo.mp4", "co-tracker__teddy.mp4"])
def test_other_real_footage_matches_nothing(name: str, library: Commands, references: dict[str, str]) -> None:
    report = library.check(str(corpus("videos", name))).json
    assert report["finding"]["label"] == "no_match_in_reference_set"


def test_another_thing_on_the_same_table_is_no_copy(library: Commands, references: dict[str, str]) -> None:
    report = library.check(str(corpus("videos", "learning-area__pig.mp4"))).json
    assert copies(report) == []
    assert report["finding"]["label"] in {"no_match_in_reference_set", "possible_match_needs_review"}
