"""Timestamps from a real authority: openssl answers behind an HTTP server, openssl verifies what came."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from verify.errors import BadResponse, ForbiddenAddress, NetworkFailed
from verify.evidence.timestamp import QUERY_TYPE, REPLY_TYPE, stamp
from verify.reports.manifest import MANIFEST_NAME, entry, read_manifest, to_manifest
from verify.settings import Settings

DOCS = Path(__file__).parents[2] / "docs" / "verify-a-manifest.md"
CONFIG = """
[tsa]
default_tsa = here
[here]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ordering = no
ess_cert_id_alg = sha256
"""

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


def openssl(folder: Path, *arguments: str, data: bytes = b"") -> bytes:
    done = subprocess.run(["openssl", *arguments], cwd=folder, input=data, capture_output=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def authority_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("authority")
    (folder / "tsa.cnf").write_text(CONFIG)
    (folder / "serial").write_text("01\n")
    (folder / "usage").write_text("extendedKeyUsage=critical,timeStamping\n")
    key = ("-newkey", "rsa:2048", "-nodes")
    openssl(folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test root")
    openssl(folder, "req", *key, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Test authority")
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "usage")
    openssl(folder, "x509", "-req", "-in", "tsa.csr", "-out", "tsa.pem", *signing)
    return folder


@dataclass
class Authority:
    address: str
    host: str
    asked: list[str]


Answer = Callable[[bytes], tuple[int, bytes]]


def serve(answer: Answer) -> Iterator[Authority]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.headers["Content-Type"])
            status, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", REPLY_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    host = f"127.0.0.1:{server.server_port}"
    try:
        yield Authority(address=f"http://{host}/tsr", host=host, asked=asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def authority(authority_folder: Path) -> Iterator[Authority]:
    def reply(query: bytes) -> tuple[int, bytes]:
        (authority_folder / "query.tsq").write_bytes(query)
        arguments = ("-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "reply.tsr")
        openssl(authority_folder, "ts", "-reply", *arguments)
        return 200, (authority_folder / "reply.tsr").read_bytes()

    yield from serve(reply)


def settings(tmp_path: Path, *authorities: str, hosts: tuple[str, ...] = ()) -> Settings:
    return Settings(home=tmp_path, timestamp_authorities=authorities, allow_private_hosts=hosts)


def manifest(folder: Path) -> bytes:
    (folder / "report.json").write_text('{"a": 1}\n')
    text = to_manifest([entry("report.json", (folder / "report.json").read_bytes())])
    (folder / MANIFEST_NAME).write_text(text)
    return text.encode()


def test_the_steps_of_the_document_verify_a_token_by_hand(
    tmp_path: Path, authority: Authority, authority_folder: Path
) -> None:
    data = manifest(tmp_path)
    token = stamp(data, settings(tmp_path, authority.address, hosts=(authority.host,)))
    assert token is not None
    assert authority.asked == [QUERY_TYPE]
    assert abs(token.at - datetime.now(UTC)) < timedelta(minutes=5)
    (tmp_path / f"{MANIFEST_NAME}.tsr").write_bytes(token.token)
    shutil.copy(authority_folder / "ca.pem", tmp_path / "authority.pem")
    steps = re.findall(r"```sh\n(.*?)\n```", DOCS.read_text(), re.DOTALL)
    assert len(steps) == 3
    said = [
        subprocess.run(step.split(), cwd=tmp_path, capture_output=True, text=True, check=True)
        for step in steps
    ]
    assert said[0].stdout == "report.json: OK\n"
    assert "Status: Granted." in said[1].stdout
    assert "Verification: OK" in said[2].stdout + said[2].stderr
    (tmp_path / MANIFEST_NAME).write_text("0" * 64 + "  report.json\n")
    changed = subprocess.run(steps[2].split(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert changed.returncode != 0


def test_nothing_is_asked_by_default(tmp_path: Path) -> None:
    assert stamp(b"x", settings(tmp_path)) is None


def test_the_next_authority_is_asked_when_one_does_not_answer(tmp_path: Path, authority: Authority) -> None:
    closed = "127.0.0.1:9"
    hosts = (authority.host, closed)
    token = stamp(b"x", settings(tmp_path, f"http://{closed}/", authority.address, hosts=hosts))
    assert token is not None
    assert token.authority == authority.address


def test_a_private_address_is_not_dialled(tmp_path: Path, authority: Authority) -> None:
    with pytest.raises(ForbiddenAddress):
        stamp(b"x", settings(tmp_path, authority.address))
    assert authority.asked == []


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"no token"), (200, b""), (500, b""), (302, b""), (200, b"x" * 200_000)]
)
def test_what_is_no_token_is_refused(tmp_path: Path, status: int, body: bytes) -> None:
    for other in serve(lambda _: (status, body)):
        with pytest.raises(BadResponse):
            stamp(b"x", settings(tmp_path, other.address, hosts=(other.host,)))


def test_a_token_for_another_manifest_is_refused(tmp_path: Path, authority_folder: Path) -> None:
    openssl(authority_folder, "ts", "-query", "-data", "tsa.cnf", "-sha256", "-out", "other.tsq")
    arguments = ("-config", "tsa.cnf", "-queryfile", "other.tsq", "-out", "other.tsr")
    openssl(authority_folder, "ts", "-reply", *arguments)
    stale = (authority_folder / "other.tsr").read_bytes()
    for other in serve(lambda _: (200, stale)):
        with pytest.raises(BadResponse, match="not for this manifest"):
            stamp(b"x", settings(tmp_path, other.address, hosts=(other.host,)))


def test_no_authority_at_all_is_a_failed_network(tmp_path: Path) -> None:
    with pytest.raises(NetworkFailed):
        stamp(b"x", settings(tmp_path, "http://127.0.0.1:9/", hosts=("127.0.0.1:9",)))


def test_a_manifest_reads_back(tmp_path: Path) -> None:
    assert [item.name for item in read_manifest(manifest(tmp_path).decode())] == ["report.json"]
