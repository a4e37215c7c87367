from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from verify.cli.app import app
from verify.desk import Desk
from verify.errors import LexiconUnreadable
from verify.model import Post, PostKey, PostState

EQUIPMENT = "name,class,en,source\nZX-9 Widget,tank,ZX-9,desk\n"
PLACES = (
    "name,country,kind,latitude,longitude,radius_km,timezone\n"
    "Xanadu Farm,SY,village,35.9,36.7,2,Asia/Damascus\n"
)


def post(text: str) -> Post:
    return Post(
        key=PostKey(platform="x", id="1"),
        url="https://x.com/i/status/1",
        submitted="https://x.com/i/status/1",
        state=PostState.OK,
        text=text,
        posted_at=datetime(2020, 2, 20, 8, 10, tzinfo=UTC),
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "lexicon").mkdir()
    monkeypatch.setenv("VERIFY_HOME", str(tmp_path))
    return tmp_path


def write(home: Path, name: str, text: str) -> None:
    (home / "lexicon" / name).write_text(text, encoding="utf-8")


def test_a_desk_without_tables_reads_with_the_programs_own(tmp_path: Path) -> None:
    claim = Desk(tmp_path / "absent").claim_of(post("M60T in Idlib"), "")
    assert claim is not None
    assert [item.name for item in claim.equipment] == ["M60T"]
    assert claim.source == "post"


def test_the_words_of_the_user_win_over_the_posts_text(home: Path) -> None:
    claim = Desk(home / "lexicon").claim_of(post("M60T in Idlib"), "T-55 in Hama, 1 hour ago")
    assert claim is not None
    assert claim.source == "user"
    assert [item.name for item in (*claim.equipment, *claim.places)] == ["T-55", "Hama"]
    assert claim.times[0].latest == datetime(2020, 2, 20, 8, 10, tzinfo=UTC)


def test_a_post_without_words_makes_no_claim(home: Path) -> None:
    assert Desk(home / "lexicon").claim_of(post(""), "") is None


def test_the_tables_of_the_desk_are_read_and_related(home: Path) -> None:
    write(home, "equipment.csv", EQUIPMENT)
    write(home, "places-north.csv", PLACES)
    desk = Desk(home / "lexicon")
    claim = desk.claim_of(post("ZX-9 near Xanadu Farm"), "")
    assert claim is not None
    assert [item.name for item in (*claim.equipment, *claim.places)] == ["ZX-9 Widget", "Xanadu Farm"]
    assert desk.relate("ZX-9", "tank") == "compatible"


def test_a_broken_table_stops_the_reading(home: Path) -> None:
    write(home, "places.csv", "name,latitude,longitude\nNowhere,north,1\n")
    with pytest.raises(LexiconUnreadable):
        Desk(home / "lexicon").claim_of(post("anything"), "")


def test_the_command_names_every_fault_and_ends_with_one(home: Path) -> None:
    write(home, "equipment.csv", EQUIPMENT + "ZX-8,spaceship,ZX-8,desk\n")
    result = CliRunner().invoke(app, ["lexicon", "check", "--json"])
    assert result.exit_code == 1
    (fault,) = json.loads(result.stdout)
    assert (fault["table"], fault["line"]) == ("equipment.csv", 3)
    assert "spaceship" in fault["fault"]


def test_the_command_ends_with_zero_when_all_is_well(home: Path) -> None:
    write(home, "equipment.csv", EQUIPMENT)
    result = CliRunner().invoke(app, ["lexicon", "check"])
    assert result.exit_code == 0
    assert "No faults." in result.stdout
