"""The reference set in SQL: records, packed fingerprints, pictures, and a revision that only grows.

In: `Reference` records with fingerprints as opaque bytes. Out: the same, and the changes since a
revision, so that an index replica knows what to add and what to drop. Refuses nothing but unknown
identifiers: the same bytes added twice are the same reference, and `add` says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, select, update
from sqlalchemy.sql import ColumnElement

from verify.errors import NotInReferenceSet
from verify.model import Provenance, Reference, type_us
from verify.store import codec
from verify.store.database import Database
from verify.store.rows import insert_once
from verify.store.tables import (
    counters,
    reference_changes,
    reference_entries,
    reference_fingerprints,
    reference_pictures,
)

_COUNTER = "reference_set"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePicture:
    """A keyframe of a reference, as a JPEG in the blob store."""

    time_us: type_us
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """The reference as kept; `is_new` is False when its bytes were there before."""

    reference: Reference
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFingerprint:
    """One fingerprint as an index takes it in."""

    reference_id: str
    media_sha256: str
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceChanges:
    """What an index at the asked revision must do to be at `revision`.

    A reference in `present` replaces what the index had of it; one in `gone` is dropped.
    """

    revision: int
    present: tuple[StoredFingerprint, ...]
    gone: tuple[str, ...]  #: reference identifiers
    more: bool  #: ask again from `revision`


def reference_id(media_sha256: str) -> str:
    """The identifier of a reference: the first 16 hex digits of its file's sha256.

    From the bytes, so that two installations name the same footage alike and their reports agree.
    """
    return media_sha256[:16]


class ReferenceStore:
    """The reference set of one database."""

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._clock = clock

    def add(
        self,
        reference: Reference,
        *,
        fingerprints: Mapping[str, bytes],
        pictures: Sequence[ReferencePicture] = (),
    ) -> Added:
        """Keeps the reference with its fingerprints by algorithm; of the same bytes the first stays."""
        sha256 = reference.media.sha256
        with self._database.writing() as connection:
            _lock(connection)
            known = _found(connection, reference_entries.c.media_sha256 == sha256)
            if known:
                return Added(reference=known[0], is_new=False)
            revision = _next_revision(connection)
            connection.execute(insert(reference_entries).values(_row(reference, revision)))
            self._note(connection, revision, reference, "added")
            for algorithm, payload in fingerprints.items():
                _put_fingerprint(connection, sha256, algorithm, payload)
            for picture in pictures:
                values = {"media_sha256": sha256, "time_us": picture.time_us, "sha256": picture.sha256}
                insert_once(connection, reference_pictures, values)
        return Added(reference=reference, is_new=True)

    def get(self, reference_id: str) -> Reference:
        """The reference of that identifier, or of the only one that starts so. Raises NotInReferenceSet."""
        with self._database.reading() as connection:
            return _one(connection, reference_id)

    def by_media(self, media_sha256: str) -> Reference | None:
        """The reference made of exactly these bytes."""
        with self._database.reading() as connection:
            found = _found(connection, reference_entries.c.media_sha256 == media_sha256)
        return found[0] if found else None

    def list(self, *, limit: int = 100, offset: int = 0, title: str = "") -> Sequence[Reference]:
        """The references whose title holds `title`, newest first."""
        condition = reference_entries.c.title.icontains(title, autoescape=True) if title else None
        query = select(reference_entries.c.record)
        if condition is not None:
            query = query.where(condition)
        query = query.order_by(reference_entries.c.added_at.desc(), reference_entries.c.id)
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).scalars()
            return [codec.load(Reference, record) for record in rows]

    def count(self) -> int:
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(reference_entries)).scalar_one()

    def remove(self, reference_id: str) -> Reference:
        """The reference that was in the set. Its blobs stay until they are collected.

        Raises NotInReferenceSet.
        """
        with self._database.writing() as connection:
            revision = _next_revision(connection)
            reference = _one(connection, reference_id)
            connection.execute(delete(reference_entries).where(reference_entries.c.id == reference.id))
            self._note(connection, revision, reference, "removed")
        return reference

    def update_provenance(self, reference_id: str, provenance: Provenance) -> Reference:
        """The reference with its new provenance. Raises NotInReferenceSet."""
        with self._database.writing() as connection:
            revision = _next_revision(connection)
            edited = replace(_one(connection, reference_id), provenance=provenance)
            values = _row(edited, revision)
            connection.execute(
                update(reference_entries).where(reference_entries.c.id == edited.id).values(values)
            )
            self._note(connection, revision, edited, "edited")
        return edited

    def put_fingerprint(self, reference_id: str, algorithm: str, payload: bytes) -> None:
        """Keeps or replaces the fingerprint by one algorithm. Raises NotInReferenceSet."""
        with self._database.writing() as connection:
            revision = _next_revision(connection)
            reference = _one(connection, reference_id)
            _put_fingerprint(connection, reference.media.sha256, algorithm, payload)
            self._note(connection, revision, reference, "fingerprinted")

    def fingerprint(self, reference_id: str, algorithm: str) -> bytes | None:
        """The packed fingerprint; None when that algorithm has not seen the reference yet."""
        query = select(reference_fingerprints.c.payload).where(
            reference_fingerprints.c.algorithm == algorithm
        )
        with self._database.reading() as connection:
            sha256 = _one(connection, reference_id).media.sha256
            query = query.where(reference_fingerprints.c.media_sha256 == sha256)
            return connection.execute(query).scalar_one_or_none()

    def fingerprint_digests(self, algorithm: str) -> dict[str, str]:
        """The sha256, in hex, of the packed fingerprint of every reference that the algorithm has seen."""
        query = select(reference_entries.c.id, reference_fingerprints.c.payload_sha256).join(
            reference_fingerprints, reference_fingerprints.c.media_sha256 == reference_entries.c.media_sha256
        )
        with self._database.reading() as connection:
            rows = connection.execute(query.where(reference_fingerprints.c.algorithm == algorithm))
            return {identifier: sha256 for identifier, sha256 in rows}  # noqa: C416 - rows are no pairs

    def pictures(self, reference_id: str) -> Sequence[ReferencePicture]:
        """The keyframe pictures in order of time. Raises NotInReferenceSet."""
        with self._database.reading() as connection:
            sha256 = _one(connection, reference_id).media.sha256
            query = select(reference_pictures.c.time_us, reference_pictures.c.sha256).where(
                reference_pictures.c.media_sha256 == sha256
            )
            rows = connection.execute(query.order_by(reference_pictures.c.time_us))
            return [ReferencePicture(time_us=time_us, sha256=sha256) for time_us, sha256 in rows]

    def unfingerprinted(self, algorithm: str) -> Sequence[Reference]:
        """The references this algorithm has not seen: to be fingerprinted anew after an upgrade."""
        seen = select(reference_fingerprints.c.media_sha256).where(
            reference_fingerprints.c.algorithm == algorithm
        )
        with self._database.reading() as connection:
            return _found(connection, reference_entries.c.media_sha256.not_in(seen))

    def revision(self) -> int:
        """The number of the last change; 0 for a set that never had one."""
        with self._database.reading() as connection:
            return _revision(connection)

    def digest(self, algorithm: str) -> str:
        """The sha256, in hex, of what the set holds for this algorithm: records and fingerprints.

        Two sets of equal digest give equal reports.
        """
        query = select(
            reference_entries.c.id,
            reference_entries.c.record_sha256,
            func.coalesce(reference_fingerprints.c.payload_sha256, ""),
        ).outerjoin(
            reference_fingerprints,
            and_(
                reference_fingerprints.c.media_sha256 == reference_entries.c.media_sha256,
                reference_fingerprints.c.algorithm == algorithm,
            ),
        )
        with self._database.reading() as connection:
            # Sorted here: the two databases do not sort text alike.
            lines = sorted(" ".join(row) for row in connection.execute(query))
        return hashlib.sha256("\n".join([algorithm, *lines]).encode()).hexdigest()

    def fingerprints(self, algorithm: str, *, since_revision: int = 0, limit: int = 1000) -> ReferenceChanges:
        """What changed after `since_revision`, at most `limit` changes of it, as of now."""
        with self._database.reading() as connection:
            newest = _revision(connection)
            query = select(reference_changes.c.revision, reference_changes.c.reference_id)
            query = query.where(reference_changes.c.revision > since_revision)
            changes = connection.execute(query.order_by(reference_changes.c.revision).limit(limit)).all()
            touched = list(dict.fromkeys(change.reference_id for change in changes))
            present = _fingerprints_of(connection, touched, algorithm)
        here = {stored.reference_id for stored in present}
        more = len(changes) == limit
        return ReferenceChanges(
            revision=changes[-1].revision if more else newest,
            present=present,
            gone=tuple(identifier for identifier in touched if identifier not in here),
            more=more,
        )

    def _note(self, connection: Connection, revision: int, reference: Reference, change: str) -> None:
        values = {
            "revision": revision,
            "reference_id": reference.id,
            "media_sha256": reference.media.sha256,
            "change": change,
            "changed_at": self._clock(),
        }
        connection.execute(insert(reference_changes).values(values))


def _lock(connection: Connection) -> None:
    """Lets one writer at a time past, until its transaction ends."""
    insert_once(connection, counters, {"name": _COUNTER, "value": 0})
    connection.execute(select(counters).where(counters.c.name == _COUNTER).with_for_update())


def _next_revision(connection: Connection) -> int:
    _lock(connection)
    taken = update(counters).where(counters.c.name == _COUNTER).values(value=counters.c.value + 1)
    value: int = connection.execute(taken.returning(counters.c.value)).scalar_one()
    return value


def _row(reference: Reference, revision: int) -> dict[str, Any]:
    record = codec.dump(reference)
    # When it was added differs between installations that hold the same set.
    lasting = codec.dump(replace(reference, added_at=datetime.fromtimestamp(0, UTC)))
    return {
        "id": reference.id,
        "media_sha256": reference.media.sha256,
        "title": reference.provenance.title,
        "record": record,
        "record_sha256": hashlib.sha256(lasting).hexdigest(),
        "revision": revision,
        "added_at": reference.added_at,
    }


def _put_fingerprint(connection: Connection, media_sha256: str, algorithm: str, payload: bytes) -> None:
    which = and_(
        reference_fingerprints.c.media_sha256 == media_sha256, reference_fingerprints.c.algorithm == algorithm
    )
    connection.execute(delete(reference_fingerprints).where(which))
    values = {
        "media_sha256": media_sha256,
        "algorithm": algorithm,
        "payload": payload,
        "payload_sha256": hashlib.sha256(payload).hexdigest(),
    }
    connection.execute(insert(reference_fingerprints).values(values))


def _fingerprints_of(
    connection: Connection, reference_ids: Sequence[str], algorithm: str
) -> tuple[StoredFingerprint, ...]:
    query = (
        select(reference_entries.c.id, reference_entries.c.media_sha256, reference_fingerprints.c.payload)
        .join(
            reference_fingerprints,
            reference_fingerprints.c.media_sha256 == reference_entries.c.media_sha256,
        )
        .where(reference_entries.c.id.in_(reference_ids), reference_fingerprints.c.algorithm == algorithm)
    )
    rows = {row.id: row for row in connection.execute(query)}
    return tuple(
        StoredFingerprint(
            reference_id=identifier,
            media_sha256=rows[identifier].media_sha256,
            payload=rows[identifier].payload,
        )
        for identifier in reference_ids
        if identifier in rows
    )


def _revision(connection: Connection) -> int:
    query = select(counters.c.value).where(counters.c.name == _COUNTER)
    return connection.execute(query).scalar_one_or_none() or 0


def _found(connection: Connection, which: ColumnElement[bool]) -> list[Reference]:
    query = select(reference_entries.c.record).where(which).order_by(reference_entries.c.added_at)
    return [codec.load(Reference, record) for record in connection.execute(query).scalars()]


def _one(connection: Connection, identifier: str) -> Reference:
    found = _found(connection, reference_entries.c.id == identifier)
    if not found and len(identifier) >= 6:
        found = _found(connection, reference_entries.c.id.startswith(identifier, autoescape=True))
    if len(found) != 1:
        raise NotInReferenceSet(identifier)
    return found[0]
