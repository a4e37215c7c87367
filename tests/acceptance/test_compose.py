"""The compose file, proven without a container engine: its very commands against real servers.

Every command and environment is taken from the resolved file. Only what an engine would map is mapped
here: host names to loopback ports, and volumes to folders.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.acceptance.test_check import POST_ID, copies, play_post, video_of
from tests.servers import Postgres, Redis, free_port, program, wait_until
from tests.web import Reply, Web
from workers.supervisor import STOP_SECONDS

ROOT = Path(__file__).resolve().parents[2]
WORKERS = ("worker-fetch", "worker-analyse", "beat")


@pytest.fixture(scope="session")
def resolved() -> dict[str, Any]:
    """The compose file with its variables filled in, as docker-compose itself reads it."""
    environment = os.environ | {
        "POSTGRES_PASSWORD": secrets.token_hex(8),
        "VERIFY_PORT": str(free_port()),
        "VERIFY_FETCH_PROCESSES": "1",
        "VERIFY_LOG_LEVEL": "WARNING",
    }
    found = subprocess.run(
        [program("docker-compose"), "-f", str(ROOT / "docker-compose.yml"), "config"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    services: dict[str, Any] = yaml.safe_load(found.stdout)["services"]
    return services


class Stack:
    """The services of the file as processes on this machine."""

    def __init__(
        self, services: dict[str, Any], redis: Redis, postgres: Postgres, home: Path, web: Web
    ) -> None:
        self._services = services
        name = f"compose_{secrets.token_hex(4)}"
        postgres.execute(f"CREATE DATABASE {name}")
        self._places = {
            "postgres:5432/verify": f"127.0.0.1:{postgres.port}/{name}",
            "redis:6379": f"127.0.0.1:{redis.port}",
            "/data": str(home),
            "/tmp/beat-schedule": str(home / "beat-schedule"),
        }
        self._stand_in = {
            "VERIFY_X_SYNDICATION_URL": web.url,
            "VERIFY_ALLOW_PRIVATE_HOSTS": web.host,
            "VERIFY_FREE_DISK_BYTES": "0",
        }

    def environment(self, name: str) -> dict[str, str]:
        declared = {key: self._mapped(value) for key, value in self._services[name]["environment"].items()}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        kept = {key: value for key, value in os.environ.items() if not key.startswith("VERIFY_")}
        return kept | {"PATH": path, "PYTHONWARNINGS": "ignore"} | declared | self._stand_in

    def run(self, name: str, command: list[str] | None = None) -> subprocess.CompletedProcess[str]:
        """The service's command, or another one in its place, to its end."""
        arguments = command or self._command(name)
        return subprocess.run(
            arguments, env=self.environment(name), cwd=ROOT, capture_output=True, text=True, check=False
        )

    @contextmanager
    def running(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(self._command(name), env=self.environment(name), cwd=ROOT)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS + 15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def health(self, name: str) -> bool:
        """Whether the health check that the file declares is content."""
        kind, *command = self._services[name]["healthcheck"]["test"]
        assert kind == "CMD"
        return self.run(name, [self._mapped(part) for part in command]).returncode == 0

    def _command(self, name: str) -> list[str]:
        return [self._mapped(part) for part in self._services[name]["command"]]

    def _mapped(self, text: str) -> str:
        for place, here in self._places.items():
            text = text.replace(place, here)
        return text


@pytest.fixture
def stack(
    resolved: dict[str, Any], redis_server: Redis, postgres_server: Postgres, tmp_path: Path, web: Web
) -> Stack:
    home = tmp_path / "data"
    home.mkdir()
    return Stack(resolved, redis_server, postgres_server, home, web)


def test_the_file_starts_what_works_a_post_off_and_answers_with_its_report(
    stack: Stack, resolved: dict[str, Any], web: Web, footage: Path
) -> None:
    # Given the migrated database, a key, and the services of the file
    migrated = stack.run("migrate")
    assert migrated.returncode == 0, migrated.stderr
    secret = stack.run("migrate", ["verify", "key", "add", "test"]).stdout.strip()
    added = stack.run("migrate", ["verify", "reference", "add", str(footage / "old.mp4"), "--title", "Old"])
    assert added.returncode == 0, added.stderr
    port = int(resolved["api"]["command"][5])
    with ExitStack() as running:
        for name in ("api", *WORKERS):
            running.enter_context(stack.running(name))
        wait_until(lambda: stack.health("api"), what="the API's own health check")
        client = running.enter_context(
            httpx2.Client(
                base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {secret}"}, timeout=30
            )
        )
        # When a post is queued whose video is a piece of the reference
        web.routes["/clip.mp4"] = Reply(body=(footage / "mirrored.mp4").read_bytes())
        play_post(web, [video_of(f"{web.url}/clip.mp4")])
        answer = client.post("/api/v1/items", json={"url": f"https://x.com/somebody/status/{POST_ID}"})
        assert answer.status_code == 202, answer.text
        item_id = first_id(answer.json())

        # Then both lanes work on it, and its report names the reference
        def ended() -> bool:
            found = client.get(f"/api/v1/items/{item_id}").json()
            assert found["state"] not in {"failed", "cancelled"}, found
            return bool(found["state"] == "done")

        wait_until(ended, what="the post to be worked off", seconds=120)
        report = client.get(f"/api/v1/items/{item_id}/report.json").json()
        assert copies(report)
        assert all(stack.health(name) for name in ("worker-fetch", "worker-analyse"))


def first_id(answer: Any) -> str:
    """The identifier in the answer to a queued post, whether it stands alone or in a list."""
    found = answer["items"][0] if "items" in answer else answer
    identifier: str = found["id"]
    return identifier


def test_the_servers_run_as_the_file_says(resolved: dict[str, Any], tmp_path: Path) -> None:
    command = resolved["redis"]["command"]
    server = Redis(tmp_path)
    server.command = [
        program("redis-server"),
        *command[1:],
        "--port",
        str(server.port),
        "--dir",
        str(tmp_path),
    ]
    server.start()
    try:
        with server.client() as client:
            assert client.config_get("appendonly")["appendonly"] == "yes"
            assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
    finally:
        server.stop()


def test_the_file_holds_no_secret_and_keeps_its_promises(resolved: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?" in text
    assert all(service["restart"] in {"unless-stopped", "on-failure"} for service in resolved.values())
    for name, service in resolved.items():
        assert "healthcheck" in service or name in {"migrate", "beat"}, name
    example = (ROOT / ".env.example").read_text()
    named = {line.partition("=")[0] for line in example.splitlines() if line and not line.startswith("#")}
    assert all(f"${{{variable}" in text for variable in named)


def test_without_a_password_nothing_starts() -> None:
    environment = {key: value for key, value in os.environ.items() if key != "POSTGRES_PASSWORD"}
    found = subprocess.run(
        [program("docker-compose"), "-f", str(ROOT / "docker-compose.yml"), "config"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT.anchor,
    )
    assert found.returncode != 0
    assert "set it in .env" in found.stderr


def test_the_image_copies_what_it_installs_and_runs_without_rights() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    for line in lines:
        if line.startswith("COPY") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source
    assert "USER verify" in lines
    assert sum(line.startswith("FROM") for line in lines) == 2


def test_an_installed_wheel_carries_the_migrations_and_the_workers(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in ("verify", "workers"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--wheel-dir", str(tmp_path / "dist"), str(source)], check=True, cwd=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("verify-*.whl")
    site = tmp_path / "site"
    shutil.unpack_archive(wheel, site, "zip")
    asked = (
        "import json, verify, workers.app;"
        "from verify.store.database import newest_version, open_database, migrate;"
        f"database = open_database('sqlite:///{tmp_path}/new.sqlite'); migrate(database);"
        "print(json.dumps([newest_version(), verify.__file__, workers.__file__]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", asked],
        env=os.environ | {"PYTHONPATH": str(site)},
        cwd=site,
        capture_output=True,
        text=True,
        check=True,
    )
    version, *places = json.loads(told.stdout)
    assert version
    assert all(Path(place).is_relative_to(site) for place in places)
