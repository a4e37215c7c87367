"""Uploads, reports, references, progress and health, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api_calls import CAP, blobs, picture
from tests.api_server import ApiServer, api_server, eventually
from tests.unit import sample_report
from verify.model import ItemState
from verify.store.items import NewItem

# --- uploads ----------------------------------------------------------------------------------


def test_an_upload_is_queued_with_its_claim(api: ApiServer) -> None:
    name = "../../etc/\u202egpj.exe\r\n.png"
    answer = api.client.post(
        "/api/v1/items/upload",
        files={"file": (name, picture())},
        data={"claim": "beach", "posted_at": "2020-02-20T08:10:00Z"},
    )
    assert answer.status_code == 202
    item = answer.json()
    assert item["key"].startswith("file:")
    assert "/" not in item["submitted"]
    assert (item["claim"], item["posted_at"]) == ("beach", "2020-02-20T08:10:00Z")


def test_an_oversize_upload_is_refused_before_it_is_stored(api: ApiServer) -> None:
    big = b"\x89PNG\r\n\x1a\n" + bytes(CAP + 500_000)

    def chunks() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        for _ in range(20):
            yield bytes(100_000)
        yield b"\r\n--b--\r\n"

    announced = api.client.post("/api/v1/items/upload", files={"file": ("a.png", big)})
    unannounced = api.client.post(
        "/api/v1/items/upload", content=chunks(), headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert (announced.status_code, unannounced.status_code) == (413, 413)
    assert announced.json()["code"] == "request_too_large"
    assert not blobs(api)
    assert not api.client.get("/api/v1/items").json()["items"]


def test_a_body_over_its_cap_is_refused(api: ApiServer) -> None:
    answer = api.client.post("/api/v1/items", json={"url": "https://x.com/a/status/1", "claim": "x" * 70_000})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "content", [b"<html><body>hi</body></html>", b"#EXTM3U\n", b"", b"PK\x03\x04zip", b"%PDF-1.7"]
)
def test_what_is_not_footage_is_refused_by_its_own_name(api: ApiServer, content: bytes) -> None:
    answer = api.client.post("/api/v1/items/upload", files={"file": ("clip.mp4", content)})
    assert answer.status_code == 415
    assert not blobs(api)


# --- reports ----------------------------------------------------------------------------------


def test_the_report_comes_in_each_form(api: ApiServer) -> None:
    item = api.finished()
    path = f"/api/v1/items/{item.id}/report"
    assert api.client.get(path).json()["schema"] == "verify.report/1"
    assert api.client.get(f"{path}.json").text == api.client.get(path).text
    draft = api.client.get(f"{path}.jsonld")
    assert draft.headers["content-type"].startswith("application/ld+json")
    assert "reviewRating" not in draft.text
    csv = api.client.get(f"{path}.csv")
    assert csv.headers["content-type"].startswith("text/csv")
    assert "attachment" in csv.headers["content-disposition"]
    html = api.client.get(f"{path}.html")
    assert "Earlier copy found" in html.text
    assert "attachment" in html.headers["content-disposition"]
    assert "script-src" not in html.headers["content-security-policy"]


def test_only_pictures_are_served_as_pictures(api: ApiServer) -> None:
    jpeg = api.services.blobs.put(b"\xff\xd8\xff\xe0 a picture")
    other = api.services.blobs.put(b"<html>not a picture</html>")
    answer = api.client.get(f"/api/v1/pictures/{jpeg}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.headers["x-content-type-options"] == "nosniff"
    for name in (other, "0" * 64):
        assert api.client.get(f"/api/v1/pictures/{name}").status_code == 404


def test_judgements_are_added_and_never_replaced(api: ApiServer) -> None:
    item = api.finished()
    report = sample_report.report()
    match = report.media[0].matches.segments[0]
    named = {
        "media_sha256": report.media[0].file.sha256,
        "reference_id": match.reference_id,
        "query_start_us": match.query.start_us,
        "query_end_us": match.query.end_us,
    }
    path = f"/api/v1/items/{item.id}/judgements"
    ana = {"by": "Ana"}
    assert api.client.post(path, json={"kind": "confirm"} | named).status_code == 422
    for said in ({"kind": "confirm"} | named | ana, {"kind": "reject", "note": "other hull"} | named | ana):
        assert api.client.post(path, json=said).status_code == 201
    api.client.post(path, json={"kind": "rating", "rating": "DecontextualizedContent"} | ana)
    kept = api.client.get(path).json()["judgements"]
    assert [said["kind"] for said in kept] == ["confirm", "reject", "rating"]
    assert all(said["by"] == "Ana" and said["at"] and said["run"] == 1 for said in kept)
    rejected = api.client.get("/api/v1/judgements/rejected").json()["judgements"]
    assert [said["note"] for said in rejected] == ["other hull"]
    for method in ("PUT", "PATCH", "DELETE"):
        assert api.client.request(method, path).status_code == 405


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "confirm"},
        {"kind": "rating"},
        {"kind": "note", "note": " "},
        {"kind": "rating", "rating": "fake"},
    ],
)
def test_a_judgement_must_say_something(api: ApiServer, said: dict[str, str]) -> None:
    assert api.client.post(f"/api/v1/items/{api.finished().id}/judgements", json=said).status_code == 422


# --- references -------------------------------------------------------------------------------


def test_a_reference_is_added_edited_and_removed(api: ApiServer) -> None:
    known = {
        "title": "Beach",
        "first_seen": "2016-08-24",
        "first_seen_basis": "publication",
        "equipment": ["M60T"],
    }
    files = {"file": ("beach.png", picture())}
    first = api.client.post("/api/v1/references/upload", files=files, data={"provenance": json.dumps(known)})
    assert first.status_code == 201
    reference = first.json()["reference"]
    assert (reference["provenance"]["title"], reference["added_by"]) == ("Beach", "this computer")
    assert api.client.get(f"/api/v1/pictures/{reference['pictures'][0]['sha256']}").status_code == 200
    path = f"/api/v1/references/{reference['id']}"
    assert api.client.put(path, json={"title": "Harbour"}).json()["provenance"]["title"] == "Harbour"
    assert api.client.get("/api/v1/references?title=harb").json()["count"] == 1
    assert api.client.delete(path).status_code == 204
    assert api.client.get(path).status_code == 404


def test_the_same_bytes_are_one_reference(api: ApiServer) -> None:
    content = picture()
    answers = [
        api.client.post(
            "/api/v1/references/upload",
            files={"file": ("a.png", content)},
            data={"provenance": '{"title": "A"}'},
        ).json()
        for _ in range(2)
    ]
    assert [answer["is_new"] for answer in answers] == [True, False]


@pytest.mark.parametrize(
    "known",
    [{}, {"title": ""}, {"title": "x", "first_seen": "yesterday", "first_seen_basis": "archive"},
     {"title": "x", "first_seen": "2016"}, {"title": "x", "latitude": 91}, {"title": "x", "latitude": 1},
     {"titel": "x"}],
)  # fmt: skip
def test_what_cannot_be_compared_later_is_refused(api: ApiServer, known: dict[str, object]) -> None:
    answer = api.client.post(
        "/api/v1/references/upload",
        files={"file": ("a.png", picture())},
        data={"provenance": json.dumps(known)},
    )
    assert answer.status_code == 422
    assert api.services.references.count() == 0


# --- progress and health ----------------------------------------------------------------------


def test_changes_arrive_as_events(api: ApiServer) -> None:
    item = api.services.ledger.enqueue(NewItem(submitted="https://x.com/a/status/1"))
    states = []
    with api.client.stream("GET", f"/api/v1/items/{item.id}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("data: "):
                states.append(json.loads(line.removeprefix("data: "))["state"])
                if states[-1] == "cancelled":
                    break
                api.services.ledger.cancel(item.id)
    assert states == ["queued", "cancelled"]


def test_events_can_be_asked_for_some_items(api: ApiServer) -> None:
    mine, other = (
        api.services.ledger.enqueue(NewItem(submitted=f"https://x.com/a/status/{n}")) for n in (1, 2)
    )
    with api.client.stream("GET", "/api/v1/events", params={"item": mine.id}) as stream:
        lines = stream.iter_lines()
        told = (json.loads(line[6:]) for line in lines if line.startswith("data: "))
        assert next(told)["state"] == "queued"
        api.services.ledger.cancel(other.id)
        api.services.ledger.cancel(mine.id)
        last = next(told)
    assert (last["id"], last["state"]) == (mine.id, "cancelled")


def test_health_readiness_and_metrics(api: ApiServer) -> None:
    api.finished()
    assert api.client.get("/healthz").text == "ok\n"
    assert api.client.get("/readyz").json() == {"ready": True, "problems": []}
    text = api.client.get("/metrics").text
    assert 'verify_items{priority="normal",state="done"} 1.0' in text
    assert 'verify_http_requests_total{method="GET",route="/healthz",status="200"} 1.0' in text


def test_a_server_whose_store_is_gone_is_not_ready(api: ApiServer) -> None:
    (api.tool.settings.home / "blobs" / "incoming").rmdir()
    answer = api.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["problems"]


def test_the_schema_is_openapi_3_1_and_versioned(api: ApiServer) -> None:
    schema = api.client.get("/api/v1/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    assert all(
        path.startswith("/api/v1/")
        for path in schema["paths"]
        if path not in {"/healthz", "/readyz", "/metrics"}
    )


def test_an_unknown_address_is_a_problem_too(api: ApiServer) -> None:
    answer = api.client.get("/api/v1/nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert api.services.ledger.list  # the server still answers
    assert api.client.get("/healthz").status_code == 200


def test_a_queued_item_is_worked_off(tmp_path: Path) -> None:
    with api_server(tmp_path, with_worker=True) as api:
        item = api.client.post("/api/v1/items/upload", files={"file": ("a.png", picture())}).json()
        done = eventually(api.client, f"/api/v1/items/{item['id']}", state="done")
        assert done["finding"] == "no_match_in_reference_set"
        assert ItemState(done["state"]) is ItemState.DONE
