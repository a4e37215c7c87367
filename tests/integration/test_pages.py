"""The pages without a browser: forms, sessions, policies, and hostile text shown inert."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import update

from tests.api_server import ApiServer, api_server
from tests.unit import sample_report
from tests.unit.sample_report import ATTACKS, hostile_report
from verify.model import Finding, FindingLabel
from verify.store.items import NewItem
from verify.store.people import Scope
from verify.store.tables import items

HTML = {"Accept": "text/html"}
PASSWORD = "correct horse battery"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ApiServer]:
    with api_server(tmp_path) as server:
        yield server


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[ApiServer]:
    with api_server(tmp_path, is_open=False) as server:
        yield server


def sign_in(server: ApiServer, name: str, password: str = PASSWORD) -> httpx2.Response:
    token = server.form_token("/login")
    return server.client.post(
        "/login", data={"name": name, "password": password, "token": token, "next": "/"}
    )


# --- first run and forms ----------------------------------------------------------------------


def test_the_first_page_says_how_to_begin(desk: ApiServer) -> None:
    tree = LexborHTMLParser(desk.client.get("/", headers=HTML).text)
    assert "How to begin" in tree.body.text()
    assert tree.css_first("form[action='/queue'] textarea") is not None


def test_a_form_queues_every_address(desk: ApiServer) -> None:
    urls = "https://x.com/a/status/1\n https://x.com/a/status/2\r\n\r\nhttps://x.com/a/status/1"
    answer = desk.client.post("/queue", data={"urls": urls, "claim": "tanks", "token": desk.form_token()})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    found = desk.client.get("/api/v1/items").json()["items"]
    assert [item["key"] for item in found] == ["x:2", "x:1"]
    assert {item["claim"] for item in found} == {"tanks"}


def test_the_status_page_says_when_nobody_works(desk: ApiServer) -> None:
    def health() -> str:
        page = LexborHTMLParser(desk.client.get("/status", headers=HTML).text)
        return page.css_first("section[aria-labelledby=health]").text()

    assert "no worker" not in health()
    ledger = desk.services.ledger
    ledger.enqueue(NewItem(submitted="https://x.com/a/status/1"))
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    with desk.tool.database.writing() as connection:
        connection.execute(update(items).values(not_before=long_ago))
    assert "no worker has been heard of for 30" in health()
    (desk.tool.settings.home / "blobs" / "incoming").rmdir()
    assert "No such file" in health()


def test_a_line_of_the_queue_says_in_words_what_is_done(desk: ApiServer) -> None:
    ledger = desk.services.ledger
    lease = ledger.begin(NewItem(submitted="https://x.com/a/status/1", claim="x" * 500), worker="test")
    ledger.heartbeat(lease, stage="match/1", progress=0.5)
    row = LexborHTMLParser(desk.client.get("/", headers=HTML).text).css_first("tr[data-item]").text()
    assert "searching the reference set (medium 2)" in row
    assert "JSON" not in row
    told = desk.client.get(f"/api/v1/items/{lease.item.id}").json()
    assert told["doing"] == "searching the reference set (medium 2)"


def test_what_was_asked_for_before_is_shown_and_not_queued_again(desk: ApiServer) -> None:
    def add(urls: str) -> str:
        data = {"urls": urls, "token": desk.form_token()}
        return desk.client.post("/queue", data=data).headers["location"]

    first = add("https://x.com/a/status/1")
    again = add("https://twitter.com/a/status/1")
    assert again == f"{first}?joined=1"
    assert "nothing was queued twice" in desk.client.get(again, headers=HTML).text
    listed = add("https://x.com/a/status/1 https://x.com/a/status/2")
    assert "1 of 2 were asked for before" in desk.client.get(listed, headers=HTML).text
    assert len(desk.client.get("/api/v1/items").json()["items"]) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"token": ""},
        {"token": "0" * 64},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_form_of_another_site_is_refused(desk: ApiServer, changes: dict[str, str]) -> None:
    data = {"urls": "https://x.com/a/status/1", "token": desk.form_token()}
    data |= {name: value for name, value in changes.items() if name == "token"}
    headers = HTML | {name: value for name, value in changes.items() if name != "token"}
    answer = desk.client.post("/queue", data=data, headers=headers)
    assert answer.status_code == 403
    assert not desk.client.get("/api/v1/items").json()["items"]


@pytest.mark.parametrize("path", ["/api/v1/items", "/api/v1/references"])
def test_another_site_cannot_use_the_open_api_through_a_browser(desk: ApiServer, path: str) -> None:
    answer = desk.client.post(
        path, json={"url": "https://x.com/a/status/1"}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_another_browser_s_token_does_not_fit(desk: ApiServer) -> None:
    with httpx2.Client(base_url=desk.url) as other:
        page = other.get("/", headers=HTML).text
        token = page.partition('name="token" value="')[2].partition('"')[0]
    desk.form_token()
    answer = desk.client.post("/queue", data={"urls": "https://x.com/a/status/1", "token": token})
    assert answer.status_code == 403


# --- sessions ---------------------------------------------------------------------------------


def test_whoever_is_not_signed_in_is_asked_to(closed: ApiServer) -> None:
    answer = closed.client.get("/references", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/references")
    assert "verify user add" in closed.client.get("/login", headers=HTML).text


def test_a_person_signs_in_acts_in_their_name_and_signs_out(closed: ApiServer) -> None:
    closed.services.people.add_user("Ana", PASSWORD, [Scope.READ, Scope.QUEUE])
    answer = sign_in(closed, "Ana")
    assert answer.status_code == 303
    cookie = next(
        value for value in answer.headers.get_list("set-cookie") if value.startswith("verify_session")
    )
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    item = closed.finished()
    page = closed.client.get(f"/items/{item.id}", headers=HTML).text
    token = page.partition('name="token" value="')[2].partition('"')[0]
    said = {"kind": "note", "note": "looks right", "token": token}
    assert closed.client.post(f"/items/{item.id}/judge", data=said).status_code == 303
    assert closed.services.judgements.of_item(item.id)[0].by == "Ana"
    assert closed.client.get("/status", headers=HTML).status_code == 403
    assert closed.client.post("/logout", data={"token": token}).status_code == 303
    assert closed.client.get("/", headers=HTML).status_code == 303


def test_a_wrong_password_and_an_unknown_name_look_alike(closed: ApiServer) -> None:
    closed.services.people.add_user("Ana", PASSWORD, [Scope.READ])
    answers = [sign_in(closed, name, "wrong password") for name in ("Ana", "Bob")]
    assert {answer.status_code for answer in answers} == {401}
    texts = {re.sub(r'value="[0-9a-f]{64}"', "", answer.text) for answer in answers}
    assert len(texts) == 1


def test_a_disabled_person_is_out_at_once(closed: ApiServer) -> None:
    closed.services.people.add_user("Ana", PASSWORD, [Scope.READ])
    sign_in(closed, "Ana")
    assert closed.client.get("/", headers=HTML).status_code == 200
    closed.services.people.disable_user("Ana")
    assert closed.client.get("/", headers=HTML).status_code == 303
    assert sign_in(closed, "Ana").status_code == 401


def test_passwords_cannot_be_tried_fast(closed: ApiServer) -> None:
    closed.services.people.add_user("Ana", PASSWORD, [Scope.READ])
    statuses = [sign_in(closed, "Ana", "wrong password").status_code for _ in range(25)]
    assert statuses[0] == 401
    assert 429 in statuses


@pytest.mark.parametrize(
    "address", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x"]
)
def test_signing_in_leads_nowhere_else(closed: ApiServer, address: str) -> None:
    closed.services.people.add_user("Ana", PASSWORD, [Scope.READ])
    data = {"name": "Ana", "password": PASSWORD, "token": closed.form_token("/login"), "next": address}
    assert closed.client.post("/login", data=data).headers["location"] == "/"


# --- what a page may do -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/references", "/compare", "/status", "/login", "/nothing"])
def test_no_page_may_load_anything_from_elsewhere(desk: ApiServer, path: str) -> None:
    answer = desk.client.get(path, headers=HTML)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'")
    assert "unsafe" not in policy
    tree = LexborHTMLParser(answer.text)
    assert not tree.css("script:not([src]), [style], style")
    for node in tree.css("[src], link[href]"):
        assert (node.attributes.get("src") or node.attributes.get("href") or "").startswith("/")
    assert not any(name.startswith("on") for node in tree.css("*") for name in node.attributes)


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_text_is_inert_on_every_page(desk: ApiServer, attack: str) -> None:
    text = attack.encode("utf-8", "replace").decode().replace("\x00", "")
    item = desk.finished(hostile_report(text), claim=text, note=text)
    desk.services.ledger.enqueue(NewItem(submitted=text or "x", claim=text))
    for path in ("/", f"/items/{item.id}", "/nothing?" + re.sub(r"\W", "", text)):
        tree = LexborHTMLParser(desk.client.get(path, headers=HTML).text)
        assert [node.attributes.get("src") for node in tree.css("script")] == ["/static/desk.js"]
        assert not tree.css("iframe, object, embed, base, main meta, svg[onload], img[onerror]")
        assert not any(name.startswith("on") for node in tree.css("*") for name in node.attributes)
        for node in tree.css("a[href]"):
            assert re.match(r"[/#]|https?://", node.attributes["href"] or "")


# --- reports ----------------------------------------------------------------------------------


def words_of(tree: LexborHTMLParser) -> str:
    for node in tree.css("form, .tools, article .judge"):
        node.decompose()
    return " ".join(tree.css_first("article").text(separator=" ").split())


def test_the_exported_file_says_what_the_page_says(desk: ApiServer) -> None:
    item = desk.finished()
    desk.client.post(
        f"/api/v1/items/{item.id}/judgements", json={"kind": "note", "note": "seen by two of us", "by": "Ana"}
    )
    page = words_of(LexborHTMLParser(desk.client.get(f"/items/{item.id}", headers=HTML).text))
    file = words_of(LexborHTMLParser(desk.client.get(f"/api/v1/items/{item.id}/report.html").text))
    assert "seen by two of us" in file
    assert page == file


def test_a_match_is_rejected_from_its_page(desk: ApiServer) -> None:
    item = desk.finished()
    tree = LexborHTMLParser(desk.client.get(f"/items/{item.id}", headers=HTML).text)
    form = tree.css_first("form.judge.inline")
    fields = {node.attributes["name"]: node.attributes.get("value") or "" for node in form.css("input")}
    answer = desk.client.post(
        form.attributes["action"], data=fields | {"note": "other hull", "by": "Ana", "kind": "reject"}
    )
    assert answer.headers["location"] == f"/items/{item.id}#m1s1"
    shown = LexborHTMLParser(desk.client.get(f"/items/{item.id}", headers=HTML).text)
    assert "rejects this match. other hull" in shown.css_first("#m1s1 .said").text()


def test_a_waiting_item_shows_how_far_it_is(desk: ApiServer) -> None:
    item = desk.services.ledger.enqueue(NewItem(submitted="https://x.com/a/status/1"))
    page = desk.client.get(f"/items/{item.id}", headers=HTML).text
    assert "Waiting" in page
    assert '<meta http-equiv="refresh" content="5">' in page
    assert desk.client.post(f"/items/{item.id}/cancel", data={"token": desk.form_token()}).status_code == 303
    assert "Cancelled" in desk.client.get(f"/items/{item.id}", headers=HTML).text


@pytest.mark.parametrize("label", list(FindingLabel))
def test_the_queue_names_every_finding(desk: ApiServer, label: FindingLabel) -> None:
    desk.finished(sample_report.report(finding=Finding(label=label, statement="s")))
    row = LexborHTMLParser(desk.client.get("/", headers=HTML).text).css_first("tr[data-item] .found")
    assert row.text(strip=True)


@pytest.mark.parametrize(
    ("path", "status"), [("/items/nothing", 404), ("/references/nothing", 404), ("/nothing", 404)]
)
def test_every_error_page_says_what_to_do_next(desk: ApiServer, path: str, status: int) -> None:
    answer = desk.client.get(path, headers=HTML)
    assert answer.status_code == status
    assert "What to do next" in answer.text


def test_a_form_that_is_too_large_is_told_so_in_words(tmp_path: Path) -> None:
    with api_server(tmp_path, max_video_bytes=1_000) as small:
        files = {"file": ("a.mp4", bytes(300_000))}
        answer = small.client.post("/queue", files=files, data={"token": small.form_token()}, headers=HTML)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "text/html; charset=utf-8")
    assert "What to do next" in answer.text
