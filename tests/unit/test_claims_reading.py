from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from verify.claims import ClaimReader, build_gazetteer, build_lexicon, claim_json, own_reader, read_claim
from verify.model import Claim, Polarity

POSTED = datetime(2020, 2, 20, 8, 10, tzinfo=UTC)
ANCHOR = (
    "Turkey backed Islamist militias are in heavy fight with #Syria Arab Army in Al-#Nayrab/#Neirab in "
    "#Idlib's countryside ... equipped with these M113 armoured carriers and M60T main battle tanks which "
    "can be seen in this video 1 hour ago"
)


def read(text: str, posted_at: datetime | None = POSTED) -> Claim:
    return read_claim(text, posted_at=posted_at)


def equipment(text: str) -> list[str]:
    return [item.name for item in read(text).equipment]


def places(text: str) -> list[str]:
    return [item.name for item in read(text).places]


def interval(text: str, posted_at: datetime = POSTED) -> tuple[datetime, datetime]:
    (only,) = read(text, posted_at).times
    return only.earliest, only.latest


def test_the_post_of_the_readme_word_for_word() -> None:
    claim = read(ANCHOR)
    assert [(item.name, item.family, item.text) for item in claim.equipment] == [
        ("M113", "M113", "M113"),
        ("M60T", "M60", "M60T"),
    ]
    assert [(item.name, item.text) for item in claim.places] == [
        ("Al-Nayrab", "Al-#Nayrab"),
        ("Al-Nayrab", "Neirab"),
        ("Idlib", "Idlib"),
    ]
    assert claim.places[0].latitude == pytest.approx(35.8697, abs=0.01)
    assert claim.places[2].radius_km == 35
    (time,) = claim.times
    assert time.text == "1 hour ago"
    assert time.earliest <= datetime(2020, 2, 20, 7, 10, tzinfo=UTC)
    assert time.latest == POSTED
    assert time.latest - time.earliest < timedelta(hours=2)
    for mention in (*claim.equipment, *claim.places, *claim.times):
        assert ANCHOR[mention.start : mention.end] == mention.text
        assert mention.polarity is Polarity.ASSERTED


def test_the_json_has_the_shape_of_issue_6() -> None:
    shown = claim_json(read(ANCHOR))
    first_equipment = shown["equipment"][0]  # type: ignore[index]  # an object by contract
    assert {"name", "family", "text", "start", "end", "polarity"} <= set(first_equipment)
    first_place = shown["places"][0]  # type: ignore[index]  # an object by contract
    assert {"name", "lat", "lon", "radius_km", "text", "start", "end"} <= set(first_place)
    assert shown["time"] == {
        "start": "2020-02-20T06:25:00Z",
        "end": "2020-02-20T08:10:00Z",
        "text": "1 hour ago",
    }
    assert claim_json(read("nothing here"))["time"] is None


def test_both_nayrabs_are_told_apart_by_what_else_is_named() -> None:
    assert places("Fighting in Nayrab, Idlib")[0] == "Al-Nayrab"
    assert places("Nayrab near Aleppo airport")[0] == "Al-Nayrab (Aleppo)"
    alone = read("Fighting in Neirab").places
    assert {item.name for item in alone} == {"Al-Nayrab", "Al-Nayrab (Aleppo)"}
    assert all(item.alternatives for item in alone)


