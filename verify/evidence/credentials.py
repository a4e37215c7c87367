"""A media file in; its C2PA content credentials out, read by c2pa-python in a process of its own.

No manifest means that the provenance is unknown, never that the file is not genuine; a valid one shows who
signed what, not that a caption is right (handbook `reports.md` 4.3). Nothing is fetched and no trust list is
asked, so that a state is at best "valid": the signature fits, whoever the signer is. Without the extra
`evidence` nothing is read; a child that crashes, hangs or talks too much gives `UNREADABLE`.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from verify.model import ContentCredentials, CredentialsState

WALL_SECONDS = 20.0
MAX_REPLY_BYTES = 4 * 2**20
_CHILD = Path(__file__).with_name("credentials_child.py")
_STATES = {
    "Valid": CredentialsState.VALID,
    "Trusted": CredentialsState.VALID,
    "Invalid": CredentialsState.INVALID,
}
_EXPECTED = frozenset({"signingCredential.untrusted"})  # no trust list is asked
_MOST = 20  # actions or problems kept
_LONGEST = 200  # characters of one of them


@cache
def can_read() -> bool:
    """Whether the extra `evidence` is installed."""
    return importlib.util.find_spec("c2pa") is not None


def read_credentials(path: Path, mime: str) -> ContentCredentials | None:
    """The content credentials of a file; None when they cannot be read for want of the library."""
    if not can_read():
        return None
    try:
        with path.open("rb") as file:
            reply = _ask(file.fileno(), mime)
        return _credentials(json.loads(reply))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError, AttributeError) as error:
        return ContentCredentials(state=CredentialsState.UNREADABLE, problems=(type(error).__name__,))


def _ask(descriptor: int, mime: str) -> bytes:
    command = [sys.executable, "-I", "-B", str(_CHILD), str(descriptor), mime]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        pass_fds=(descriptor,),
        start_new_session=True,
    ) as child:
        try:
            reply, _ = child.communicate(timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            raise
    if child.returncode != 0 or len(reply) > MAX_REPLY_BYTES:
        raise subprocess.SubprocessError
    return reply


def _credentials(store: Mapping[str, Any]) -> ContentCredentials:
    if store.get("none"):
        return ContentCredentials(state=CredentialsState.NONE)
    if "error" in store:
        return ContentCredentials(state=CredentialsState.UNREADABLE, problems=(_short(store["error"]),))
    manifest = (store.get("manifests") or {}).get(store.get("active_manifest")) or {}
    signature = manifest.get("signature_info") or {}
    makers = manifest.get("claim_generator_info") or [{}]
    return ContentCredentials(
        state=_STATES.get(str(store.get("validation_state")), CredentialsState.UNREADABLE),
        signer=_short(signature.get("issuer") or signature.get("common_name") or ""),
        signed_at=_short(signature.get("time") or ""),
        generator=_short(" ".join(str(makers[0].get(key, "")) for key in ("name", "version")).strip()),
        actions=tuple(_actions(manifest))[:_MOST],
        problems=tuple(_problems(store))[:_MOST],
    )


def _actions(manifest: Mapping[str, Any]) -> Iterator[str]:
    for assertion in manifest.get("assertions") or ():
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            for action in (assertion.get("data") or {}).get("actions") or ():
                when = f" at {action['when']}" if action.get("when") else ""
                source = (
                    f" ({str(action['digitalSourceType']).rpartition('/')[2]})"
                    if action.get("digitalSourceType")
                    else ""
                )
                yield _short(f"{action.get('action', '')}{when}{source}")


def _problems(store: Mapping[str, Any]) -> Iterator[str]:
    for status in store.get("validation_status") or ():
        if status.get("code") not in _EXPECTED:
            yield _short(f"{status.get('code', '')}: {status.get('explanation', '')}")


def _short(text: object) -> str:
    return "".join(char for char in str(text) if char.isprintable())[:_LONGEST]
