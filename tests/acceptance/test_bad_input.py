"""What cannot be had or read: a class and a sentence of its own, a report, and nothing left behind."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from tests.acceptance.commands import Commands
from tests.acceptance.conftest import served
from tests.acceptance.test_check import POST_ID, play_post, video_of
from tests.servers import free_port
from tests.web import Reply, Web

POST = f"https://x.com/somebody/status/{POST_ID}"


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("video.mp4", b"no")
    return file.getvalue()


IMPOSTORS = {
    "html": (b"<!doctype html><title>Log in</title>", "web_page_instead"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "wrong_media_type"),
    "pdf": (b"%PDF-1.7\n", "wrong_media_type"),
    "playlist": (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "playlist_rejected"),
    "archive": (zipped(), "archive_rejected"),
    "nothing": (b"", "empty_media"),
    "noise": (bytes(range(256)) * 8, "wrong_media_type"),
}


def leftovers(commands: Commands) -> list[Path]:
    return list((commands.home / "blobs" / "incoming").iterdir())


@pytest.mark.parametrize("name", IMPOSTORS)
def test_what_only_pretends_to_be_footage_is_named(name: str, commands: Commands, web: Web) -> None:
    body, code = IMPOSTORS[name]
    outcome = commands.check(served(web, f"/{name}.mp4", body))
    assert outcome.code == 1
    assert outcome.json["finding"]["label"] == "not_retrievable"
    assert outcome.json["media"][0]["problem"]["code"] == code
    assert leftovers(commands) == []


@pytest.mark.parametrize("name", IMPOSTORS)
def test_a_local_impostor_is_named_too(name: str, commands: Commands, tmp_path: Path) -> None:
    body, code = IMPOSTORS[name]
    path = tmp_path / f"{name}.mp4"
    path.write_bytes(body)
    outcome = commands.check(str(path))
    assert outcome.code == 1
    assert outcome.json["media"][0]["problem"]["code"] == code.replace("web_page_instead", "wrong_media_type")


def test_a_truncated_video_is_read_as_far_as_it_goes(
    commands: Commands, footage: Path, tmp_path: Path
) -> None:
    whole = (footage / "old.mp4").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 3])  # its index is at the end, and gone
    outcome = commands.check(str(path))
    assert outcome.code == 1
    assert outcome.json["media"][0]["problem"]["code"] == "broken_media"


def test_a_server_that_breaks_off_is_not_believed(commands: Commands, web: Web, footage: Path) -> None:
    body = (footage / "old.mp4").read_bytes()
    web.routes["/a.mp4"] = Reply(body=body[:50_000], length=len(body), headers={"Content-Type": "video/mp4"})
    outcome = commands.check(f"{web.url}/a.mp4")
    assert outcome.code == 1
    assert outcome.json["media"][0]["problem"]["code"] == "network_failed"
    assert leftovers(commands) == []


def test_a_video_over_the_cap_is_refused(commands: Commands, web: Web, footage: Path) -> None:
    commands.settings["VERIFY_MAX_VIDEO_BYTES"] = "20000"
    path = footage / "old.mp4"
    outcome = commands.check(served(web, "/a.mp4", path.read_bytes()), str(path))
    codes = [report["media"][0]["problem"]["code"] for report in outcome.json]
    assert outcome.code == 1
    assert codes == ["download_too_large", "download_too_large"]


def test_a_missing_file_on_the_server_is_gone(commands: Commands, web: Web) -> None:
    outcome = commands.check(f"{web.url}/absent.mp4")
    assert outcome.code == 1
    assert outcome.json["media"][0]["problem"]["code"] == "media_gone"
    assert outcome.json["post"]["attempts"][-1]["http_status"] == 404


def test_an_unreachable_host_is_said_to_be_that(commands: Commands) -> None:
    host = f"127.0.0.1:{free_port()}"
    commands.settings["VERIFY_ALLOW_PRIVATE_HOSTS"] = host
    outcome = commands.check(f"http://{host}/a.mp4")
    assert outcome.code == 1
    assert outcome.json["media"][0]["problem"]["code"] == "network_failed"
    assert outcome.json["media"][0]["problem"]["permanent"] is False


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "[::1]", "2130706433"])
def test_a_private_address_is_never_asked(host: str, commands: Commands, web: Web) -> None:
    commands.settings["VERIFY_ALLOW_PRIVATE_HOSTS"] = ""
    outcome = commands.check(f"http://{host}/a.mp4")
    assert outcome.code == 1
    assert outcome.json["media"][0]["problem"]["code"] == "forbidden_address"
    assert web.requests == []


def test_a_tombstone_is_told_in_the_platforms_words(commands: Commands, web: Web) -> None:
    sentence = "This Post was deleted by the Post author. Learn more"
    web.json("/tweet-result", {"__typename": "TweetTombstone", "tombstone": {"text": {"text": sentence}}})
    outcome = commands.check(POST)
    assert outcome.code == 1
    assert outcome.json["post"]["state"] == "deleted"
    assert outcome.json["problems"][0]["code"] == "post_deleted"
    assert outcome.json["post"]["posted_at"].startswith("2020-02-20T08:10:00")


def test_a_404_is_not_called_deleted(commands: Commands, web: Web) -> None:
    outcome = commands.check(POST)
    assert outcome.code == 1
    assert outcome.json["post"]["state"] == "not_found_unconfirmed"
    assert outcome.json["problems"][0]["code"] == "post_not_found"


def test_a_post_without_media_says_so(commands: Commands, web: Web) -> None:
    play_post(web, [])
    outcome = commands.check(POST)
    assert outcome.code == 1
    assert outcome.json["problems"][0]["code"] == "post_without_media"


def test_one_bad_medium_leaves_the_other_its_match(commands: Commands, web: Web, footage: Path) -> None:
    commands.add(footage / "old.mp4")
    good = video_of(served(web, "/good.mp4", (footage / "mirrored.mp4").read_bytes()))
    play_post(web, [video_of(f"{web.url}/absent.mp4"), good])
    outcome = commands.check(POST)
    assert outcome.code == 1
    bad, matched = outcome.json["media"]
    assert bad["problem"]["code"] == "media_gone"
    assert matched["matches"]["segments"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("not an address", "invalid_url"),
        ("https://", "invalid_url"),
        ("ftp://example.org/a.mp4", "invalid_url"),
        ("https://x.com/somebody", "unsupported_url"),
        ("./no-such-file.mp4", "unreadable_input"),
        ("no-such-photo.jpg", "unreadable_input"),
    ],
)
def test_words_that_name_nothing_get_a_report_too(words: str, code: str, commands: Commands) -> None:
    outcome = commands.check(words)
    problems = outcome.json["problems"] + [medium["problem"] for medium in outcome.json["media"]]
    assert outcome.code == 1
    assert [problem["code"] for problem in problems] == [code]


def test_wrong_use_is_told_apart(commands: Commands, footage: Path) -> None:
    assert commands.run("check").code == 2
    assert commands.run("check", "a.mp4", "--no-such-option").code == 2
    assert commands.run("reference", "show", "0123456789").code == 2
    assert commands.run("check", str(footage / "old.mp4"), "--posted-at", "yesterday").code == 2
    commands.settings["VERIFY_SANDBOX"] = "none"
    wrong = commands.run("doctor")
    assert wrong.code == 2
    assert "VERIFY_SANDBOX" in wrong.err
