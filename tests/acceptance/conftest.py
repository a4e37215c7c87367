"""A web server that plays the platforms, a home, footage and a running desk that every test may share."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.acceptance.commands import Commands
from tests.acceptance.desk import ARGUMENTS, LONG, PROVENANCE, SHOTS, Desk, answers, watch
from tests.footage import render_image, render_video
from tests.servers import free_port, wait_until
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
    render_video(folder / "cropped.mp4", seed=1, start=2.0, seconds=4, size=SIZE, crop=(0.3, 0.25, 0.85, 0.8))
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


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory, footage: Path) -> Iterator[Desk]:
    SHOTS.mkdir(exist_ok=True)
    home = tmp_path_factory.mktemp("desk") / "home"
    home.mkdir()
    port = free_port()
    with web_server() as web, Commands(home, web).start("serve", "--port", str(port)) as server:
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until(lambda: answers(url), what="verify serve to answer")
            yield Desk(url=url, footage=footage, foreign=[])
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=60)
    assert server.returncode == 0


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(program).exists():
        pytest.skip("chromium is not installed: make services")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(desk: Desk, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1180, "height": 900}, base_url=desk.url)
    opened = context.new_page()
    opened.set_default_timeout(LONG)
    desk.foreign.clear()  # what another test has seen is that test's failure
    watch(opened, desk)
    yield opened
    context.close()
    assert not desk.foreign


@pytest.fixture(scope="session")
def report(desk: Desk, browser: Browser) -> str:
    """The address of a finished report, reached from the first page on as an editor does."""
    with browser.new_context(viewport={"width": 1180, "height": 900}, base_url=desk.url) as context:
        page = context.new_page()
        page.set_default_timeout(LONG)
        watch(page, desk)
        page.goto("/")
        page.screenshot(path=SHOTS / "1-first-run.png", full_page=True)
        page.click("text=add clips or photos")
        for field, words in PROVENANCE.items():
            page.fill(field, words)
        page.select_option("#first_seen_basis", "publication")
        page.set_input_files("#file", desk.footage / "old.mp4")
        page.screenshot(path=SHOTS / "2-add-reference.png", full_page=True)
        page.click("form.drop button")
        page.wait_for_selector("text=What is known of it")
        page.screenshot(path=SHOTS / "3-reference.png", full_page=True)
        page.click("nav >> text=Queue")
        page.set_input_files("#file", desk.footage / "mirrored.mp4")
        page.click("text=Claim, note and priority")
        page.fill("#claim", "M60T tanks at Al-Nayrab, 20 February 2020")
        page.click("form.drop > button")
        page.wait_for_selector("article")
        address = page.url
        page.click("#reveal")
        page.screenshot(path=SHOTS / "4-report.png", full_page=True)
    assert not desk.foreign
    return address