@pytest.mark.parametrize(
    "written", ["Nayrab", "Neirab", "Nairab", "Al-Nayrab", "An-Nayrab", "النيرب", "Найраб", "Neyrab"]
)
def test_romanisations_of_one_name_are_one_place(written: str) -> None:
    assert places(f"Saraqib, {written}") == ["Saraqib", "Al-Nayrab"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Floods in Kenya this morning", ["Kenya"]),
        ("Protest in Gaborone, Botswana", ["Gaborone"]),
        ("Shots near Kinshasa, DRC", ["Kinshasa"]),
        ("Earthquake felt in Mexico City", ["Mexico City"]),
        ("Fire in New Mexico", []),
    ],
)
def test_countries_are_places_unless_something_in_them_is_named(text: str, named: list[str]) -> None:
    assert places(text) == named


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("T-72 is not T-62", ["T-72", "T-62"]),
        ("T72, T 72, T-72B3, T-72M1 and t-72", ["T-72", "T-72", "T-72B3", "T-72A", "T-72"]),
        ("AT-72 and T-720 and 1T-72", []),
        ("M60 and M60T and M60A3 and M60Ts", ["M60", "M60T", "M60A3", "M60T"]),
        ("M113 armoured carriers and M60T main battle tanks", ["M113", "M60T"]),
        ("tanks and APCs and two drones", ["tank", "APC", "drone"]),
        ("танки Т-72 и БМП-2", ["T-72", "BMP-2"]),
        ("دبابة تي-72 وناقلة جند", ["T-72", "APC"]),
        ("טנק ומסוק ליד הגבול", ["tank", "helicopter"]),
        ("تانک و پهپاد شاهد-۱۳۶", ["tank", "Shahed-136"]),
        ("Kirpi'ler ve Leopard 2A4'ler vuruldu", ["Kirpi", "Leopard 2A4"]),
        ("#BMP2 #IronDome", ["BMP-2", "Iron Dome"]),
        ("a think tank on rocket science, drone footage of my M1 laptop", []),
        ("grad school", []),
        ("a Grad rocket", ["BM-21 Grad"]),
        ("An 26 year old man", []),
        ("an An-26 crashed", ["An-26"]),
        ("US F/A-18s", ["F/A-18"]),
        ("T-72B4 spotted", ["T-72"]),
    ],
)
def test_equipment_is_read_by_exact_aliases_with_boundaries(text: str, names: list[str]) -> None:
    assert equipment(text) == names


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        ("Not M60T, a Leopard", Polarity.NEGATED),
        ("This isn't a M60T at all", Polarity.NEGATED),
        ("Это не M60T", Polarity.NEGATED),
        ("M60T değil bu", Polarity.NEGATED),
        ("ليست M60T", Polarity.NEGATED),
        ("זה לא M60T", Polarity.NEGATED),
        ("Is this a M60T?", Polarity.QUESTIONED),
        ("هل هذه M60T", Polarity.QUESTIONED),
        ("He wrote “we saw the M60T burning there” today", Polarity.QUOTED),
        ("The «M60T» burns", Polarity.ASSERTED),
        ("No idea. M60T burns", Polarity.ASSERTED),
        ("Not a T-72 but a M60T", Polarity.ASSERTED),
    ],
)
def test_polarity_reaches_as_far_as_its_clause(text: str, polarity: Polarity) -> None:
    assert [item.polarity for item in read(text).equipment if item.name == "M60T"] == [polarity]


DAMASCUS_DAY = datetime(2020, 2, 19, 22, 0, tzinfo=UTC)  # midnight of the twentieth in Damascus, UTC+2


@pytest.mark.parametrize(
    "text",
    [
        "today in Idlib",
        "اليوم في إدلب",
        "bugün İdlib'de",
        "сегодня в Идлибе",
        "היום באידליב",
        "امروز در ادلب",
    ],
)
def test_today_is_the_day_in_the_zone_of_the_place(text: str) -> None:
    assert interval(text) == (DAMASCUS_DAY, POSTED)


@pytest.mark.parametrize(
    "text",
    [
        "2 hours ago",
        "قبل ساعتين",
        "iki saat önce",
        "два часа назад",
        "дві години тому",
        "לפני שעתיים",
        "دو ساعت پیش",
    ],
)
def test_an_offset_reaches_back_from_the_post_with_a_tolerance(text: str) -> None:
    earliest, latest = interval(text)
    assert latest == POSTED
    assert timedelta(hours=2) < latest - earliest <= timedelta(hours=3)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("on 24 August 2016", "2016-08-24", "2016-08-25"),
        ("2016-08-24", "2016-08-24", "2016-08-25"),
        ("24.08.2016", "2016-08-24", "2016-08-25"),
        ("Aug 24, 2016", "2016-08-24", "2016-08-25"),
        ("24 августа 2016 года", "2016-08-24", "2016-08-25"),
        ("24 серпня 2016", "2016-08-24", "2016-08-25"),
        ("24 Ağustos 2016", "2016-08-24", "2016-08-25"),
        ("24 أغسطس 2016", "2016-08-24", "2016-08-25"),
        ("24 באוגוסט 2016", "2016-08-24", "2016-08-25"),
        ("August 2016", "2016-08-01", "2016-09-01"),
        ("in 2016", "2016-01-01", "2017-01-01"),
        ("5 May", "2019-05-05", "2019-05-06"),
        ("29 February", "2016-02-29", "2016-03-01"),
        ("yesterday", "2020-02-19", "2020-02-20"),
        ("on Monday", "2020-02-17", "2020-02-18"),
    ],
)
def test_dates_of_any_precision(text: str, first: str, last: str) -> None:
    assert interval(text) == tuple(datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (first, last))


