"""Real servers for tests: PostgreSQL and Redis as processes of their own, so they can be killed.

Each listens on a free loopback port and keeps its files in a temporary folder. Where the programs
are not installed the tests skip by name; under CI they fail, since `make test` installs them.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
import redis

START_SECONDS = 60.0


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def program(name: str) -> str:
    """The path of a server's program. Skips the test when it is not installed, fails under CI."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*map(str, homes), os.environ.get("PATH", os.defpath)]))
    if found is None:
        message = f"{name} is not installed: make services"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


class Server:
    """One server process that can be stopped, killed, frozen and started again on the same port and files."""

    def __init__(
        self, command: list[str], folder: Path, ready: Callable[[], object], *, user: str | None
    ) -> None:
        self.command = command
        self.folder = folder
        self._ready = ready
        self._user = user
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                user=self._user,
            )
        wait_until(self._is_ready, what=f"{self.command[0]} to answer", log=self.folder / "log")

    def _is_ready(self) -> bool:
        try:
            self._ready()
        except (psycopg.OperationalError, redis.ConnectionError):
            return False
        return True

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """As a power cut for this process: no time to tidy up."""
        self.stop(signal.SIGKILL)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
        self.process.wait(START_SECONDS)
        self.process = None


class Redis(Server):
    """redis-server with the settings of the compose file: append-only file, no eviction."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        command = [
            program("redis-server"),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(folder),
        ]
        command += ["--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction"]
        super().__init__(command, folder, self.ping, user=None)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, socket_timeout=5)

    def ping(self) -> None:
        with self.client() as client:
            client.ping()


class Postgres(Server):
    """A PostgreSQL cluster of its own; it refuses to run as root, so root runs it as another user."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        user = _unprivileged_user()
        data = folder / "data"
        if user:
            shutil.chown(folder, user)
        initdb = [
            program("initdb"),
            "-D",
            str(data),
            "-U",
            "verify",
            "--auth=trust",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        subprocess.run([*initdb, "--locale=C"], check=True, capture_output=True, cwd=folder, user=user)
        command = [
            program("postgres"),
            "-D",
            str(data),
            "-p",
            str(self.port),
            "-c",
            "listen_addresses=127.0.0.1",
        ]
        # What a killed process has written is in the system's cache: only a power cut needs fsync.
        command += ["-c", f"unix_socket_directories={folder}", "-c", "max_connections=60", "-c", "fsync=off"]
        super().__init__(command, folder, self.ping, user=user)

    def url(self, name: str = "postgres") -> str:
        return f"postgresql+psycopg://verify@127.0.0.1:{self.port}/{name}"

    def ping(self) -> None:
        self.execute("SELECT 1")

    def execute(self, statement: str, name: str = "postgres") -> None:
        address = f"postgresql://verify@127.0.0.1:{self.port}/{name}"
        with psycopg.connect(address, autocommit=True, connect_timeout=2) as connection:
            connection.execute(statement.encode())

    def freeze(self, seconds: float) -> None:
        """Stops every process of the cluster for a while, as a machine that swaps does."""
        assert self.process is not None
        family = [self.process.pid, *_children(self.process.pid)]
        _signal(family, signal.SIGSTOP)
        time.sleep(seconds)
        _signal(family, signal.SIGCONT)


def _signal(pids: list[int], number: signal.Signals) -> None:
    """A backend may end at any moment: the first process, woken, reaps those that ended before it froze."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def wait_until(
    condition: Callable[[], object],
    *,
    what: str,
    seconds: float = START_SECONDS,
    every_seconds: float = 0.05,
    log: Path | None = None,
) -> None:
    """Returns once `condition` holds. Fails the test when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-4000:] if log else ""
            pytest.fail(f"waited {seconds} s for {what}\n{tail}")
        time.sleep(every_seconds)


Kind = TypeVar("Kind", bound="Redis | Postgres")


@contextlib.contextmanager
def running(kind: type[Kind]) -> Iterator[Kind]:
    """A server of that kind, started; stopped and its folder removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f"verify-{kind.__name__.lower()}-"))
    try:
        server = kind(folder)
        try:
            server.start()
            yield server
        finally:
            # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
            server.stop(signal.SIGINT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with running(Postgres) as server:
        yield server


@pytest.fixture
def redis_server() -> Iterator[Redis]:
    with running(Redis) as server:
        yield server
