"""The main job, through the installed command: a post's address in, a report out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.commands import Commands
from tests.acceptance.conftest import served
from tests.web import Web

POST_ID = "1230404217861046272"  # 2020-02-20T08:10:00Z
OLD = ["--first-seen", "2016-08-24", "--first-seen-basis", "publication", "--place", "Al-Rai, Syria"]
OLD += ["--lat", "36.6156", "--lon", "37.4473", "--equipment", "M60T"]
TEXT = "Al-#Nayrab: M113 armoured carriers and M60T main battle tanks, 1 hour ago"


def play_post(web: Web, media: list[dict[str, Any]], text: str = TEXT) -> None:
    web.json(
        "/tweet-result",
        {
            "__typename": "Tweet",
            "lang": "en",
            "created_at": "2020-02-20T08:10:00.000Z",
            "id_str": POST_ID,
            "text": text,
            "user": {"id_str": "12", "name": "Somebody", "screen_name": "somebody"},
            "mediaDetails": media,
        },
    )


def video_of(url: str) -> dict[str, Any]:
    variants = [
        {"content_type": "application/x-mpegURL", "url": url.replace(".mp4", ".m3u8")},
        {"bitrate": 832000, "content_type": "video/mp4", "url": url},
    ]
    return {
        "type": "video",
        "media_url_https": "https://pbs.twimg.com/ext_tw_video_thumb/1230404200000000000/pu/img/a.jpg",
        "video_info": {"duration_millis": 5000, "variants": variants},
    }


def photo_of(url: str) -> dict[str, Any]:
    return {"type": "photo", "media_url_https": url, "original_info": {"width": 480, "height": 270}}


def copies(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        segment
        for medium in report["media"]
        if medium["matches"]
        for segment in medium["matches"]["segments"]
        if segment["kind"] == "copy"
    ]


@pytest.fixture
def old(commands: Commands, footage: Path) -> str:
    """The reference that the posts' footage is taken from, among another."""
    commands.add(footage / "other.mp4")
    return commands.add(footage / "old.mp4", *OLD)


@pytest.mark.parametrize(
    "form",
    [
        f"https://x.com/somebody/status/{POST_ID}",
        f"https://twitter.com/somebody/status/{POST_ID}?s=20",
        f"https://mobile.twitter.com/i/web/status/{POST_ID}",
        f"https://fxtwitter.com/somebody/status/{POST_ID}/video/1",
    ],
)
def test_every_form_of_a_post_leads_to_the_same_finding(
    form: str, commands: Commands, web: Web, footage: Path, old: str
) -> None:
    play_post(web, [video_of(served(web, "/v/a.mp4", (footage / "mirrored.mp4").read_bytes()))])
    outcome = commands.check(form)
    report = outcome.json
    assert outcome.code == 0, outcome.err
    assert report["finding"]["label"] == "earlier_copy_found"
    assert report["submitted"] == form
    assert report["post"]["key"] == {"platform": "x", "id": POST_ID}
    assert report["post"]["posted_at"].startswith("2020-02-20T08:10:00")
    (segment,) = copies(report)
    assert segment["reference_id"] == old
    assert segment["orientation"] == "mirrored"
    assert abs(segment["query"]["start_us"] - 0) <= 500_000
    assert abs(segment["reference"]["start_us"] - 2_000_000) <= 500_000
    assert abs(segment["reference"]["end_us"] - 7_000_000) <= 500_000
    assert abs(segment["speed"] - 1.0) < 0.05


def test_a_letterboxed_piece_is_found(commands: Commands, web: Web, footage: Path, old: str) -> None:
    play_post(web, [video_of(served(web, "/v/a.mp4", (footage / "letterboxed.mp4").read_bytes()))])
    (segment,) = copies(commands.check(f"https://x.com/a/status/{POST_ID}").json)
    assert segment["reference_id"] == old
    assert abs(segment["reference"]["start_us"] - 4_000_000) <= 500_000


def test_a_photo_is_the_frame_of_a_video(commands: Commands, web: Web, footage: Path, old: str) -> None:
    play_post(web, [photo_of(served(web, "/p/a.jpg", (footage / "frame.jpg").read_bytes(), "image/jpeg"))])
    (segment,) = copies(commands.check(f"https://x.com/a/status/{POST_ID}").json)
    assert segment["reference_id"] == old
    assert abs(segment["reference"]["start_us"] - 6_000_000) <= 500_000


