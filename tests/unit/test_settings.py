"""Every knob is documented, and a wrong one is refused by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from verify.settings import Settings

README = Path(__file__).resolve().parents[2] / "README.md"
NAMES = [f"VERIFY_{name.upper()}" for name in Settings.model_fields]


def readme_rows() -> dict[str, str]:
    rows = re.findall(r"^\| `(VERIFY_\w+)` \| (.*?) \| (.*?) \|$", README.read_text(), re.MULTILINE)
    return {name: description for name, _default, description in rows}


def test_the_readme_lists_each_setting_with_its_line_and_no_other() -> None:
    described = {f"VERIFY_{name.upper()}": field.description for name, field in Settings.model_fields.items()}
    assert readme_rows() == described


@pytest.mark.parametrize("name", NAMES)
def test_each_setting_is_read_from_the_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    field = name.removeprefix("VERIFY_").lower()
    default = getattr(Settings(), field)
    chosen = {"sandbox": "rlimit", "log_format": "json", "log_level": "DEBUG"}
    value = (chosen | {"host_map": "a.example=http://127.0.0.1:1"}).get(field, "41.5")
    if isinstance(default, bool):
        value = str(not default)
    elif isinstance(default, int):
        value = "1073741825" if field.endswith("_bytes") else "7"
    elif isinstance(default, float):
        value = "41.5"
    monkeypatch.setenv(name, value)
    assert getattr(Settings(), field) != default


def test_a_wrong_value_names_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERIFY_MAX_VIDEO_BYTES", "many")
    with pytest.raises(ValidationError, match="max_video_bytes"):
        Settings()


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError):
        Settings().offline = True  # type: ignore[misc]


def test_a_secret_does_not_reach_a_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERIFY_X_BEARER_TOKEN", "hunter2")
    assert "hunter2" not in repr(Settings())
    assert "hunter2" not in Settings().model_dump_json()
