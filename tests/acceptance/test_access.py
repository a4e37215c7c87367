"""`verify user`, `verify key` and where `verify serve` may listen, as an operator uses them."""

from __future__ import annotations

import signal
import subprocess

import httpx2

from tests.acceptance.commands import PROGRAM, Commands
from tests.servers import free_port, wait_until


def with_password(commands: Commands, password: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROGRAM), *arguments, "--password-stdin"],
        env=commands.environment(),
        input=f"{password}\n",
        capture_output=True,
        text=True,
        check=False,
    )


def test_beyond_loopback_nobody_is_let_in_without_a_key(commands: Commands) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with commands.start("serve", "--host", "0.0.0.0", "--port", str(port), "--workers", "0") as server:
        try:
            wait_until(lambda: status(f"{url}/healthz") == 200, what="the server to answer")
            assert status(f"{url}/api/v1/items") == 401
            secret = commands.run("key", "add", "desk", "--scope", "read").out.strip()
            assert status(f"{url}/api/v1/items", Authorization=f"Bearer {secret}") == 200
        finally:
            server.send_signal(signal.SIGTERM)
            _, err = server.communicate(timeout=60)
    assert "nobody can use this server yet" in err


def status(url: str, **headers: str) -> int:
    """The status of the answer; 0 when nobody answers."""
    try:
        return httpx2.get(url, headers=headers, timeout=5).status_code
    except httpx2.HTTPError:
        return 0


def test_a_key_is_made_shown_once_and_revoked(commands: Commands) -> None:
    made = commands.run("key", "add", "newsroom", "--scope", "read")
    assert made.code == 0
    assert made.out.startswith("vk_")
    listed = commands.run("key", "list").out
    assert "newsroom" in listed
    assert made.out.strip() not in listed
    identifier = listed.splitlines()[1].split()[0]
    assert commands.run("key", "revoke", identifier).code == 0
    assert "revoked" in commands.run("key", "list").out
    assert commands.run("key", "revoke", identifier).code == 2


def test_a_user_is_added_once_with_a_password_that_is_long_enough(commands: Commands) -> None:
    assert with_password(commands, "short", "user", "add", "Ana").returncode == 2
    assert (
        with_password(commands, "long enough for it", "user", "add", "Ana", "--scope", "admin").returncode
        == 0
    )
    again = with_password(commands, "long enough for it", "user", "add", "Ana")
    assert again.returncode == 2
    assert "already" in again.stderr
    assert "admin" in commands.run("user", "list").out
    assert with_password(commands, "another long one", "user", "password", "Bob").returncode == 2
    assert commands.run("user", "disable", "Ana").code == 0
    assert "disabled" in commands.run("user", "list").out


def test_without_a_terminal_a_password_must_be_piped(commands: Commands) -> None:
    outcome = commands.run("user", "add", "Ana")
    assert outcome.code == 2
    assert "--password-stdin" in outcome.err
