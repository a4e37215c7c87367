"""`verify doctor`: what is present, what is missing, and which limits hold."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from importlib.util import find_spec
from typing import Annotated

import typer
from sqlalchemy import make_url

from verify.cli.screen import say
from verify.cli.vitals import Check, vitals
from verify.errors import VerifyError
from verify.fingerprint import ALGORITHM
from verify.media.sandbox import sandbox_status
from verify.pipeline.parts import LIBRARIES, TOOL_VERSION
from verify.settings import Settings
from verify.store.database import newest_version
from verify.wiring import opened

_EXTRAS = {
    "yt_dlp": "platforms that only yt-dlp can resolve (extra: platforms)",
    "c2pa": "reading content credentials (extra: evidence)",
    "rfc3161_client": "timestamps of report manifests (extra: evidence)",
    "celery": "workers behind Redis (extra: scaled)",
    "psycopg": "PostgreSQL (extra: scaled)",
    "boto3": "an S3-compatible store (extra: scaled)",
}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what is present, what is missing, and which limits hold."""
    settings = Settings()
    checks = list(examine(settings))
    if as_json:
        say(
            json.dumps({"checks": [asdict(check) for check in checks], "settings": shown(settings)}, indent=2)
        )
    else:
        say("\n".join(f"{check.state:8} {check.area:10} {check.text}" for check in checks))
        say("\nSettings (change them in the environment):")
        say("\n".join(setting_lines(settings)))
    if any(check.state == "wrong" for check in checks):
        raise typer.Exit(1)


def examine(settings: Settings) -> Iterator[Check]:
    """Every check, in the order to read them."""
    yield Check(
        area="program",
        state="ok",
        text=f"verify {TOOL_VERSION}, Python {platform.python_version()}, {ALGORITHM}",
    )
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    yield Check(area="libraries", state="ok", text=libraries)
    yield from _storage(settings)
    yield from _sandbox(settings)
    private = ", ".join(settings.allow_private_hosts)
    yield Check(
        area="network",
        state="ok",
        text=f"public addresses only, except {private}" if private else "public addresses only",
    )
    for module, purpose in _EXTRAS.items():
        yield Check(area="extras", state="ok" if find_spec(module) else "missing", text=purpose)


def _storage(settings: Settings) -> Iterator[Check]:
    home = settings.home.expanduser()
    try:
        with opened(settings) as tool:
            revision, count = newest_version(), tool.parts.references.count()
            kind, queue = tool.database.kind, list(vitals(tool))
    except (VerifyError, OSError) as error:
        yield Check(area="storage", state="wrong", text=f"{home}: {error}")
        return
    yield Check(area="storage", state="ok", text=f"{home}: {kind}, schema {revision}, {count} references")
    yield from queue
    free, kept = shutil.disk_usage(home).free, settings.free_disk_bytes
    state = "ok" if free > kept else "wrong"
    yield Check(
        area="storage", state=state, text=f"{free / 2**30:.1f} GiB free, {kept / 2**30:.1f} GiB kept free"
    )


def _sandbox(settings: Settings) -> Iterator[Check]:
    status = sandbox_status(settings.sandbox)
    wanted = settings.sandbox == "bwrap" and status.isolation != "bwrap"
    yield Check(area="decoder", state="wrong" if wanted else "ok", text=f"isolated by {status.isolation}")
    for wall in status.holds:
        yield Check(area="decoder", state="ok", text=wall)
    for wall in status.missing:
        yield Check(area="decoder", state="missing", text=f"{wall} (needs bubblewrap)")
    limits = (
        f"{settings.decode_cpu_seconds} s of CPU, {settings.decode_wall_seconds:g} s in all, "
        f"{settings.decode_memory_bytes // 2**20} MiB of memory"
    )
    yield Check(area="decoder", state="ok", text=limits)


def shown(settings: Settings) -> dict[str, object]:
    """Every setting with its value as JSON; secrets are masked."""
    values: dict[str, object] = json.loads(settings.model_dump_json())
    if settings.database_url:
        values["database_url"] = make_url(settings.database_url).render_as_string(hide_password=True)
    return {f"VERIFY_{name.upper()}": value for name, value in values.items()}


def setting_lines(settings: Settings) -> Iterator[str]:
    fields = type(settings).model_fields
    for name, value in shown(settings).items():
        description = fields[name.removeprefix("VERIFY_").lower()].description
        changed = "*" if name in os.environ else " "
        yield f" {changed} {name} = {json.dumps(value)}\n     {description}"
