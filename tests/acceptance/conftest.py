"""A web server that plays the platforms, a home, and footage that every test may share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.commands import Commands
from tests.footage import render_image, render_video
from tests.web import Reply, Web, web_server

SIZE = (480, 270)


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as server:
        yield server


@pytest.fixture
def commands(tmp_path: Path, web: Web) -> Commands:
    home = tmp_path / "home"
    home.mkdir()
    return Commands(home, web)


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: `old.mp4`, pieces of it as re-posters make them, and clips of other scenes."""
    folder = tmp_path_factory.mktemp("footage")
    render_video(folder / "old.mp4", seed=1, seconds=10, size=SIZE)
    render_video(
        folder / "mirrored.mp4", seed=1, start=2.0, seconds=5, size=SIZE, mirror=True, options={"crf": "32"}
    )
    render_video(folder / "letterboxed.mp4", seed=1, start=4.0, seconds=4, size=SIZE, letterbox=0.2)
    render_video(folder / "other.mp4", seed=2, seconds=6, size=SIZE)
    render_video(folder / "third.mp4", seed=3, seconds=4, size=SIZE)
    render_image(folder / "frame.jpg", seed=1, at=6.0, size=SIZE)
    render_image(folder / "photo.png", seed=5, size=SIZE)
    render_image(folder / "photo-mirrored.jpg", seed=5, size=SIZE, mirror=True)
    return folder


def served(web: Web, path: str, body: bytes, mime: str = "video/mp4") -> str:
    """The address under which `body` is now served."""
    web.routes[path] = Reply(body=body, headers={"Content-Type": mime})
    return f"{web.url}{path}"
