"""Servers of the API as its callers find them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.api_server import ApiServer, api_server

CAP = 200_000


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    with api_server(tmp_path, max_video_bytes=CAP, max_image_bytes=CAP) as server:
        yield server


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[ApiServer]:
    with api_server(tmp_path, is_open=False) as server:
        yield server


def picture() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((160, 120), 90).save(out, "PNG")
    return out.getvalue()


def blobs(api: ApiServer) -> list[str]:
    return [name for name, _ in api.services.blobs.names()]