def test_a_video_holds_a_photo(commands: Commands, footage: Path) -> None:
    still = commands.add(footage / "frame.jpg")
    segments = copies(commands.check(str(footage / "old.mp4")).json)
    assert {segment["reference_id"] for segment in segments} == {still}


def test_a_mirrored_photo_is_found(commands: Commands, footage: Path) -> None:
    photo = commands.add(footage / "photo.png")
    (segment,) = copies(commands.check(str(footage / "photo-mirrored.jpg")).json)
    assert segment["reference_id"] == photo
    assert segment["orientation"] == "mirrored"


def test_footage_that_is_not_in_the_set_says_so_and_no_more(
    commands: Commands, footage: Path, old: str
) -> None:
    outcome = commands.check(str(footage / "third.mp4"), "--claim", TEXT)
    assert outcome.code == 0
    assert outcome.json["finding"]["label"] == "no_match_in_reference_set"
    assert "Not evidence that the footage is new or authentic" in outcome.json["finding"]["statement"]
    assert outcome.json["reference_count"] == 2


def test_a_direct_address_and_a_file_of_the_same_bytes_agree(
    commands: Commands, web: Web, footage: Path, old: str
) -> None:
    path = footage / "mirrored.mp4"
    outcome = commands.check(served(web, "/direct/a.mp4", path.read_bytes()), str(path))
    fetched, local = outcome.json
    assert fetched["media"][0]["file"]["sha256"] == local["media"][0]["file"]["sha256"]
    assert fetched["media"][0]["matches"] == local["media"][0]["matches"]


def test_a_claim_beside_a_file_is_compared(commands: Commands, footage: Path, old: str) -> None:
    stated = ["--claim", TEXT, "--posted-at", "2020-02-20T08:10:00Z", "--note", "received by messenger"]
    report = commands.check(str(footage / "mirrored.mp4"), *stated).json
    assert report["finding"]["label"] == "earlier_copy_found"
    assert report["claim"]["text"] == TEXT
    assert report["note"] == "received by messenger"
    verdicts = {
        comparison["aspect"]: comparison["verdict"] for comparison in report["finding"]["comparisons"]
    }
    assert verdicts["time"] == "conflicts"
    assert verdicts["place"] == "conflicts"


def test_a_person_reads_the_finding_and_finds_the_page(
    commands: Commands, web: Web, footage: Path, old: str, tmp_path: Path
) -> None:
    play_post(web, [video_of(served(web, "/v/a.mp4", (footage / "mirrored.mp4").read_bytes()))])
    outcome = commands.run("check", f"https://x.com/a/status/{POST_ID}", "--out", str(tmp_path / "out"))
    assert "Earlier copy found" in outcome.out
    assert "2016-08-24" in outcome.out
    (page,) = (tmp_path / "out").glob("*.html")
    assert str(page) in outcome.out
    assert "searching the reference set" in outcome.err
    told = outcome.err.splitlines()
    assert sorted(set(told)) == sorted(told)  # each stage once
    text = page.read_text()
    assert text.count("data:image/jpeg;base64,") >= 2
    assert "<svg" in text
    assert page.with_suffix(".json").exists()


def test_the_same_question_is_answered_from_the_report_until_the_set_changes(
    commands: Commands, web: Web, footage: Path, old: str
) -> None:
    play_post(web, [video_of(served(web, "/v/a.mp4", (footage / "third.mp4").read_bytes()))])
    url = f"https://x.com/a/status/{POST_ID}"
    first = commands.check(url).json
    asked = len(web.requests)
    again = commands.check(f"{url}?s=20")
    assert again.json == first
    assert "--recheck" in again.err
    assert len(web.requests) == asked

    commands.add(footage / "third.mp4", *OLD)
    searched_anew = commands.check(url).json
    assert searched_anew["finding"]["label"] == "earlier_copy_found"
    assert len(web.requests) == asked

    commands.check(url, "--recheck")
    assert len(web.requests) > asked


def test_one_bad_item_leaves_the_others_their_reports(commands: Commands, footage: Path, old: str) -> None:
    outcome = commands.check(str(footage / "mirrored.mp4"), "/nowhere/at/all.mp4", str(footage / "third.mp4"))
    labels = [report["finding"]["label"] for report in outcome.json]
    assert outcome.code == 1
    assert labels[1] == "not_retrievable"
    assert labels[2] == "no_match_in_reference_set"
