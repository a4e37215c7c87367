"""Asking again for what one has: entity tags, 304, and what may be kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.api_server import ApiServer, api_server
from tests.unit import sample_report
from verify.reports import to_json
from verify.store.items import NewItem


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with api_server(tmp_path_factory.mktemp("api")) as server:
        yield server


@pytest.mark.parametrize("ending", ["", ".json", ".html", ".csv", ".jsonld"])
def test_an_unchanged_report_is_not_sent_again(api: ApiServer, ending: str) -> None:
    path = f"/api/v1/items/{api.finished().id}/report{ending}"
    first = api.client.get(path)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    again = api.client.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    assert again.headers["cache-control"] == "private, no-cache"
    other = api.client.get(path, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


def test_a_judgement_changes_the_reports_that_show_it(api: ApiServer) -> None:
    item = api.finished()
    paths = {ending: f"/api/v1/items/{item.id}/report.{ending}" for ending in ("json", "html", "jsonld")}
    tags = {ending: api.client.get(path).headers["etag"] for ending, path in paths.items()}
    said = {"kind": "rating", "rating": "DecontextualizedContent", "note": "2016", "by": "Ana"}
    assert api.client.post(f"/api/v1/items/{item.id}/judgements", json=said).status_code == 201
    statuses = {
        ending: api.client.get(path, headers={"If-None-Match": tags[ending]}).status_code
        for ending, path in paths.items()
    }
    assert statuses == {"json": 304, "html": 200, "jsonld": 200}


def test_a_new_report_has_another_tag(api: ApiServer) -> None:
    item = api.finished()
    path = f"/api/v1/items/{item.id}/report"
    tag = api.client.get(path).headers["etag"]
    api.services.ledger.rerun(item.id)
    lease = api.services.ledger.claim(worker="test", item_id=item.id)
    assert lease
    report = replace(sample_report.report(), item_id=item.id, note="looked at again")
    api.services.ledger.finish(
        lease, report=to_json(report), code_version="test", finding=report.finding.label
    )
    assert api.client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_a_picture_is_kept_for_good_and_known_by_its_name(api: ApiServer) -> None:
    file = BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "JPEG")
    name = api.services.blobs.put(file.getvalue())
    first = api.client.get(f"/api/v1/pictures/{name}")
    assert first.headers["cache-control"].endswith("immutable")
    again = api.client.get(f"/api/v1/pictures/{name}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_scripts_and_styles_are_asked_for_again_by_their_tag(api: ApiServer) -> None:
    first = api.client.get("/static/desk.js")
    assert first.headers["cache-control"] == "public, no-cache"
    again = api.client.get("/static/desk.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "public, no-cache"


def test_pages_of_a_person_are_never_kept(api: ApiServer) -> None:
    item = api.finished()
    answer = api.client.get(f"/items/{item.id}", headers={"Accept": "text/html"})
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


def test_a_tag_opens_nothing(tmp_path: Path) -> None:
    with api_server(tmp_path, is_open=False) as server:
        item = server.finished()
        for path in (f"/api/v1/items/{item.id}/report", f"/api/v1/pictures/{'0' * 64}"):
            assert server.client.get(path, headers={"If-None-Match": "*"}).status_code == 401


def test_a_tag_of_anything_stands_for_nothing(api: ApiServer) -> None:
    assert api.client.get(f"/api/v1/pictures/{'0' * 64}", headers={"If-None-Match": "*"}).status_code == 404


def test_nothing_queued_is_cached(api: ApiServer) -> None:
    item = api.services.ledger.enqueue(NewItem(submitted="https://x.com/a/status/1"))
    answer = api.client.get(f"/api/v1/items/{item.id}/report", headers={"If-None-Match": "*"})
    assert answer.status_code == 404
