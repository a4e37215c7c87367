from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from verify.errors import FetchTimedOut, MediaGone, NameNotResolved, NetworkFailed, RateLimited, ServerFailed
from verify.fetch.cache import ResponseCache
from verify.fetch.manners import BREAK_SECONDS, BURST, CONCURRENCY, FAILURES, Manners
from verify.fetch.statuses import retry_after, status_error
from verify.settings import Settings


class Clock:
    """A clock that only moves when someone sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def manners(clock: Clock) -> Manners:
    settings = Settings(
        host_requests_per_second=2, fetch_tries=3, retry_seconds=1, longest_retry_after_seconds=30
    )
    return Manners(settings, clock=clock, sleep=clock.sleep)


def test_a_rested_host_gets_a_burst_and_then_the_set_rate(manners: Manners, clock: Clock) -> None:
    for _ in range(int(BURST) + 3):
        with manners.turn("a.example"):
            pass
    assert clock.slept[: int(BURST)] == [0.0] * int(BURST)
    assert clock.slept[int(BURST) :] == [pytest.approx(0.5)] * 3


def test_hosts_do_not_wait_for_each_other(manners: Manners, clock: Clock) -> None:
    for name in ("a.example", "b.example"):
        for _ in range(int(BURST)):
            with manners.turn(name):
                pass
    assert sum(clock.slept) == 0.0


def test_no_host_sees_more_than_two_requests_at_once() -> None:
    manners = Manners(Settings(host_requests_per_second=1000))
    inside, most, gate = [], [], threading.Event()

    def ask() -> None:
        with manners.turn("a.example"):
            inside.append(1)
            most.append(len(inside))
            gate.wait(0.05)
            inside.pop()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) <= CONCURRENCY
    assert len(most) == 6


def test_a_host_that_asks_for_quiet_is_not_asked_again_until_then(manners: Manners, clock: Clock) -> None:
    manners.note("a.example", RateLimited("HTTP 429", retry_after_seconds=60))
    with pytest.raises(RateLimited) as caught, manners.turn("a.example"):
        pytest.fail("the host was asked")
    assert caught.value.retry_after_seconds == pytest.approx(60)
    with manners.turn("b.example"):
        pass
    clock.now += 61
    with manners.turn("a.example"):
        pass


def test_a_host_that_keeps_failing_is_left_alone_for_a_while(manners: Manners, clock: Clock) -> None:
    for _ in range(FAILURES - 1):
        manners.note("a.example", NetworkFailed())
    with manners.turn("a.example"):
        manners.note("a.example", FetchTimedOut())
    with pytest.raises(NetworkFailed), manners.turn("a.example"):
        pytest.fail("the host was asked")
    clock.now += BREAK_SECONDS + 1
    with manners.turn("a.example"):
        manners.note("a.example", None)
    with manners.turn("a.example"):
        pass


def test_pauses_double_and_differ(manners: Manners, clock: Clock) -> None:
    assert manners.wait_to_retry(NetworkFailed(), 1)
    assert manners.wait_to_retry(ServerFailed(), 2)
    assert not manners.wait_to_retry(NetworkFailed(), 3)
    first, second = clock.slept
    assert 0.5 <= first <= 1.0 <= second <= 2.0


def test_a_short_pause_that_is_asked_for_is_kept_and_a_long_one_ends_the_tries(
    manners: Manners, clock: Clock
) -> None:
    assert manners.wait_to_retry(RateLimited("", retry_after_seconds=7), 1)
    assert clock.slept == [7.0]
    assert not manners.wait_to_retry(RateLimited("", retry_after_seconds=900), 1)


@pytest.mark.parametrize("failure", [None, MediaGone(), NameNotResolved(), FetchTimedOut()])
def test_what_will_not_pass_within_seconds_is_not_tried_again(
    manners: Manners, failure: MediaGone | None
) -> None:
    assert not manners.wait_to_retry(failure, 1)


# --- statuses ----------------------------------------------------------------------------------


def test_retry_after_is_read_in_every_form() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=90)
    assert retry_after({"retry-after": "120"}) == 120.0
    assert retry_after({"retry-after": format_datetime(soon, usegmt=True)}) == pytest.approx(90, abs=5)
    assert retry_after({"x-rate-limit-reset": str(int(soon.timestamp()))}) == pytest.approx(90, abs=5)
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0


@pytest.mark.parametrize(
    "headers", [{}, {"retry-after": "soon"}, {"retry-after": "-5"}, {"x-rate-limit-reset": "never"}]
)
def test_no_or_nonsensical_waits_are_none(headers: dict[str, str]) -> None:
    assert retry_after(headers) is None


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (200, None),
        (304, None),
        (400, "http_refused"),
        (401, "http_refused"),
        (403, "http_refused"),
        (404, "media_gone"),
        (408, "server_failed"),
        (410, "media_gone"),
        (429, "rate_limited"),
        (500, "server_failed"),
        (503, "server_failed"),
    ],
)
def test_statuses_are_errors_of_ours(status: int, code: str | None) -> None:
    error = status_error(status, {})
    assert (error.code if error else None) == code


# --- stored answers ----------------------------------------------------------------------------


def test_a_kept_answer_is_found_with_its_age_and_conditions(tmp_path: Path) -> None:
    cache = ResponseCache(tmp_path / "answers")
    assert cache.find("https://a.example/", "application/json") is None
    headers = {"etag": '"abc"', "last-modified": "Wed, 21 Oct 2015 07:28:00 GMT", "set-cookie": "secret"}
    cache.keep(
        "https://a.example/",
        "application/json",
        answered="https://a.example/b",
        headers=headers,
        body=b"\n{}\n",
    )
    stored = cache.find("https://a.example/", "application/json")
    assert stored is not None
    assert (stored.url, stored.body) == ("https://a.example/b", b"\n{}\n")
    assert stored.conditions == {
        "If-None-Match": '"abc"',
        "If-Modified-Since": "Wed, 21 Oct 2015 07:28:00 GMT",
    }
    assert "set-cookie" not in stored.headers
    assert cache.find("https://a.example/", "text/html") is None


@pytest.mark.parametrize("damage", [b"", b"no json\nbody", b'{"url": "x"}\nbody', b"\xff\xfe\n"])
def test_a_damaged_file_counts_as_absent(tmp_path: Path, damage: bytes) -> None:
    cache = ResponseCache(tmp_path)
    cache.keep("https://a.example/", "*/*", answered="https://a.example/", headers={}, body=b"whole")
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage)
    assert cache.find("https://a.example/", "*/*") is None


def test_a_body_that_was_changed_counts_as_absent(tmp_path: Path) -> None:
    cache = ResponseCache(tmp_path)
    cache.keep("https://a.example/", "*/*", answered="https://a.example/", headers={}, body=b"whole")
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes().replace(b"whole", b"other"))
    assert cache.find("https://a.example/", "*/*") is None


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify.fetch.cache.MOST_ENTRIES", 8)
    cache = ResponseCache(tmp_path)
    for number in range(12):
        cache.keep(f"https://a.example/{number}", "*/*", answered="", headers={}, body=b"x")
    assert len(list(tmp_path.iterdir())) <= 8
    assert cache.find("https://a.example/11", "*/*") is not None


def test_the_oldest_go_when_they_are_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify.fetch.cache.MOST_BYTES", 10_000)
    cache = ResponseCache(tmp_path)
    for number in range(8):
        cache.keep(f"https://a.example/{number}", "*/*", answered="", headers={}, body=b"x" * 3000)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 10_000
    assert cache.find("https://a.example/7", "*/*") is not None


def test_a_folder_that_cannot_be_written_only_means_that_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("a file in the way", encoding="utf-8")
    cache = ResponseCache(tmp_path / "answers")
    cache.keep("https://a.example/", "*/*", answered="", headers={}, body=b"x")
    assert cache.find("https://a.example/", "*/*") is None
