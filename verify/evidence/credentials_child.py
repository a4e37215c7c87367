"""The only file that lets c2pa-python parse untrusted bytes; run as a process of its own, never imported.

In: an open descriptor and the media type, as arguments. Out: one line of JSON on standard output: the
validated manifest store, or {"none": true}, or {"error": "..."}. Limits are set before the library is loaded;
nothing is fetched: no remote manifests, no certificate status.
"""

from __future__ import annotations

import json
import os
import resource
import sys

MEMORY_BYTES = 2 * 2**30
CPU_SECONDS = 20
_NO_NETWORK = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "core": {"allowed_network_hosts": []},
}


def main() -> None:
    """Reads what the arguments say and prints one line."""
    descriptor, mime = int(sys.argv[1]), sys.argv[2]
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
    ):
        resource.setrlimit(limit, (value, value))
    sys.stdout.write(json.dumps(_read(descriptor, mime)) + "\n")


def _read(descriptor: int, mime: str) -> dict[str, object]:
    import c2pa  # noqa: PLC0415 - only under the limits

    if mime not in c2pa.Reader.get_supported_mime_types():
        return {"error": f"{mime} carries no credentials that can be read"}
    context = c2pa.Context(c2pa.Settings.from_dict(_NO_NETWORK))
    with os.fdopen(descriptor, "rb") as file:
        try:
            reader = c2pa.Reader.try_create(mime, file, context=context)
        except c2pa.C2paError as error:
            return {"error": str(error)[:500]}
        if reader is None:
            return {"none": True}
        with reader:
            found: dict[str, object] = json.loads(reader.json())
            return found


main()
