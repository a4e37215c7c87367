from __future__ import annotations

import pytest

from verify.claims import check_equipment, check_places, make_reader, own_reader, read_claim, relate_equipment
from verify.claims.gazetteer import own_place_tables
from verify.claims.lexicon import own_equipment_table
from verify.errors import LexiconUnreadable

HEAD = "name,class,parent,flags,en,ar,tr,ru,uk,he,fa,source\n"
PLACES = "name,country,kind,latitude,longitude,radius_km,weight,timezone,aliases,source\n"


def test_the_programs_own_tables_can_be_read() -> None:
    assert not [fault for fault in check_equipment(own_equipment_table()) if fault.line == 0]
    assert not [fault for table in own_place_tables() for fault in check_places(table) if fault.line == 0]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("ZX-9,spaceship,,,,,,,,,,desk", "the class “spaceship” is no row"),
        ("ZX-9,tank,ZX-8,,,,,,,,,desk", "the parent “ZX-8” is no row"),
        ("ZX-9,tank,ZX-9,,,,,,,,,desk", "is its own parent"),
        ("ZX-9,tank,,,T-72,,,,,,,desk", "“T-72” is already a name of T-72"),
        ("ZX-9,tank,,,72,,,,,,,desk", "holds no letters"),
        ("ZX-9,tank,,,Zx,,,,,,,desk", "too short to stand alone"),
        (",tank,,,T-72,,,,,,,desk", "a row needs a name"),
        ("ZX-9,tank,,q,,,,,,,,desk", "flags out of"),
    ],
)
def test_faults_of_equipment_are_named(row: str, sentence: str) -> None:
    assert any(sentence in fault.sentence for fault in check_equipment((HEAD + row + "\n").encode()))


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("Xanadu,SY,town,91,10,5,1,Asia/Damascus,,desk", "degrees"),
        ("Xanadu,SY,town,north,10,5,1,Asia/Damascus,,desk", "could not convert"),
        ("Xanadu,SY,metropolis,10,10,5,1,Asia/Damascus,,desk", "a kind of village"),
        ("Xanadu,SY,town,10,10,5,1,Asia/Xanadu,,desk", "no time zone"),
        ("Market,SY,town,10,10,5,1,Asia/Damascus,,desk", "never read as a place"),
        ("Xanadu,SY,town,10,10,5,1,Asia/Damascus,Nice,desk", "also an ordinary word"),
        ("Saraqib,SY,town,35.8645,36.8059,5,1,Asia/Damascus,,desk", "same spot"),
    ],
)
def test_faults_of_places_are_named(row: str, sentence: str) -> None:
    assert any(sentence in fault.sentence for fault in check_places((PLACES + row + "\n").encode()))


@pytest.mark.parametrize("table", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n"])
def test_what_is_no_table_is_one_fault_and_no_reader(table: bytes) -> None:
    assert len(check_equipment(table)) == 1
    with pytest.raises(LexiconUnreadable):
        make_reader(equipment=[table])


def test_a_desk_table_adds_to_the_programs_own() -> None:
    equipment = (HEAD + "ZX-9 Widget,tank,T-72,,ZX-9; Widget!x,,,,,,,desk\n").encode()
    places = (PLACES + "Xanadu Farm,SY,village,35.9,36.7,2,1000,Asia/Damascus,Zanadu Farm,desk\n").encode()
    reader = make_reader([equipment], [places])
    claim = read_claim("ZX-9 and T-62 at Zanadu Farm near Saraqib", posted_at=None, reader=reader)
    assert [item.name for item in claim.equipment] == ["ZX-9 Widget", "T-62"]
    assert [item.family for item in claim.equipment] == ["T-72", "T-62"]
    assert [item.name for item in claim.places] == ["Xanadu Farm", "Saraqib"]
    assert relate_equipment("ZX-9", "T-72", reader.lexicon) == "compatible"
    assert make_reader() is own_reader()


@pytest.mark.parametrize(
    ("claimed", "known", "relation"),
    [
        ("M60T", "m60t", "same"),
        ("Т-72", "T-72", "same"),
        ("M113", "APC", "compatible"),
        ("M60", "M60T", "compatible"),
        ("tank", "T-72B3", "compatible"),
        ("T-72", "T-62", "conflicting"),
        ("M60T", "M60A3", "conflicting"),
        ("Bayraktar TB2", "M60T", "unrelated"),
        ("something else", "M60T", "unrelated"),
    ],
)
def test_kinship_of_equipment(claimed: str, known: str, relation: str) -> None:
    assert relate_equipment(claimed, known) == relation
    assert relate_equipment(known, claimed) == relation
