"""The installed `verify` command, run as a person runs it: in a process of its own, in an empty home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.web import Web

PROGRAM = Path(sys.executable).with_name("verify")
SECONDS = 240  # longest any one command may take here


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Commands:
    """Runs commands with their data in `home`; `web` is the one private server they may reach."""

    def __init__(self, home: Path, web: Web, **settings: str) -> None:
        self.home = home
        self.web = web
        self.settings = {
            "VERIFY_HOME": str(home),
            "VERIFY_ALLOW_PRIVATE_HOSTS": web.host,
            "VERIFY_X_SYNDICATION_URL": web.url,
            "VERIFY_X_OEMBED_URL": web.url,
            "VERIFY_FREE_DISK_BYTES": "0",
            "VERIFY_RETRY_SECONDS": "0",
            "VERIFY_CACHE_SECONDS": "0",
            "VERIFY_HOST_REQUESTS_PER_SECOND": "1000",
            **settings,
        }

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VERIFY_")}
        return kept | self.settings | {"HOME": str(self.home), "COLUMNS": "200"}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        # A test run in the background ignores SIGINT, and so would every process it starts.
        return subprocess.Popen(
            ["env", "--default-signal=INT", str(PROGRAM), *arguments],
            env=self.environment(),
            cwd=self.home.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> Outcome:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=SECONDS)
        return Outcome(code=process.returncode, out=out, err=err)

    def check(self, *arguments: str) -> Outcome:
        """`verify check --json`, its report in the outcome's `json`."""
        return self.run("check", "--json", *arguments)

    def add(self, path: Path, *options: str) -> str:
        """The identifier of a reference that was just added."""
        outcome = self.run("reference", "add", str(path), "--title", path.stem, "--json", *options)
        assert outcome.code == 0, outcome.err
        identifier: str = outcome.json[0]["reference"]["id"]
        return identifier
