"""The pages as an editor uses them: `verify serve`, in real headless Chromium, on rendered footage.

Screenshots are kept in test-artefacts/ for whoever wants to look.
"""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.acceptance.desk import LONG, SHOTS, Desk


def test_the_report_shows_the_match_and_since_when(page: Page, report: str) -> None:
    page.goto(report)
    words = page.inner_text("article")
    assert "2016-08-24" in words
    assert "mirrored" in words
    assert "Limits: what this finding does not prove" in words
    assert page.locator(".timeline .block").count() >= 2
    assert page.locator("#keyframes .strip img").count() >= 5


def test_pictures_are_blurred_until_one_key_reveals_them(page: Page, report: str) -> None:
    page.goto(report)
    filter_of = "document.querySelector('.segment .picture img').computedStyleMap().get('filter').toString()"
    assert page.evaluate(filter_of).startswith("blur")
    page.keyboard.press("r")
    assert page.evaluate(filter_of) == "none"
    page.keyboard.press("r")
    assert page.evaluate(filter_of).startswith("blur")


def test_the_two_frames_can_be_laid_over_each_other(page: Page, report: str) -> None:
    page.goto(report)
    page.keyboard.press("r")
    query, known = (
        page.locator(f"#m1s1 .pair:not([hidden]) .{side} .picture") for side in ("query", "known")
    )
    apart = query.bounding_box(), known.bounding_box()
    assert apart[0]
    assert apart[1]
    assert apart[0]["x"] < apart[1]["x"]
    for view in ("overlay", "difference", "flicker"):
        page.check(f"#m1s1 .as-{view}")
        together = query.bounding_box(), known.bounding_box()
        assert together[0]
        assert together[1]
        assert together[0]["x"] == together[1]["x"]
        page.locator("#m1s1").screenshot(path=SHOTS / f"5-{view}.png")


def test_a_mirrored_reference_can_be_shown_mirrored(page: Page, report: str) -> None:
    page.goto(report)
    page.keyboard.press("r")
    page.check("#m1s1 .as-turned")
    turned = "new DOMMatrix(getComputedStyle(document.querySelector('#m1s1 .known img')).transform).a"
    assert page.evaluate(turned) < 0
    page.locator("#m1s1").screenshot(path=SHOTS / "5-mirrored.png")


def test_frame_pairs_can_be_stepped_through(page: Page, report: str) -> None:
    page.goto(report)
    shown = page.locator("#m1s1 .pair:visible")
    assert shown.count() == 1
    first = shown.inner_text()
    page.click("#m1s1 >> text=Later")
    assert shown.inner_text() != first
    page.keyboard.press("ArrowLeft")
    assert shown.inner_text() == first


def test_a_person_confirms_a_match_and_rates_the_item(page: Page, report: str) -> None:
    page.goto(report)
    page.fill("#note-m1s1", "same road, same trees")
    page.fill("#by-m1s1", "Ana")
    page.click("#m1s1 >> text=Confirm")
    page.wait_for_selector("#m1s1 .said")
    assert "confirms this match. same road, same trees" in page.inner_text("#m1s1 .said")
    page.select_option("#rating", "DecontextualizedContent")
    page.fill("#rating-note", "Published in 2016")
    page.fill("#by", "Ana")
    page.click("text=Set the rating")
    page.wait_for_selector("#judgement li")
    assert "Published in 2016" in page.inner_text("#judgement")
    page.screenshot(path=SHOTS / "6-judged.png", full_page=True)


def test_everything_can_be_done_by_keyboard(page: Page, desk: Desk) -> None:
    page.goto("/")
    reached = _tab_to(page, "#urls")
    page.keyboard.type("https://192.0.2.1/nothing.mp4")
    reached += _tab_to(page, "form.drop > button")
    assert reached < 20
    page.keyboard.press("Enter")
    page.wait_for_selector("article")
    assert "Not retrievable" in page.inner_text("h1")
    _tab_to(page, ".skip")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    assert desk.url in page.url


def _tab_to(page: Page, selector: str) -> int:
    """How many times Tab was pressed until the element had the focus."""
    page.evaluate("document.activeElement.blur()") if selector == ".skip" else None
    for pressed in range(1, 40):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return pressed
    pytest.fail(f"{selector} cannot be reached with Tab")


