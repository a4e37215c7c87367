"""Settings to concrete parts: the one place that picks them.

In: `Settings`. Out: everything a face works with, opened and migrated; closed when the block ends.
Raises UnknownSetting, SchemaTooNew, StorageBusy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from verify.desk import FOLDER, Desk
from verify.evidence.credentials import read_credentials
from verify.fetch.client import GuardedClient
from verify.fetch.download import Downloader
from verify.media.decoder import DecodeLimits, Decoder
from verify.media.sniff import sniff
from verify.pipeline import Intake, Parts, Pipeline
from verify.pipeline.abandoned import AbandonedReports
from verify.pipeline.acquire import Acquirer
from verify.pipeline.examine import Examiner
from verify.pipeline.windows import FrameWindows
from verify.posts.resolve import Resolver
from verify.references import CurrentSet, ReferenceSet
from verify.settings import Settings
from verify.store.blobs import Blobs, FolderBlobs
from verify.store.database import Database, migrate, open_database
from verify.store.ledger import Ledger
from verify.store.references import ReferenceStore
from verify.store.views import ItemViews

#: Settings that hold a secret or a place on this machine: they change no report, and leave in none.
_NOT_IN_DIGEST = {
    "home",
    "database_url",
    "broker_url",
    "blobs_url",
    "s3_endpoint_url",
    "item_soft_seconds",
    "item_hard_seconds",
    "log_format",
    "log_level",
    "x_bearer_token",
    "user_agent_contact",
    "allow_private_hosts",
}

READER_SECONDS = 45.0  # a decoder child may take while somebody waits for its frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What the faces use."""

    settings: Settings
    database: Database
    parts: Parts
    intake: Intake
    resolver: Resolver
    pipeline: Pipeline
    reference_set: ReferenceSet
    windows: FrameWindows


@contextmanager
def opened(settings: Settings) -> Iterator[Tool]:
    """The tool as `settings` describe it."""
    home = settings.home.expanduser()
    home.mkdir(parents=True, exist_ok=True)
    database = open_database(database_url(settings))
    try:
        migrate(database)
        with GuardedClient(settings) as client:
            yield _assembled(settings, database, client)
    finally:
        database.close()


def database_url(settings: Settings) -> str:
    return settings.database_url or f"sqlite:///{settings.home.expanduser().absolute() / 'verify.sqlite3'}"


def blobs_of(settings: Settings) -> Blobs:
    """Where files are kept. Raises UnknownSetting."""
    folder = FolderBlobs(settings.home.expanduser() / "blobs", free_disk_bytes=settings.free_disk_bytes)
    folder.clean()
    if not settings.blobs_url:
        return folder
    from verify.store.s3 import s3_blobs  # noqa: PLC0415 - an extra: only this store needs it

    return s3_blobs(settings.blobs_url, folder, endpoint_url=settings.s3_endpoint_url)


def ledger_of(settings: Settings, database: Database) -> Ledger:
    """The ledger, which gives an item that is abandoned its report, whoever sweeps."""
    reports = AbandonedReports(
        ItemViews(database),
        read_claim=desk_of(settings).claim_of,
        settings_digest=settings_digest(settings),
    )
    return Ledger(database, write_abandoned=reports)


def desk_of(settings: Settings) -> Desk:
    return Desk(settings.home.expanduser() / FOLDER)


def decoder(settings: Settings) -> Decoder:
    return Decoder(
        DecodeLimits(
            cpu_seconds=settings.decode_cpu_seconds,
            wall_seconds=settings.decode_wall_seconds,
            memory_bytes=settings.decode_memory_bytes,
            sandbox=settings.sandbox,
        )
    )


def reading_decoder(settings: Settings) -> Decoder:
    """For frames that a reader waits for: the same walls, less patience."""
    patience = settings.model_copy(
        update={"decode_wall_seconds": min(settings.decode_wall_seconds, READER_SECONDS)}
    )
    return decoder(patience)


def settings_digest(settings: Settings) -> str:
    """The sha256, in hex, of every setting that can change what a report says."""
    return hashlib.sha256(settings.model_dump_json(exclude=_NOT_IN_DIGEST).encode()).hexdigest()


def _assembled(settings: Settings, database: Database, client: GuardedClient) -> Tool:
    home = settings.home.expanduser()
    blobs = blobs_of(settings)
    store = ReferenceStore(database)
    intake = Intake(settings, blobs)
    resolver = Resolver(client, settings)
    downloader = Downloader(client, settings, sniff)
    desk = desk_of(settings)
    examiner = Examiner(decoder(settings), blobs)
    parts = Parts(
        ledger=ledger_of(settings, database),
        blobs=blobs,
        references=store,
        acquirer=Acquirer(intake, resolver, downloader, blobs),
        examiner=examiner,
        searched_set=CurrentSet(store, home / "index"),
        read_claim=desk.claim_of,
        relate=desk.relate,
        read_credentials=read_credentials,
        settings_digest=settings_digest(settings),
    )
    return Tool(
        settings=settings,
        database=database,
        parts=parts,
        intake=intake,
        resolver=resolver,
        pipeline=Pipeline(parts),
        reference_set=ReferenceSet(
            store, blobs, intake=intake, resolver=resolver, downloader=downloader, examiner=examiner
        ),
        windows=FrameWindows(reading_decoder(settings), blobs),
    )
