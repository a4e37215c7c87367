"""A reference set travels from one desk to another without its footage, and finds the same there."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.api_server import ApiServer, api_server, eventually
from tests.footage import render_video

SIZE = (480, 270)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ApiServer]:
    with api_server(tmp_path / "here") as server:
        yield server


@pytest.fixture
def there(tmp_path: Path) -> Iterator[ApiServer]:
    with api_server(tmp_path / "there", with_worker=True) as server:
        yield server


def exported(server: ApiServer, tmp_path: Path) -> bytes:
    clip = tmp_path / "old.mp4"
    render_video(clip, seed=1, seconds=6, size=SIZE)
    known = {"title": "Convoy", "first_seen": "2016-08-24", "first_seen_basis": "publication"}
    answer = server.client.post(
        "/api/v1/references/upload",
        files={"file": ("old.mp4", clip.read_bytes())},
        data={"provenance": json.dumps(known)},
    )
    assert answer.status_code == 201
    return server.client.get("/api/v1/references/export").content


def bring(server: ApiServer, content: bytes) -> dict[str, object]:
    answer = server.client.post("/api/v1/references/import", files={"file": ("set.jsonl", content)})
    document: dict[str, object] = answer.json()
    return document


def test_footage_is_found_by_another_desk_s_reference(
    here: ApiServer, there: ApiServer, tmp_path: Path
) -> None:
    content = exported(here, tmp_path)
    assert bring(there, content) == {"added": 1, "known": 0, "bad": []}
    assert bring(there, content) == {"added": 0, "known": 1, "bad": []}
    reference = there.client.get("/api/v1/references").json()["references"][0]
    assert reference["added_by"] == "this computer, from this computer"
    assert there.client.get(f"/api/v1/pictures/{reference['pictures'][0]['sha256']}").status_code == 200
    clip = tmp_path / "again.mp4"
    render_video(clip, seed=1, start=1.0, seconds=4, size=SIZE, mirror=True)
    item = there.client.post("/api/v1/items/upload", files={"file": ("again.mp4", clip.read_bytes())}).json()
    eventually(there.client, f"/api/v1/items/{item['id']}", state="done")
    report = there.client.get(f"/api/v1/items/{item['id']}/report").json()
    assert report["media"][0]["matches"]["segments"][0]["reference_id"] == reference["id"]
    assert report["media"][0]["pictures"] == []
    assert (
        "No frame pair was stored"
        in there.client.get(f"/items/{item['id']}", headers={"Accept": "text/html"}).text
    )


def test_bad_lines_are_named_and_the_others_taken(here: ApiServer, there: ApiServer, tmp_path: Path) -> None:
    header, line = exported(here, tmp_path).decode().splitlines()
    hollow = json.dumps(json.loads(line) | {"fingerprint": "AAAA"})
    untitled = json.loads(line)
    untitled["reference"]["provenance"]["title"] = ""
    not_a_picture = json.loads(line) | {"pictures": [{"time_us": 0, "jpeg": "PGh0bWw+"}]}
    lines = [header, "nonsense", "[]", "{}", hollow, json.dumps(untitled), json.dumps(not_a_picture), line]
    answer = bring(there, "\n".join(lines).encode())
    assert answer["added"] == 1
    assert [bad["number"] for bad in answer["bad"]] == [2, 3, 4, 5, 6, 7]


def test_a_fingerprint_whose_parts_do_not_fit_is_left_out(
    here: ApiServer, there: ApiServer, tmp_path: Path
) -> None:
    import base64

    header, line = exported(here, tmp_path).decode().splitlines()
    document = json.loads(line)
    with np.load(io.BytesIO(base64.b64decode(document["fingerprint"]))) as packed:
        parts = dict(packed) | {"keyframes": np.array([10**6], dtype=np.int32)}
    out = io.BytesIO()
    np.savez(out, **parts)
    document["fingerprint"] = base64.b64encode(out.getvalue()).decode()
    answer = bring(there, f"{header}\n{json.dumps(document)}\n".encode())
    assert (answer["added"], len(answer["bad"])) == (0, 1)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"a,b,c\n", b'{"format": "verify.references/1", "algorithm": "other"}\n']
)
def test_another_kind_of_file_is_refused_whole(there: ApiServer, content: bytes) -> None:
    answer = there.client.post("/api/v1/references/import", files={"file": ("x", content)})
    assert answer.status_code == 422
    assert there.services.references.count() == 0
