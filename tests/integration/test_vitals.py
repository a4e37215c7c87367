"""What `verify doctor` says of the broker, asked of a real Redis."""

from __future__ import annotations

from pathlib import Path

from tests.servers import Redis
from verify.cli.doctor import examine
from verify.cli.vitals import Check
from verify.settings import Settings


def broker(home: Path, url: str) -> Check:
    checks = examine(Settings(home=home, broker_url=url, free_disk_bytes=0))
    (found,) = [check for check in checks if check.area == "broker"]
    return found


def test_a_broker_that_answers_is_well(tmp_path: Path, redis_server: Redis) -> None:
    assert broker(tmp_path, redis_server.url) == Check(area="broker", state="ok", text="answers")


def test_a_broker_that_is_gone_is_wrong_and_the_queue_goes_on_by_the_sweep(
    tmp_path: Path, redis_server: Redis
) -> None:
    redis_server.kill()
    found = broker(tmp_path, redis_server.url)
    assert found.state == "wrong"
    assert "the sweep will ring" in found.text
    assert "refused" in found.text


def test_the_embedded_mode_needs_none(tmp_path: Path) -> None:
    found = broker(tmp_path, "")
    assert (found.state, found.text) == ("ok", "none: the embedded mode needs none")
