"""The API as its callers see it: over HTTP, on a real port, against a real database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.api_calls import blobs, picture
from tests.api_server import ApiServer, api_server, eventually
from verify.api.caretaker import Caretaker
from verify.store.items import NewItem
from verify.store.people import Scope

# --- who may do what --------------------------------------------------------------------------


def test_loopback_without_a_key_is_let_in(api: ApiServer) -> None:
    assert api.client.get("/api/v1/items").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}],
)
def test_another_name_or_a_proxy_in_between_needs_a_key(api: ApiServer, headers: dict[str, str]) -> None:
    answer = api.client.get("/api/v1/items", headers=headers)
    assert answer.status_code == 401


def test_without_loopback_everything_needs_a_key(closed: ApiServer) -> None:
    schema = closed.client.get("/api/v1/openapi.json").json()
    for path, operations in schema["paths"].items():
        if path in {"/healthz", "/readyz"}:
            continue
        for method in operations:
            answer = closed.client.request(
                method, path.replace("{sha256}", "0" * 64).replace("{", "").replace("}", "")
            )
            assert answer.status_code == 401, (method, path)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("scope", "statuses"),
    [
        (Scope.READ, (200, 403, 403, 403)),
        (Scope.QUEUE, (403, 202, 403, 403)),
        (Scope.CURATE, (403, 403, 422, 403)),
        (Scope.ADMIN, (200, 202, 422, 200)),
    ],
)
def test_a_key_may_do_what_its_scope_says(closed: ApiServer, scope: Scope, statuses: tuple[int, ...]) -> None:
    headers = closed.keyed(scope)
    answers = (
        closed.client.get("/api/v1/items", headers=headers),
        closed.client.post("/api/v1/items", headers=headers, json={"url": "https://x.com/a/status/1"}),
        closed.client.post("/api/v1/references", headers=headers, json={}),
        closed.client.get("/api/v1/keys", headers=headers),
    )
    assert tuple(answer.status_code for answer in answers) == statuses


def test_a_revoked_or_unknown_key_is_refused(closed: ApiServer) -> None:
    made = closed.services.people.add_key("gone", [Scope.READ])
    closed.services.people.revoke_key(made.key.id)
    for secret in (made.secret, "vk_never", "x"):
        answer = closed.client.get("/api/v1/items", headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 401


def test_no_secret_is_stored_or_listed(closed: ApiServer) -> None:
    headers = closed.keyed(Scope.ADMIN)
    made = closed.client.post(
        "/api/v1/keys", headers=headers, json={"name": "desk", "scopes": ["read"]}
    ).json()
    assert made["secret"].startswith("vk_")
    assert made["secret"] not in closed.client.get("/api/v1/keys", headers=headers).text
    files = [path for path in closed.tool.settings.home.iterdir() if path.is_file()]
    assert not any(made["secret"].encode() in path.read_bytes() for path in files)


def test_a_key_is_held_to_its_rate(closed: ApiServer) -> None:
    headers = closed.keyed(Scope.READ, per_minute=3)
    statuses = [closed.client.get("/api/v1/items", headers=headers).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert int(closed.client.get("/api/v1/items", headers=headers).headers["retry-after"]) >= 1


# --- items ------------------------------------------------------------------------------------


def test_an_item_is_accepted_and_can_be_looked_at(api: ApiServer) -> None:
    answer = api.client.post("/api/v1/items", json={"url": "https://x.com/a/status/1", "claim": "tanks"})
    assert answer.status_code == 202
    item = api.client.get(answer.headers["location"]).json()
    assert (item["state"], item["key"], item["claim"]) == ("queued", "x:1", "tanks")


def test_a_batch_is_accepted_whole_or_not_at_all(api: ApiServer) -> None:
    many = [{"url": f"https://x.com/a/status/{number}"} for number in range(1, 102)]
    assert len(api.client.post("/api/v1/items", json={"items": many[:100]}).json()["items"]) == 100
    assert api.client.post("/api/v1/items", json={"items": many}).status_code == 422
    other = {"url": "https://x.com/a/status/500"}
    assert api.client.post("/api/v1/items", json={"items": [other, {"url": ""}]}).status_code == 422
    assert len(api.client.get("/api/v1/items?limit=200").json()["items"]) == 100


def test_every_wrong_field_is_named(api: ApiServer) -> None:
    answer = api.client.post(
        "/api/v1/items", json={"url": "https://x.com/a/status/1", "clam": "x", "priority": "now"}
    )
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/body/clam", "/body/priority"}


@pytest.mark.parametrize("path", ["/etc/passwd", "./pyproject.toml", "~/.ssh/id_rsa", "pyproject.toml"])
def test_no_file_of_the_server_can_be_queued_or_added(api: ApiServer, path: str) -> None:
    assert api.client.post("/api/v1/items", json={"url": path}).status_code == 422
    answer = api.client.post("/api/v1/references", json={"url": path, "provenance": {"title": "x"}})
    assert answer.status_code == 422
    assert not blobs(api)


def test_the_same_request_under_one_key_is_made_once(api: ApiServer) -> None:
    def ask(url: str, key: str) -> tuple[int, list[str]]:
        answer = api.client.post("/api/v1/items", json={"url": url}, headers={"Idempotency-Key": key})
        return answer.status_code, [item["id"] for item in answer.json().get("items", [])]

    # Words that are no address have no key of their own: only the header can tell that they came twice.
    status, first = ask("pic of a tank", "k1")
    assert status == 202
    assert ask("pic of a tank", "k1") == (200, first)
    assert ask("pic of a tank", "k2")[1] != first
    assert ask("https://x.com/a/status/2", "k1")[0] == 422


# --- asked before -----------------------------------------------------------------------------


def test_a_post_asked_for_again_joins_its_item_in_every_spelling(api: ApiServer) -> None:
    def ask(**wanted: str) -> tuple[int, str, bool]:
        answer = api.client.post("/api/v1/items", json=wanted)
        (item,) = answer.json()["items"]
        assert answer.headers["location"] == f"/api/v1/items/{item['id']}"
        return answer.status_code, item["id"], item["joined"]

    status, first, joined = ask(url="https://x.com/a/status/1")
    assert (status, joined) == (202, False)
    assert ask(url="https://mobile.twitter.com/a/status/1?s=20") == (200, first, True)
    other_claim = ask(url="https://x.com/a/status/1", claim="M60T")
    assert (other_claim[0], other_claim[2]) == (202, False)
    assert other_claim[1] != first
    assert len(api.client.get("/api/v1/items").json()["items"]) == 2


def test_each_row_of_a_batch_says_whether_it_joined(api: ApiServer) -> None:
    first = api.client.post("/api/v1/items", json={"url": "https://x.com/a/status/1"}).json()["items"][0][
        "id"
    ]
    urls = [f"https://x.com/a/status/{number}" for number in (2, 1, 2)]
    answer = api.client.post("/api/v1/items", json={"items": [{"url": url} for url in urls]})
    rows = [(item["key"], item["joined"]) for item in answer.json()["items"]]
    assert answer.status_code == 202
    assert rows == [("x:2", False), ("x:1", True), ("x:2", True)]
    ids = [item["id"] for item in answer.json()["items"]]
    assert ids[1] == first
    assert ids[0] == ids[2]


def test_asking_again_for_what_waits_lets_it_go_on_as_urgently_as_asked(api: ApiServer) -> None:
    wanted = {"url": "https://x.com/a/status/1", "priority": "bulk"}
    item_id = api.client.post("/api/v1/items", json=wanted).json()["items"][0]["id"]
    api.services.ledger.pause(item_id)
    again = api.client.post("/api/v1/items", json=wanted | {"priority": "breaking"}).json()["items"][0]
    assert (again["id"], again["state"], again["priority"]) == (item_id, "queued", "breaking")
    later = api.client.post("/api/v1/items", json=wanted).json()["items"][0]
    assert later["priority"] == "breaking"


def test_a_file_sent_again_joins_its_item_and_answers_until_the_set_changes(tmp_path: Path) -> None:
    def send() -> tuple[int, dict[str, Any]]:
        answer = api.client.post("/api/v1/items/upload", files={"file": ("a.png", content)})
        return answer.status_code, answer.json()

    with api_server(tmp_path, with_worker=True) as api:
        content = picture()
        status, item = send()
        assert (status, item["joined"]) == (202, False)
        eventually(api.client, f"/api/v1/items/{item['id']}", state="done")
        status, again = send()
        assert (status, again["id"], again["state"], again["run"]) == (200, item["id"], "done", 1)
        api.client.post(
            "/api/v1/references/upload",
            files={"file": ("b.png", content)},
            data={"provenance": '{"title": "B"}'},
        ).raise_for_status()
        assert send()[1]["run"] == 2
        done = eventually(api.client, f"/api/v1/items/{item['id']}", state="done")
        assert done["finding"] == "match_found_date_undetermined"


def test_two_who_ask_at_once_get_one_item(api: ApiServer) -> None:
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(api.client.post, "/api/v1/items", json={"url": "https://x.com/a/status/1"})
            for _ in range(16)
        ]
    answers = [one.result().json()["items"][0] for one in asked]
    assert len({item["id"] for item in answers}) == 1
    assert sorted(item["joined"] for item in answers) == [False] + [True] * 15


def test_pages_of_the_list_hold_every_item_once(api: ApiServer) -> None:
    items = [{"url": f"https://x.com/a/status/{number}"} for number in range(1, 8)]
    made = [item["id"] for item in api.client.post("/api/v1/items", json={"items": items}).json()["items"]]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.client.get("/api/v1/items", params={"limit": 3, "cursor": cursor}).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == made[::-1]


def test_the_list_can_be_filtered(api: ApiServer) -> None:
    done = api.finished()
    api.client.post("/api/v1/items", json={"url": "https://x.com/a/status/1"})
    for query in ("state=done", "finding=earlier_copy_found"):
        assert [item["id"] for item in api.client.get(f"/api/v1/items?{query}").json()["items"]] == [done.id]
    assert api.client.get("/api/v1/items?state=nonsense").status_code == 422
    assert api.client.get("/api/v1/items?cursor=nonsense").status_code == 422


@pytest.mark.parametrize(
    "words", ["nayrab", "NAYRAB m60t", "\u0646\u064a\u0631\u0628", "earlier copy", "Turkish armour"]
)
def test_words_of_the_post_and_the_finding_are_found_in_every_script(api: ApiServer, words: str) -> None:
    done = api.finished()
    other = api.services.ledger.enqueue(NewItem(submitted="https://x.com/a/status/1", claim="100% cats_"))
    caretake(api)
    found = api.client.get("/api/v1/items", params={"q": words}).json()["items"]
    assert [item["id"] for item in found] == [done.id]
    assert api.client.get("/api/v1/items", params={"q": "100% cats_"}).json()["items"][0]["id"] == other.id
    assert not api.client.get("/api/v1/items", params={"q": "%"}).json()["items"][1:]


def caretake(api: ApiServer) -> None:
    while Caretaker(api.services).index_texts():
        pass


def test_an_item_can_be_cancelled_and_tried_again(api: ApiServer) -> None:
    item = api.client.post("/api/v1/items", json={"url": "https://x.com/a/status/1"}).json()["items"][0]
    path = f"/api/v1/items/{item['id']}"
    assert api.client.post(f"{path}/retry").status_code == 422
    assert api.client.post(f"{path}/cancel").json()["state"] == "cancelled"
    assert api.client.post(f"{path}/retry").json()["state"] == "queued"


def test_a_done_item_can_be_checked_anew_and_keeps_its_report(api: ApiServer) -> None:
    done = api.finished()
    again = api.client.post(f"/api/v1/items/{done.id}/recheck").json()
    assert (again["state"], again["run"]) == ("queued", 2)
    assert api.client.get(f"/api/v1/items/{done.id}/report").status_code == 200
    assert api.client.post(f"/api/v1/items/{done.id}/recheck").status_code == 422


@pytest.mark.parametrize("path", ["", "/report", "/report.html", "/report.csv", "/judgements", "/events"])
def test_what_does_not_exist_is_not_found(api: ApiServer, path: str) -> None:
    answer = api.client.get(f"/api/v1/items/0123456789abcdef{path}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "no_such_item"
