"""Backups that read back into either kind of database, and files that go when nothing names them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.integration.test_reference_store import make_reference
from verify.errors import SchemaTooNew, UnreadableInput, UsageError
from verify.model import FindingLabel
from verify.store.archive import export, import_
from verify.store.blobs import FolderBlobs
from verify.store.database import Database, migrate, open_database
from verify.store.figures import Figures
from verify.store.items import ItemFilter, NewItem
from verify.store.ledger import Ledger
from verify.store.references import ReferencePicture, ReferenceStore
from verify.store.tables import METADATA
from verify.store.upkeep import collect


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    migrate(opened)
    yield opened
    opened.close()


def fill(database: Database, blobs: FolderBlobs) -> dict[str, str]:
    """Something of everything; the blobs by what names them."""
    names = {part: blobs.put(part.encode()) for part in ("media", "picture", "fingerprint", "nobody")}
    ledger = Ledger(database)
    ledger.enqueue_many([NewItem(submitted=f"clip {n} é", claim="M60T\u2028") for n in range(3)])
    lease = ledger.claim(worker="test")
    assert lease is not None
    ledger.put_checkpoint(lease, "fetch", "1", json.dumps({"sha256": names["fingerprint"]}).encode())
    report = json.dumps({"media": names["media"]})
    ledger.finish(lease, report=report, code_version="1", finding=FindingLabel.PARTIAL_MATCH)
    ReferenceStore(database).add(
        make_reference("tanks"),
        fingerprints={"algorithm": bytes(range(256))},
        pictures=[ReferencePicture(time_us=0, sha256=names["picture"])],
    )
    return names


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.reading() as connection:
        return {
            table.name: sorted(tuple(row) for row in connection.execute(select(table)))
            for table in METADATA.sorted_tables
        }


def test_a_backup_reads_back_row_for_row_and_byte_for_byte(
    database: Database, elsewhere: Database, blobs: FolderBlobs, tmp_path: Path
) -> None:
    names = fill(database, blobs)
    done = export(database, blobs, tmp_path / "backup.tar")
    other = FolderBlobs(tmp_path / "other")
    read = import_(elsewhere, other, tmp_path / "backup.tar")
    assert (read.rows, read.blobs) == (done.rows, done.blobs)
    assert done.blobs == 3  # what nobody names is no part of a backup
    assert rows(elsewhere) == rows(database)
    assert other.read(names["media"]) == b"media"
    assert ReferenceStore(elsewhere).fingerprint(make_reference("tanks").id, "algorithm") == bytes(range(256))


def test_a_backup_of_sqlite_reads_into_postgresql(
    elsewhere: Database, blobs: FolderBlobs, tmp_path: Path, empty_postgres_url: str
) -> None:
    fill(elsewhere, blobs)
    export(elsewhere, blobs, tmp_path / "backup.tar")
    postgres = open_database(empty_postgres_url)
    migrate(postgres)
    import_(postgres, blobs, tmp_path / "backup.tar")
    assert rows(postgres) == rows(elsewhere)
    assert Ledger(postgres).enqueue(NewItem(submitted="and it goes on")).submitted
    postgres.close()


def test_a_damaged_file_is_named_and_the_rest_is_kept(
    database: Database, blobs: FolderBlobs, tmp_path: Path
) -> None:
    names = fill(database, blobs)
    (blobs.root / names["media"][:2] / names["media"]).write_bytes(b"damaged")
    done = export(database, blobs, tmp_path / "backup.tar")
    assert (done.missing, done.blobs) == ((names["media"],), 2)


def test_nothing_is_read_over_what_is_there(
    database: Database, elsewhere: Database, blobs: FolderBlobs, tmp_path: Path
) -> None:
    fill(database, blobs)
    Ledger(elsewhere).enqueue(NewItem(submitted="already here"))
    export(database, blobs, tmp_path / "backup.tar")
    with pytest.raises(UsageError, match="already holds items"):
        import_(elsewhere, blobs, tmp_path / "backup.tar")
    assert [item.submitted for item in Ledger(elsewhere).list(ItemFilter())] == ["already here"]


def rewritten(path: Path, name: str, data: bytes) -> Path:
    """The archive with one more member, or another content of one."""
    changed = path.with_name("changed.tar")
    with tarfile.open(path) as old, tarfile.open(changed, "w") as new:
        for member in old:
            if member.name != name:
                new.addfile(member, old.extractfile(member))
        info = tarfile.TarInfo(name)
        info.size = len(data)
        new.addfile(info, io.BytesIO(data))
    return changed


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("manifest.json", b'{"format": "other"}', UnreadableInput),
        ("manifest.json", b'{"format": "verify-archive-1", "schema": "9999"}', SchemaTooNew),
        ("../../etc/passwd", b"x", UnreadableInput),
        ("tables/items", b"{not json\n", UnreadableInput),
        ("tables/items", b"{}\n", UnreadableInput),
        (f"blobs/{hashlib.sha256(b'media').hexdigest()}", b"another", UnreadableInput),
    ],
)
def test_an_archive_that_is_not_one_changes_nothing(  # noqa: PLR0917 - fixtures and a table's columns
    elsewhere: Database, blobs: FolderBlobs, tmp_path: Path, name: str, data: bytes, error: type[Exception]
) -> None:
    source = open_database(f"sqlite:///{tmp_path / 'source.sqlite'}")
    migrate(source)
    fill(source, blobs)
    export(source, blobs, tmp_path / "backup.tar")
    source.close()
    with pytest.raises(error):
        import_(elsewhere, FolderBlobs(tmp_path / "other"), rewritten(tmp_path / "backup.tar", name, data))
    assert not any(rows(elsewhere).values())


def test_only_old_files_that_nobody_names_are_removed(database: Database, blobs: FolderBlobs) -> None:
    names = fill(database, blobs)
    young = blobs.put(b"young")
    for part in names.values():
        os.utime(blobs.root / part[:2] / part, (0, 0))
    done = collect(database, blobs)
    assert (done.removed, done.kept) == (1, 4)
    assert {name for name, _ in blobs.names()} == {*names.values(), young} - {names["nobody"]}


def test_sums_add_up_across_workers(database: Database) -> None:
    first, second = Figures(database), Figures(database)
    first.add({("fetches", ("x.com", "ok")): 2, ("stage_seconds", ("match",)): 0.5})
    second.add({("fetches", ("x.com", "ok")): 1})
    found = {(figure.name, figure.labels): figure.value for figure in first.read()}
    assert found == {("fetches", ("x.com", "ok")): 3, ("stage_seconds", ("match",)): 0.5}
