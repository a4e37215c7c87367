"""The reference set's behaviour, the same on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from verify.errors import NotInReferenceSet
from verify.model import DateBasisKind, MediaFile, MediaKind, MediaMetadata, Provenance, Reference
from verify.store.database import Database, migrate, open_database
from verify.store.references import ReferencePicture, ReferenceStore, StoredFingerprint, reference_id

ALGORITHM = "phash256-1"


def make_reference(name: str) -> Reference:
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    return Reference(
        id=reference_id(sha256),
        media=MediaFile(sha256=sha256, size_bytes=1000, mime="video/mp4", kind=MediaKind.VIDEO),
        metadata=MediaMetadata(container="mp4", codec="h264", width=640, height=360, duration_us=12_000_000),
        provenance=Provenance(
            title=name,
            first_seen="2016-08-24",
            first_seen_basis=DateBasisKind.PUBLICATION,
            place="Al-Rai, Syria",
            latitude=36.6,
            equipment=("M60T",),
        ),
        added_at=datetime(2024, 5, 1, tzinfo=UTC),
    )


@pytest.fixture
def references(database: Database) -> ReferenceStore:
    return ReferenceStore(database)


def add(references: ReferenceStore, name: str, payload: bytes | None = None) -> Reference:
    reference = make_reference(name)
    references.add(reference, fingerprints={ALGORITHM: payload or name.encode()})
    return reference


def test_a_reference_reads_back_as_it_was_given(references: ReferenceStore) -> None:
    reference = make_reference("tanks")
    pictures = [
        ReferencePicture(time_us=2_000_000, sha256="b" * 64),
        ReferencePicture(time_us=0, sha256="a" * 64),
    ]
    added = references.add(reference, fingerprints={ALGORITHM: b"\x00\xff", "pdq": b"x"}, pictures=pictures)
    assert added.is_new
    assert references.get(reference.id) == reference
    assert references.get(reference.id[:8]) == reference
    assert references.by_media(reference.media.sha256) == reference
    assert references.fingerprint(reference.id, ALGORITHM) == b"\x00\xff"
    assert references.fingerprint(reference.id, "other") is None
    assert references.pictures(reference.id) == [pictures[1], pictures[0]]


def test_the_same_bytes_twice_are_one_reference_and_it_says_so(references: ReferenceStore) -> None:
    first = add(references, "tanks")
    before = references.revision()
    again = replace(first, provenance=Provenance(title="another title"))
    added = references.add(again, fingerprints={ALGORITHM: b"other"})
    assert (added.is_new, added.reference) == (False, first)
    assert (references.count(), references.revision()) == (1, before)
    assert references.fingerprint(first.id, ALGORITHM) == b"tanks"


def test_unknown_and_ambiguous_identifiers_are_refused(references: ReferenceStore) -> None:
    add(references, "tanks")
    for unknown in ("0" * 16, "", "%", "______"):
        with pytest.raises(NotInReferenceSet):
            references.get(unknown)
        with pytest.raises(NotInReferenceSet):
            references.remove(unknown)


def test_a_removed_reference_takes_its_fingerprints_with_it(references: ReferenceStore) -> None:
    reference = add(references, "tanks")
    references.remove(reference.id)
    assert references.count() == 0
    assert references.by_media(reference.media.sha256) is None
    assert references.fingerprints(ALGORITHM).present == ()


def test_a_replica_follows_what_was_added_edited_and_removed(references: ReferenceStore) -> None:
    tanks, trucks = add(references, "tanks"), add(references, "trucks")
    first = references.fingerprints(ALGORITHM)
    assert first.present == (
        StoredFingerprint(reference_id=tanks.id, media_sha256=tanks.media.sha256, payload=b"tanks"),
        StoredFingerprint(reference_id=trucks.id, media_sha256=trucks.media.sha256, payload=b"trucks"),
    )
    assert (first.revision, first.gone, first.more) == (2, (), False)
    references.remove(tanks.id)
    ships = add(references, "ships")
    second = references.fingerprints(ALGORITHM, since_revision=first.revision)
    assert [stored.reference_id for stored in second.present] == [ships.id]
    assert second.gone == (tanks.id,)
    nothing = references.fingerprints(ALGORITHM, since_revision=second.revision)
    assert (nothing.present, nothing.gone, nothing.revision) == ((), (), second.revision)


def test_a_long_history_is_followed_in_pages(references: ReferenceStore) -> None:
    added = [add(references, f"clip {number}") for number in range(7)]
    references.remove(added[0].id)
    revision, more, index = 0, True, set()
    while more:
        page = references.fingerprints(ALGORITHM, since_revision=revision, limit=3)
        index |= {stored.reference_id for stored in page.present}
        index -= set(page.gone)
        revision, more = page.revision, page.more
    assert index == {reference.id for reference in added[1:]}
    assert revision == references.revision() == 8


def test_a_new_algorithm_asks_for_what_it_has_not_seen(references: ReferenceStore) -> None:
    tanks, trucks = add(references, "tanks"), add(references, "trucks")
    assert references.unfingerprinted(ALGORITHM) == []
    references.put_fingerprint(tanks.id, "phash256-2", b"new")
    assert references.unfingerprinted("phash256-2") == [trucks]
    changes = references.fingerprints("phash256-2", since_revision=2)
    assert [stored.payload for stored in changes.present] == [b"new"]


def test_provenance_is_edited_in_place(references: ReferenceStore) -> None:
    reference = add(references, "tanks")
    digest = references.digest(ALGORITHM)
    edited = references.update_provenance(reference.id, replace(reference.provenance, place="Nayrab, Syria"))
    assert references.get(reference.id) == edited
    assert edited.provenance.place == "Nayrab, Syria"
    assert references.digest(ALGORITHM) != digest


def test_the_digest_depends_on_the_set_alone(references: ReferenceStore, tmp_path: Path) -> None:
    def other() -> Iterator[ReferenceStore]:
        opened = open_database(f"sqlite:///{tmp_path / 'other.sqlite'}")
        migrate(opened)
        yield ReferenceStore(opened)
        opened.close()

    for elsewhere in other():
        for name in ("tanks", "trucks"):
            add(references, name)
        for name in ("ships", "trucks", "tanks"):
            later = replace(make_reference(name), added_at=datetime(2026, 1, 1, tzinfo=UTC))
            elsewhere.add(later, fingerprints={ALGORITHM: name.encode()})
        assert references.digest(ALGORITHM) != elsewhere.digest(ALGORITHM)
        elsewhere.remove(make_reference("ships").id)
        assert references.digest(ALGORITHM) == elsewhere.digest(ALGORITHM)


def test_the_list_is_newest_first_and_searched_by_title(references: ReferenceStore) -> None:
    for day, name in enumerate(["Tanks 100%", "trucks", "tanks again"]):
        reference = replace(make_reference(name), added_at=datetime(2024, 5, 1 + day, tzinfo=UTC))
        references.add(reference, fingerprints={})
    assert [found.provenance.title for found in references.list()] == ["tanks again", "trucks", "Tanks 100%"]
    assert [found.provenance.title for found in references.list(title="TANKS", limit=1)] == ["tanks again"]
    assert [found.provenance.title for found in references.list(title="0%")] == ["Tanks 100%"]
    assert [found.provenance.title for found in references.list(limit=1, offset=1)] == ["trucks"]
