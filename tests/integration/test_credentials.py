"""Content credentials signed here and read back by the child process; c2pa-python is the extra `evidence`."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.unit.sample_findings import HOUR_AGO, POSTED, find, segment, video
from verify.evidence import credentials
from verify.evidence.credentials import read_credentials
from verify.findings.comparing import claimed_frame
from verify.findings.metadata import compare_metadata
from verify.model import ContentCredentials, CredentialsState, Verdict

c2pa = pytest.importorskip("c2pa", reason="c2pa-python (extra evidence) is not installed")
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")

EXTENSIONS = """
[req]
distinguished_name=dn
[dn]
[ca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[signer]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=emailProtection
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
MANIFEST = {
    "claim_generator_info": [{"name": "Test Camera", "version": "1"}],
    "title": "a scene",
    "assertions": [
        {
            "label": "c2pa.actions",
            "data": {
                "actions": [
                    {"action": "c2pa.created", "when": "2016-08-24T10:00:00Z", "digitalSourceType": SOURCE}
                ]
            },
        }
    ],
}


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=True)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed picture beside its unsigned original."""
    folder = tmp_path_factory.mktemp("credentials")
    (folder / "x.cnf").write_text(EXTENSIONS)
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-config", "x.cnf")
    root, signer = "/C=XX/O=Test Root/CN=root", "/C=XX/O=Test Desk/CN=signer"
    openssl(
        folder,
        "req",
        "-x509",
        *curve,
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-subj",
        root,
        "-extensions",
        "ca",
    )
    openssl(folder, "req", *curve, "-keyout", "s.key", "-out", "s.csr", "-subj", signer)
    by_root = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-sha256")
    openssl(
        folder,
        "x509",
        "-req",
        "-in",
        "s.csr",
        "-out",
        "s.pem",
        *by_root,
        "-extfile",
        "x.cnf",
        "-extensions",
        "signer",
    )
    Image.effect_noise((320, 240), 60).convert("RGB").save(folder / "plain.jpg")
    chain = (folder / "s.pem").read_bytes() + (folder / "ca.pem").read_bytes()
    key = (folder / "s.key").read_bytes()
    information = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=chain, private_key=key, ta_url=None)
    with (
        c2pa.Signer.from_info(information) as signer_,
        c2pa.Builder(MANIFEST) as builder,
        (folder / "plain.jpg").open("rb") as source,
        (folder / "signed.jpg").open("wb+") as target,
    ):
        builder.sign(signer_, "image/jpeg", source, target)
    return folder


def test_a_signature_that_fits_is_valid_and_names_who_signed_what(signed: Path) -> None:
    found = read_credentials(signed / "signed.jpg", "image/jpeg")
    assert found is not None
    assert (found.state, found.signer, found.generator) == (
        CredentialsState.VALID,
        "Test Desk",
        "Test Camera 1",
    )
    assert found.actions == ("c2pa.created at 2016-08-24T10:00:00Z (digitalCapture)",)
    assert found.problems == ()


def test_a_changed_picture_no_longer_fits(signed: Path, tmp_path: Path) -> None:
    changed = bytearray((signed / "signed.jpg").read_bytes())
    changed[-2000] ^= 255
    (tmp_path / "changed.jpg").write_bytes(changed)
    found = read_credentials(tmp_path / "changed.jpg", "image/jpeg")
    assert found is not None
    assert found.state is CredentialsState.INVALID
    assert any("assertion.dataHash.mismatch" in problem for problem in found.problems)


def test_no_manifest_is_none_and_no_more(signed: Path) -> None:
    found = read_credentials(signed / "plain.jpg", "image/jpeg")
    assert found == ContentCredentials(state=CredentialsState.NONE)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"\x00" * 100_000, b"jumb" * 50_000])
def test_nonsense_harms_nobody(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "nonsense.jpg").write_bytes(data)
    found = read_credentials(tmp_path / "nonsense.jpg", "image/jpeg")
    assert found is not None
    assert found.state in {CredentialsState.NONE, CredentialsState.UNREADABLE}


def test_an_unknown_type_and_a_lost_file_are_unreadable(signed: Path, tmp_path: Path) -> None:
    for path, mime in ((signed / "plain.jpg", "video/x-unheard-of"), (tmp_path / "lost.jpg", "image/jpeg")):
        found = read_credentials(path, mime)
        assert found is not None
        assert found.state is CredentialsState.UNREADABLE


def test_a_child_that_hangs_is_killed(signed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "WALL_SECONDS", 0.001)
    found = read_credentials(signed / "signed.jpg", "image/jpeg")
    assert found == ContentCredentials(state=CredentialsState.UNREADABLE, problems=("TimeoutExpired",))


def test_a_signed_date_before_the_claimed_time_is_listed_with_its_limits(signed: Path) -> None:
    found = read_credentials(signed / "signed.jpg", "image/jpeg")
    medium = replace(video(segment()), credentials=found)
    (date,) = compare_metadata([medium], HOUR_AGO, claimed_frame(HOUR_AGO, POSTED))
    assert (date.verdict, date.decisive) == (Verdict.CONFLICTS, False)
    assert "2016-08-24 is 1,275 days before 2020-02-20" in date.arithmetic
    finding = find(media=[replace(video(), credentials=found)], claim=HOUR_AGO)
    assert any(
        "They show who signed what, not that a caption is right." in reason for reason in finding.reasons
    )
