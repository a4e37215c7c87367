from __future__ import annotations

import pytest
from pydantic import ValidationError

from verify import __version__
from verify.fetch.client import user_agent
from verify.settings import Settings


def test_stand_ins_are_read_as_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "VERIFY_HOST_MAP", "Mastodon.Social=http://127.0.0.1:8099/, news.example=http://127.0.0.1:8100,"
    )
    assert Settings().host_map == (
        ("mastodon.social", "http://127.0.0.1:8099"),
        ("news.example", "http://127.0.0.1:8100"),
    )


def test_the_bearer_token_is_in_no_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERIFY_X_BEARER_TOKEN", "very-secret")
    settings = Settings()
    assert settings.x_bearer_token.get_secret_value() == "very-secret"
    assert "very-secret" not in f"{settings!r}{settings}{settings.model_dump()}{settings.model_dump_json()}"


@pytest.mark.parametrize(
    "name", ["FETCH_TRIES", "HOST_REQUESTS_PER_SECOND", "CONNECT_SECONDS", "READ_SECONDS"]
)
def test_a_wait_of_nothing_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"VERIFY_{name}", "0")
    with pytest.raises(ValidationError):
        Settings()


def test_the_user_agent_names_the_product_and_the_contact() -> None:
    assert user_agent(Settings()).startswith(f"verify/{__version__} (")
    assert "desk@example.org" in user_agent(Settings(user_agent_contact="desk@example.org"))
    assert "\n" not in user_agent(Settings(user_agent_contact="a\r\nX-Evil: 1"))
