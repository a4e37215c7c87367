"""Stepping through a match, and the queue on a phone, in real headless Chromium."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.acceptance.desk import LONG, SHOTS, Desk
from tests.servers import wait_until


@pytest.fixture
def frames(page: Page, report: str) -> Page:
    """The frames' page, reached from the report."""
    page.goto(report)
    page.click("#m1s1 >> text=Step frame by frame")
    page.wait_for_selector("#stepping .pair img")
    return page


def said(page: Page) -> str:
    return page.inner_text("#said")


def wait_for_pictures(page: Page) -> None:
    """Both are there; a frame that nobody asked for before is decoded first.

    Asked from here: what polls inside the page needs `eval` there, which the
    page's own policy refuses from the second try on.
    """
    there = "[...document.querySelectorAll('.pair img')].every(one => one.complete && one.naturalWidth > 0)"
    wait_until(lambda: page.evaluate(there), what="both frames to be shown", seconds=LONG / 1000)


def press(page: Page, key: str) -> None:
    """The key, and the wait until the page shows another pair."""
    before = page.get_attribute("#stepping", "data-here")
    page.keyboard.press(key)
    page.wait_for_selector(f'#stepping:not([data-here="{before}"])')


def test_arrow_keys_step_through_the_files_own_frames(frames: Page) -> None:
    first = said(frames)
    assert "This footage 0:00.000" in first
    press(frames, "ArrowRight")
    assert "This footage 0:00.040" in said(frames)
    press(frames, "ArrowRight")
    assert "This footage 0:00.080" in said(frames)
    assert frames.inner_text("#live").startswith("In the matched segment.")
    assert "at=80000" in frames.url
    press(frames, "ArrowLeft")
    press(frames, "ArrowLeft")
    assert said(frames) == first
    press(frames, "Shift+ArrowRight")
    assert "This footage 0:01.000" in said(frames)
    wait_for_pictures(frames)


def test_the_view_stays_while_stepping_and_the_reference_moves_alone(frames: Page) -> None:
    frames.keyboard.press("r")
    frames.check("#look-overlay")
    frames.click("text=One second on")
    frames.wait_for_selector("#said:has-text('0:01.000')")
    frames.focus("#step-reference-next")
    press(frames, "Enter")
    assert "The reference is moved" in said(frames)
    assert frames.evaluate("document.activeElement.id") == "step-reference-next"
    assert frames.is_checked("#look-overlay")
    assert frames.is_checked("#reveal")
    query, known = (frames.locator(f".pair .{side} .picture").bounding_box() for side in ("query", "known"))
    assert query
    assert known
    assert query["x"] == known["x"]
    frames.screenshot(path=SHOTS / "12-frames-overlay.png", full_page=True)
    frames.click("text=Back to the found alignment")
    frames.wait_for_selector("#said:not(:has-text('is moved'))")
    frames.check("#look-side")
    frames.screenshot(path=SHOTS / "12-frames.png", full_page=True)
    wait_for_pictures(frames)
    frames.goto(frames.url)  # the address holds all of it
    assert frames.is_checked("#reveal")


def test_frames_are_stepped_through_without_scripts(desk: Desk, browser: Browser, report: str) -> None:
    with browser.new_context(java_script_enabled=False, base_url=desk.url) as context:
        page = context.new_page()
        page.set_default_timeout(LONG)
        page.goto(report)
        page.click("#m1s1 >> text=Step frame by frame")
        page.check("#reveal")
        page.click("#step-next")
        page.wait_for_selector("#said:has-text('0:00.040')")
        assert page.is_checked("#reveal")
        page.click("text=Last of the segment")
        page.wait_for_selector("#step-next:disabled")
        page.click("text=Back to segment 1")
        page.wait_for_selector("article")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_barrier_while_stepping(desk: Desk, browser: Browser, report: str, scheme: str) -> None:
    with browser.new_context(
        base_url=desk.url, color_scheme="dark" if scheme == "dark" else "light"
    ) as context:
        page = context.new_page()
        page.set_default_timeout(LONG)
        page.goto(report)
        page.click("#m1s1 >> text=Step frame by frame")
        page.wait_for_selector("#stepping")
        results = Axe().run(page).response
    serious = [one for one in results["violations"] if one["impact"] in {"serious", "critical"}]
    assert not [(one["id"], one["nodes"][0]["html"][:200]) for one in serious]


def test_a_narrow_screen_keeps_the_queue_a_table(page: Page, report: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{report}")
    page.click("#m1s1 >> text=Step frame by frame")
    page.wait_for_selector("#stepping")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.screenshot(path=SHOTS / "12-frames-390.png", full_page=True)
    page.goto("/")
    page.screenshot(path=SHOTS / "8-queue-390.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    children = {node["nodeId"]: node.get("childIds", []) for node in nodes}
    named = {node["nodeId"]: node for node in nodes if not node.get("ignored")}

    def below(top: dict[str, Any], role: str) -> list[dict[str, Any]]:
        todo, found = list(children[top["nodeId"]]), []
        while todo:
            name = todo.pop(0)
            if name in named and named[name]["role"]["value"] == role:
                found.append(named[name])
            else:
                todo = [*children.get(name, []), *todo]
        return found

    (table,) = [node for node in named.values() if node["role"]["value"] == "table"]
    head, *rows = below(table, "row")
    headers = [node["name"]["value"] for node in below(head, "columnheader")]
    assert headers == ["Submitted", "State", "Finding", "Accepted"]
    assert rows
    for row in rows:
        assert len(below(row, "rowheader")) == 1
        assert len(below(row, "cell")) == 3
