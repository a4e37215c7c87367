"""A manifest in; an RFC 3161 timestamp of it out, from the first authority that answers.

Off by default: VERIFY_TIMESTAMP_AUTHORITIES lists the authorities' addresses. Only the manifest's sha256
leaves this machine, through judged connections (no private network unless VERIFY_ALLOW_PRIVATE_HOSTS names
it). The answer is checked against the request: status, digest and nonce; whether to trust the authority's
certificate is for whoever verifies the token (docs/verify-a-manifest.md). Refuses answers over 64 KiB.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2

from verify.errors import BadResponse, MissingExtra, NetworkFailed, VerifyError
from verify.fetch.guard import Guard
from verify.fetch.wire import GuardedTransport, wall_clock
from verify.settings import Settings

QUERY_TYPE = "application/timestamp-query"  # RFC 3161, section 3.4
REPLY_TYPE = "application/timestamp-reply"
MAX_REPLY_BYTES = 64 * 2**10  # tokens with their certificates are some 6 KiB
_WALL_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """A token as received, with what it says; save `token` beside the manifest as SHA256SUMS.tsr."""

    authority: str  #: the address that answered
    at: datetime  #: by the authority's clock
    manifest_sha256: str
    token: bytes  #: the DER-encoded TimeStampResp, for `openssl ts -verify -in`


def stamp(manifest: bytes, settings: Settings) -> Timestamp | None:
    """The timestamp of a manifest; None when no authority is set.

    Raises the last authority's error when none answers with a sound token: NetworkFailed, BadResponse or
    ForbiddenAddress; MissingExtra without rfc3161-client.
    """
    authorities = settings.timestamp_authorities
    return _from_first(manifest, authorities, settings) if authorities else None


def _from_first(manifest: bytes, authorities: Sequence[str], settings: Settings) -> Timestamp:
    failure: VerifyError = NetworkFailed("no timestamp authority answered")
    for authority in authorities:
        try:
            return _ask(manifest, authority, settings)
        except MissingExtra:
            raise
        except VerifyError as error:
            failure = error
    raise failure


def _ask(manifest: bytes, authority: str, settings: Settings) -> Timestamp:
    client = _library()
    request = (
        client.TimestampRequestBuilder().data(manifest).hash_algorithm(client.HashAlgorithm.SHA256).build()
    )
    body = _post(authority, request.as_bytes(), settings)
    try:
        response = client.decode_timestamp_response(body)
        info = response.tst_info
        sound = response.status in {0, 1} and info.nonce == request.nonce
        sound = sound and bytes(info.message_imprint.message) == hashlib.sha256(manifest).digest()
        at = info.gen_time.replace(tzinfo=UTC) if info.gen_time.tzinfo is None else info.gen_time
    except ValueError as error:
        raise BadResponse(f"{authority}: no timestamp token") from error
    if not sound:
        raise BadResponse(f"{authority}: the token is not for this manifest")
    return Timestamp(
        authority=authority,
        at=at.astimezone(UTC),
        manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        token=body,
    )


def _library() -> Any:
    try:
        import rfc3161_client  # noqa: PLC0415 - optional: the extra `evidence`
    except ImportError as error:
        raise MissingExtra("evidence") from error
    return rfc3161_client


def _post(url: str, body: bytes, settings: Settings) -> bytes:
    transport = GuardedTransport(Guard(settings.allow_private_hosts))
    headers = {"Content-Type": QUERY_TYPE, "Accept": REPLY_TYPE, "Accept-Encoding": "identity"}
    try:
        with (
            wall_clock(_WALL_SECONDS),
            httpx2.Client(transport=transport, trust_env=False, follow_redirects=False) as client,
            client.stream("POST", url, content=body, headers=headers) as response,
        ):
            return _reply(url, response)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise NetworkFailed(f"{url}: {type(error).__name__}") from error


def _reply(url: str, response: httpx2.Response) -> bytes:
    if response.status_code != 200:
        raise BadResponse(f"{url}: status {response.status_code}")
    received = b""
    for piece in response.iter_raw():
        received += piece
        if len(received) > MAX_REPLY_BYTES:
            raise BadResponse(f"{url}: more than {MAX_REPLY_BYTES} bytes")
    return received
