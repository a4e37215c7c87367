"""Schemathesis over the whole schema: nothing a caller can send makes the server fail (handbook R16).

VERIFY_TEST_EXAMPLES=100 sends 100 requests to every operation; the default sends a few.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api_server import ApiServer, api_server
from verify.store.people import Scope

EXAMPLES = int(os.environ.get("VERIFY_TEST_EXAMPLES", "10"))
STREAMS = "/events"  # they never end by themselves; their own tests read them
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ApiServer]:
    with api_server(tmp_path, offline=True) as running:
        running.finished()
        yield running


def operations(server: ApiServer) -> Iterator[APIOperation]:
    document = json.loads(server.client.get("/api/v1/openapi.json").text)
    document["paths"] = {path: one for path, one in document["paths"].items() if not path.endswith(STREAMS)}
    schema = schemathesis.openapi.from_dict(document)
    for found in schema.get_all_operations():
        yield found.ok()


def test_whatever_is_sent_is_answered_as_documented(server: ApiServer) -> None:
    headers = server.keyed(Scope.ADMIN, per_minute=100_000)
    asked = 0
    for operation in operations(server):
        send(operation, server.url, headers)
        asked += 1
    assert asked > 25


def send(operation: APIOperation, url: str, headers: dict[str, str]) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    def each(case: Case) -> None:
        case.call_and_validate(base_url=url, headers=headers, checks=CHECKS)

    each()