def test_it_works_without_scripts(desk: Desk, browser: Browser, report: str) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=desk.url)
    page = context.new_page()
    page.set_default_timeout(LONG)
    page.goto("/")
    page.set_input_files("#file", desk.footage / "other.mp4")
    page.click("form.drop > button")
    page.wait_for_selector("article")  # the waiting page reloads itself
    assert "No match in the reference set" in page.inner_text("h1")
    page.goto(report)
    assert page.locator("#m1s1 .pair").count() >= 2
    page.check("#reveal")
    page.check("#m1s1 .as-overlay")
    page.fill("#rating-note", "seen without scripts")
    page.fill("#by", "Bo")
    page.click("text=Write the note only")
    page.wait_for_selector("text=seen without scripts")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_barrier_on_any_page(desk: Desk, browser: Browser, report: str, scheme: str) -> None:
    context = browser.new_context(base_url=desk.url, color_scheme="dark" if scheme == "dark" else "light")
    # axe itself is put into the page by the test; the policy of the pages would refuse it.
    page = context.new_page()
    reference = json.loads(urllib.request.urlopen(f"{desk.url}/api/v1/references").read())["references"][0][
        "id"
    ]
    addresses = [
        "/",
        report,
        "/references",
        f"/references/{reference}",
        "/compare",
        "/status",
        "/login",
        "/nothing",
    ]
    found = {}
    for number, address in enumerate(addresses):
        page.goto(address)
        results = Axe().run(page).response
        page.screenshot(path=SHOTS / f"7-{scheme}-{number}.png", full_page=True)
        serious = [one for one in results["violations"] if one["impact"] in {"serious", "critical"}]
        if serious:
            found[address] = [
                (one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in serious
            ]
    context.close()
    assert not found


@pytest.mark.parametrize("width", [360, 768])
def test_no_page_scrolls_sideways_on_a_small_screen(page: Page, report: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    for address in ("/", report, "/references", "/compare", "/status"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    page.goto(report)
    page.screenshot(path=SHOTS / f"8-width-{width}.png", full_page=True)


def test_it_prints_to_pdf(page: Page, report: str) -> None:
    page.goto(report)
    page.emulate_media(media="print")
    page.screenshot(path=SHOTS / "9-print.png", full_page=True)
    assert not page.locator(".masthead, .tools, .judge, .views").filter(visible=True).count()
    assert page.locator(".timeline .block").first.is_visible()
    assert page.locator("#m1s1 .pair:visible").count() >= 2
    pdf = page.pdf(path=SHOTS / "9-print.pdf", format="A4", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type/Page") >= 1


def test_the_exported_file_stands_alone(page: Page, report: str, tmp_path: Path) -> None:
    page.goto(report)
    with page.expect_download() as download:
        page.click("text=one HTML file")
    file = tmp_path / "report.html"
    download.value.save_as(file)
    here = page.inner_text("article #footage")
    page.goto(file.as_uri())
    page.check("#reveal")
    page.screenshot(path=SHOTS / "10-exported.png", full_page=True)
    assert page.locator("img").count() >= 2
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert "Matched segments" in here
    assert "Matched segments" in page.inner_text("#footage")


@pytest.mark.parametrize("name", ["letterboxed.mp4", "cropped.mp4"])
def test_two_media_are_compared_without_keeping_anything(page: Page, desk: Desk, name: str) -> None:
    page.goto("/compare")
    page.set_input_files("#a", desk.footage / name)
    page.set_input_files("#b", desk.footage / "old.mp4")
    page.click("button:has-text('Compare')")
    page.wait_for_selector("article")
    assert page.locator("#m1s1").count() == 1
    page.goto("/")
    assert name not in page.inner_text("main")


def test_the_queue_shows_states_as_they_change(page: Page, desk: Desk) -> None:
    page.goto("/")
    page.set_input_files("#file", desk.footage / "third.mp4")
    page.click("form.drop > button")
    page.goto("/")
    row = page.locator("tr:has-text('third.mp4')").first
    row.locator(".state.done").wait_for()
    assert row.locator(".found").inner_text()
    page.screenshot(path=SHOTS / "11-queue.png", full_page=True)
