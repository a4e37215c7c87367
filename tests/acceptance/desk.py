"""What the tests of the pages share: a running desk, and a page that notes what it must not see."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, Request

SHOTS = Path(__file__).resolve().parents[2] / "test-artefacts"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--no-first-run",
)
PROVENANCE = {
    "#title": "Convoy on a road \u202e<b>",
    "#source_url": "https://news.example/2016/08/24",
    "#first_seen": "2016-08-24",
    "#place": "Al-Rai, Syria",
    "#latitude": "36.63",
    "#longitude": "37.45",
    "#equipment": "M60T",
}
LONG = 120_000  # milliseconds; the machine that tests may be slow


@dataclass(frozen=True, kw_only=True)
class Desk:
    url: str
    footage: Path
    foreign: list[str]  #: requests that went elsewhere, and errors in the console


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def watch(page: Page, desk: Desk) -> None:
    def asked(request: Request) -> None:
        if not request.url.startswith((desk.url, "data:", "file:")):
            desk.foreign.append(request.url)

    page.on("request", asked)
    page.on("pageerror", lambda error: desk.foreign.append(str(error)))
    page.on("console", lambda said: desk.foreign.append(said.text) if said.type == "error" else None)
