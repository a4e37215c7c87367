"""Blobs in an S3 bucket, against a real S3 server (moto's, in a thread)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from verify.errors import BlobMissing, StorageBusy, UnknownSetting
from verify.store.blobs import FolderBlobs
from verify.store.s3 import S3Blobs, s3_blobs

DATA = b"frames " * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def blobs(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> S3Blobs:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    name = f"bucket-{tmp_path.name.replace('_', '-')[:40]}".lower()
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=name)
    return s3_blobs(f"s3://{name}/desk", FolderBlobs(tmp_path / "cache"), endpoint_url=endpoint)


def another_machine(blobs: S3Blobs, tmp_path: Path, endpoint: str) -> S3Blobs:
    """The same bucket from a machine whose cache is empty."""
    cache = FolderBlobs(tmp_path / "elsewhere")
    return S3Blobs(blobs._bucket, cache, prefix=blobs._prefix, endpoint_url=endpoint)


def test_what_one_machine_put_another_reads(blobs: S3Blobs, tmp_path: Path, endpoint: str) -> None:
    assert blobs.put(DATA) == SHA256
    other = another_machine(blobs, tmp_path, endpoint)
    assert other.exists(SHA256)
    assert other.read(SHA256) == DATA
    assert other.path(SHA256).read_bytes() == DATA
    assert [name for name, _ in other.names()] == [SHA256]


def test_an_uncommitted_file_is_nowhere(blobs: S3Blobs, tmp_path: Path) -> None:
    with blobs.writer() as writer:
        writer.write(DATA)
    assert list(blobs.names()) == []
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_an_object_damaged_in_the_bucket_is_refused(blobs: S3Blobs, tmp_path: Path, endpoint: str) -> None:
    blobs.put(DATA)
    client = boto3.client("s3", endpoint_url=endpoint)
    client.put_object(Bucket=blobs._bucket, Key=blobs._key(SHA256), Body=DATA[:-1])
    other = another_machine(blobs, tmp_path, endpoint)
    with pytest.raises(BlobMissing):
        other.read(SHA256)
    blobs.put(DATA)
    assert other.read(SHA256) == DATA


@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", ""])
def test_what_is_not_there_is_missing(blobs: S3Blobs, name: str) -> None:
    assert not blobs.exists(name)
    with pytest.raises(BlobMissing):
        blobs.read(name)


def test_removing_twice_is_no_error(blobs: S3Blobs) -> None:
    blobs.put(DATA)
    blobs.remove(SHA256)
    blobs.remove(SHA256)
    assert not blobs.exists(SHA256)
    with pytest.raises(BlobMissing):
        blobs.read(SHA256)


def test_a_store_out_of_reach_is_busy_and_keeps_the_claim_honest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    away = S3Blobs("bucket", FolderBlobs(tmp_path), endpoint_url="http://127.0.0.1:1")
    with pytest.raises(StorageBusy):
        away.put(DATA)
    with pytest.raises(StorageBusy):
        away.exists(SHA256)


@pytest.mark.parametrize("url", ["", "bucket", "http://bucket", "s3:///x"])
def test_other_addresses_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownSetting, match="s3://bucket"):
        s3_blobs(url, FolderBlobs(tmp_path), endpoint_url="")