@pytest.mark.parametrize(
    "text",
    [
        "M60T and T-55 and BM-21",
        "I may go",
        "Monday blues",
        "2000 soldiers",
        "the army now controls it",
        "age 72",
    ],
)
def test_what_is_no_time_is_not_read_as_one(text: str) -> None:
    assert read(text).times == ()


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("😂🔥😂", "no words"),
        ("M60T in 1453", "before photography"),
        ("M60T on 1 January 2031", "after the post"),
        ("M60T on 31 February 2019", "not a date of the calendar"),
        ("tank x " * 4000, "unusually long (28,000"),
        ("دبابة tank مدرعة truck", "mixes directions"),
        ("Sara\u200bqib M6\u200b0T", "invisible characters"),
        ("Аleppo is quiet", "two alphabets"),
        ("old footage of a tank", "old footage"),
        ("today or in 2016", "exclude each other"),
        ("Not M60T. Yes, M60T!", "both claims and denies M60T"),
    ],
)
def test_odd_text_is_read_and_named(text: str, note: str) -> None:
    assert any(note in item for item in read(text).notes)


@pytest.mark.parametrize("words", ["one hour ago", "happening now", "an hour and a half ago", "قبل ساعتين"])
def test_such_a_time_is_named_once(words: str) -> None:
    claim = read(f"Tanks near Idlib {words}", posted_at=None)
    assert claim.notes.count(f"“{words}” is relative to the post, whose date is unknown.") == 1
    assert sum("whose date is unknown" in note for note in claim.notes) == 1


def test_a_relative_time_without_a_date_of_the_post_is_named_not_guessed() -> None:
    claim = read("M60T 1 hour ago, in 2016", None)
    assert [item.text for item in claim.times] == ["2016"]
    assert any("whose date is unknown" in note for note in claim.notes)


@pytest.mark.parametrize(
    "text", ["S\u200baraqib M\u200d60T", "Ｓａｒａｑｉｂ Ｍ６０Ｔ", "Sаrаqib Μ60Τ", "𝐒𝐚𝐫𝐚𝐪𝐢𝐛 𝐌𝟔𝟎𝐓"]
)
def test_disguised_letters_are_read_and_spans_point_into_the_original(text: str) -> None:
    claim = read(text)
    assert [item.name for item in (*claim.places, *claim.equipment)] == ["Saraqib", "M60T"]
    assert [item.text for item in (*claim.places, *claim.equipment)] == text.split()


def test_a_country_counts_where_nothing_finer_in_it_is_named() -> None:
    assert places("tanks in Syria") == ["Syria"]
    assert places("tanks in Aleppo, Syria") == ["Aleppo"]
    assert places("Syria says it will answer Turkey's army") == []


@pytest.mark.parametrize(
    ("text", "radius_km"),
    [
        ("Saraqib", 5),
        ("near Saraqib", 15),
        ("southeast of Saraqib", 25),
        ("10 km south of Saraqib", 15),
        ("Saraqib countryside", 35),
    ],
)
def test_words_around_a_place_widen_its_radius(text: str, radius_km: float) -> None:
    assert read(f"fighting, {text}").places[0].radius_km == radius_km


def test_words_beside_one_place_do_not_widen_its_neighbour() -> None:
    nayrab, idlib = read("storm Al-#Nayrab, #Idlib countryside").places
    assert (nayrab.radius_km, idlib.radius_km) == (3, 35)


@pytest.mark.parametrize("text", ["#saraqibbattle", "#SaraqibBattle", "#battle_of_Saraqib", "#saraqib"])
def test_hashtags_are_split(text: str) -> None:
    assert places(text) == ["Saraqib"]


def test_a_long_text_costs_in_proportion() -> None:
    text = "Aleppo, T-72 near Saraqib 2 hours ago. " * 600
    claim = read(text)
    assert len(claim.places) == 1200
    assert len(claim.times) == 600


def test_a_desk_adds_its_own_names() -> None:
    lexicon = build_lexicon([b"name,class,parent,flags,en,source\nZX-9 Widget,,,,ZX-9,desk\n"])
    gazetteer = build_gazetteer([b"name,latitude,longitude\nNowhere Farm,10,20\n"])
    claim = ClaimReader(lexicon=lexicon, gazetteer=gazetteer).read("ZX-9 at Nowhere Farm", posted_at=POSTED)
    assert [item.name for item in claim.equipment] == ["ZX-9 Widget"]
    assert [item.name for item in claim.places] == ["Nowhere Farm"]


def test_the_reader_is_made_once() -> None:
    assert own_reader() is own_reader()
