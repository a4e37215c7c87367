"""The engine on rendered footage: what is found, where, under which transform, and what is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.footage import Picture, Transform, picture_at
from verify.fingerprint import Fingerprint, fingerprint
from verify.matching import ReferenceIndex, local_tier, match, screen
from verify.matching.shard import Entry, Shard
from verify.model import Frame, MatchKind, MatchSegment, MediaKind, Orientation

SECOND = 1_000_000
SIZE = (480, 270)


def clip(
    pictures: Iterable[Picture], *, step_us: int = SECOND // 3, kind: MediaKind = MediaKind.VIDEO
) -> Fingerprint:
    frames = [
        Frame(time_us=number * step_us, image=cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
        for number, picture in enumerate(pictures)
    ]
    return fingerprint(frames, kind=kind, duration_us=len(frames) * step_us if kind is MediaKind.VIDEO else 0)


def footage(
    seed: int, start: float, seconds: float, change: Transform | None = None, speed: float = 1.0
) -> list[Picture]:
    at = [start + speed * number / 3 for number in range(round(seconds * 3))]
    return [(change or Transform())(picture_at(seed, second, SIZE)) for second in at]


def photo(seed: int, second: float, change: Transform | None = None) -> Fingerprint:
    return clip([(change or Transform())(picture_at(seed, second, SIZE))], kind=MediaKind.IMAGE)


@pytest.fixture(scope="module")
def known() -> dict[str, Fingerprint]:
    return {f"clip-{seed}": clip(footage(seed, 0, 12)) for seed in (1, 2, 3)} | {"photo-9": photo(9, 1)}


@pytest.fixture(scope="module")
def index(known: dict[str, Fingerprint]) -> ReferenceIndex:
    return ReferenceIndex.build(known.items(), known.__getitem__)


def copies(query: Fingerprint, index: ReferenceIndex) -> list[MatchSegment]:
    found = match(query, index, media_sha256="")
    return [segment for segment in found.segments if segment.kind is MatchKind.COPY]


def only(query: Fingerprint, index: ReferenceIndex) -> MatchSegment:
    found = copies(query, index)
    assert len(found) == 1, [(one.reference_id, one.query, one.score) for one in found]
    return found[0]


def near(time_us: int, seconds: float) -> bool:
    return abs(time_us - seconds * SECOND) <= 0.5 * SECOND


TRANSFORMS = {
    "unchanged": Transform(),
    "mirrored": Transform(mirror=True),
    "letterboxed": Transform(letterbox=0.2),
    "pillarboxed": Transform(pillarbox=0.3),
    "turned 90": Transform(turn=90),
    "cropped": Transform(crop=(0.1, 0.1, 0.85, 0.9)),
    "mirrored and cropped": Transform(crop=(0.0, 0.1, 0.8, 0.9), mirror=True),
    "captioned": Transform(caption="exclusive, filmed today"),
    "small": Transform(scale=0.4),
    "dark": Transform(brightness=0.5),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_changed_piece_is_found_with_its_seconds(name: str, index: ReferenceIndex) -> None:
    segment = only(clip(footage(2, 3, 5, TRANSFORMS[name])), index)
    assert segment.reference_id == "clip-2"
    assert segment.query.start_us == 0
    assert near(segment.query.end_us, 5)
    assert near(segment.reference.start_us, 3)
    assert near(segment.reference.end_us, 8)
    assert segment.speed == 1.0


@pytest.mark.parametrize(
    ("name", "orientation"),
    [
        ("unchanged", Orientation.UPRIGHT),
        ("mirrored", Orientation.MIRRORED),
        ("turned 90", Orientation.CLOCKWISE),
        ("mirrored and cropped", Orientation.MIRRORED),
    ],
)
def test_the_orientation_is_named(name: str, orientation: Orientation, index: ReferenceIndex) -> None:
    assert only(clip(footage(1, 2, 4, TRANSFORMS[name])), index).orientation is orientation


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("cropped", "cropped"),
        ("letterboxed", "letterboxed"),
        ("pillarboxed", "pillarboxed"),
        ("dark", "brightness or contrast changed"),
    ],
)
def test_the_transform_is_named(name: str, word: str, index: ReferenceIndex) -> None:
    segment = only(clip(footage(1, 2, 4, TRANSFORMS[name])), index)
    assert any(name.startswith(word) for name in segment.transforms), segment.transforms


def test_a_plain_crop_is_only_called_a_crop(index: ReferenceIndex) -> None:
    for seed in (1, 2, 3):
        segment = only(clip(footage(seed, 2, 5, TRANSFORMS["mirrored and cropped"])), index)
        assert [name.split()[0] for name in segment.transforms] == ["cropped"]


def test_an_unchanged_piece_is_said_to_be_unchanged(index: ReferenceIndex) -> None:
    assert only(clip(footage(1, 2, 4)), index).transforms == ()


def test_the_map_lays_the_query_over_the_part_that_was_cropped(index: ReferenceIndex) -> None:
    geometry = only(clip(footage(3, 1, 4, TRANSFORMS["cropped"])), index).geometry
    assert geometry is not None
    assert np.allclose(geometry.reference_box, (0.1, 0.1, 0.85, 0.9), atol=0.02)
    assert np.allclose(geometry.query_box, (0, 0, 1, 1), atol=0.03)


@pytest.mark.parametrize("speed", [0.75, 1.5])
def test_the_speed_is_found(speed: float, index: ReferenceIndex) -> None:
    segment = only(clip(footage(1, 1, 5, speed=speed)), index)
    assert segment.speed == pytest.approx(speed, abs=0.06)
    assert near(segment.reference.start_us, 1)
    assert near(segment.reference.end_us, 1 + 5 * speed)


def test_a_compilation_gives_every_piece_and_leaves_the_gap(index: ReferenceIndex) -> None:
    query = clip(footage(1, 4, 3) + footage(77, 0, 3) + footage(3, 6, 3))
    found = sorted(copies(query, index), key=lambda segment: segment.query.start_us)
    assert [segment.reference_id for segment in found] == ["clip-1", "clip-3"]
    assert near(found[0].query.end_us, 3)
    assert near(found[1].query.start_us, 6)
    assert near(match(query, index, media_sha256="").explained_us, 6)


def test_every_piece_of_a_compilation_of_many_is_found() -> None:
    changes = [*TRANSFORMS.values()][:8]
    known = {f"clip-{seed}": clip(footage(seed, 0, 6)) for seed in range(20, 28)}
    pictures = [
        cv2.resize(picture, SIZE)
        for seed, change in enumerate(changes, start=20)
        for picture in footage(seed, 2, 3, change)
    ]
    query = clip(pictures)
    found = copies(query, ReferenceIndex.build(known.items(), known.__getitem__))
    order = [segment.reference_id for segment in sorted(found, key=lambda segment: segment.query.start_us)]
    assert order == sorted(known)
    for number, segment in enumerate(sorted(found, key=lambda segment: segment.query.start_us)):
        assert near(segment.query.start_us, 3 * number)
        assert near(segment.query.end_us, 3 * number + 3)
        assert near(segment.reference.start_us, 2)


def test_a_cut_out_middle_gives_two_segments_of_one_reference(index: ReferenceIndex) -> None:
    found = sorted(
        copies(clip(footage(2, 1, 3) + footage(2, 8, 3)), index), key=lambda segment: segment.query.start_us
    )
    assert [segment.reference_id for segment in found] == ["clip-2", "clip-2"]
    assert near(found[0].reference.end_us, 4)
    assert near(found[1].reference.start_us, 8)


def test_a_picture_in_a_corner_is_found_where_it_is(index: ReferenceIndex) -> None:
    def inset(host: Picture, guest: Picture) -> Picture:
        shown = host.copy()
        small = cv2.resize(guest, (240, 135), interpolation=cv2.INTER_AREA)
        shown[:135, 240:] = small
        return shown

    pictures = [inset(host, guest) for host, guest in zip(footage(55, 0, 4), footage(1, 2, 4), strict=True)]
    segment = only(clip(pictures), index)
    assert segment.reference_id == "clip-1"
    assert segment.geometry is not None
    assert np.allclose(segment.geometry.query_box, (0.5, 0, 1, 0.5), atol=0.03)
    assert any("picture in picture, the upper right" in name for name in segment.transforms)


def test_every_picture_of_a_collage_is_found() -> None:
    seeds = range(501, 507)
    known = {f"photo-{seed}": photo(seed, 0) for seed in seeds}
    index = ReferenceIndex.build(known.items(), known.__getitem__)
    cells = [cv2.resize(picture_at(seed, 0, SIZE), None, fx=0.5, fy=0.5) for seed in seeds]
    collage = np.vstack([np.hstack(cells[:3]), np.hstack(cells[3:])])
    found = copies(clip([collage], kind=MediaKind.IMAGE), index)
    assert {segment.reference_id for segment in found} == set(known)


def test_a_frame_finds_the_video_it_is_from(index: ReferenceIndex) -> None:
    segment = only(photo(3, 7, Transform(mirror=True)), index)
    assert segment.reference_id == "clip-3"
    assert near(segment.reference.start_us, 7)


def test_a_video_finds_the_photo_it_shows(index: ReferenceIndex) -> None:
    still = picture_at(9, 1, SIZE)
    assert only(clip([still] * 9), index).reference_id == "photo-9"


def test_unrelated_footage_finds_nothing(index: ReferenceIndex) -> None:
    for seed in range(100, 110):
        assert not match(clip(footage(seed, 0, 4)), index, media_sha256="").segments


def test_footage_that_shares_only_a_caption_bar_is_no_copy(known: dict[str, Fingerprint]) -> None:
    captioned = Transform(caption="BREAKING: happening right now")
    others = {f"clip-{seed}": clip(footage(seed, 0, 4, captioned)) for seed in range(201, 205)}
    index = ReferenceIndex.build(others.items(), others.__getitem__)
    for seed in range(301, 306):
        assert not copies(clip(footage(seed, 0, 4, captioned)), index)


def under_a_lower_third(picture: Picture) -> Picture:
    """A third of the picture is covered by a busy graphic, the same whatever is under it."""
    shown = picture.copy()
    shown[184:, :] = picture_at(4_000, 0, (SIZE[0], SIZE[1] - 184))
    return lettered(lettered(shown, at=214), at=248)


def lettered(picture: Picture, *, at: int) -> Picture:
    """With a line of text, `at` pixels from the top."""
    shown = picture.copy()
    cv2.putText(shown, "BREAKING NEWS 21:45 LIVE", (12, at), cv2.FONT_HERSHEY_DUPLEX, 1.0, (255, 255, 255), 2)
    return shown


def test_photos_that_share_only_a_large_lower_third_are_no_copies() -> None:
    told = []
    for seed in range(401, 413):
        known = clip([under_a_lower_third(picture_at(seed, 0, SIZE))], kind=MediaKind.IMAGE)
        asked = clip([under_a_lower_third(picture_at(seed + 100, 0, SIZE))], kind=MediaKind.IMAGE)
        index = ReferenceIndex.build([("photo", known)], {"photo": known}.__getitem__)
        told += [segment.kind for segment in match(asked, index, media_sha256="").segments]
    assert set(told) == {MatchKind.SHARED_OVERLAY}


def test_restless_clips_that_share_only_a_lower_third_are_not_told() -> None:
    for seed in range(500, 524, 6):
        known, asked = (
            clip([under_a_lower_third(picture_at(start + at, 0, SIZE)) for at in range(6)])
            for start in (seed + 1_000, seed)
        )
        index = ReferenceIndex.build([("clip", known)], {"clip": known}.__getitem__)
        assert not match(asked, index, media_sha256="").segments


def test_the_same_scene_at_another_time_is_no_copy() -> None:
    """A fixed camera: the same ground, other things moving over it."""
    ground = picture_at(5, 0, SIZE)

    def take(seed: int) -> list[Picture]:
        pictures = []
        for number in range(18):
            shown = ground.copy()
            for thing in range(3):
                patch = picture_at(900 + 10 * seed + thing, 0, (120, 90))
                left = (37 * thing + (11 + 7 * seed + 3 * thing) * number) % (SIZE[0] - 120)
                top = (60 * thing + 5 * number) % (SIZE[1] - 90)
                shown[top : top + 90, left : left + 120] = patch
            pictures.append(shown)
        return pictures

    reference = clip(take(1))
    index = ReferenceIndex.build([("room", reference)], {"room": reference}.__getitem__)
    assert only(clip(take(1)), index).reference_id == "room"
    other = match(clip(take(2)), index, media_sha256="")
    assert other.segments
    assert {segment.kind for segment in other.segments} == {MatchKind.SAME_SCENE}
    assert other.explained_us == 0
    assert screen(intra(take(2), every_seconds=1), index, media_sha256="") is None


def intra(pictures: list[Picture], every_seconds: int = 2) -> Fingerprint:
    """What a decoder gives of a clip of 3 pictures a second when only every sixth stands alone."""
    step = 3 * every_seconds
    made = clip(pictures[::step], step_us=every_seconds * SECOND)
    return replace(made, duration_us=len(pictures) * SECOND // 3)


def test_the_screen_settles_a_plain_copy(index: ReferenceIndex) -> None:
    settled = screen(intra(footage(2, 2, 8, Transform(mirror=True))), index, media_sha256="ab")
    assert settled is not None
    (segment,) = settled.segments
    assert (segment.reference_id, segment.tier, segment.kind) == ("clip-2", "screen", MatchKind.COPY)
    assert near(segment.reference.start_us, 2)
    assert near(segment.reference.end_us, 10)
    assert segment.orientation is Orientation.MIRRORED
    assert settled.explained_us == settled.query_duration_us
    assert "what lies between them was not looked at" in settled.notes[0]


@pytest.mark.parametrize(
    "pictures",
    [
        pytest.param(footage(120, 2, 8), id="unrelated"),
        pytest.param(footage(2, 2, 4) + footage(120, 2, 4), id="half of it is something else"),
        pytest.param(footage(2, 2, 4) + footage(2, 0, 4), id="cut and put together again"),
        pytest.param(footage(2, 2, 3), id="too few pictures"),
        pytest.param([picture_at(2, 3, SIZE)] * 24, id="a still"),
    ],
)
def test_the_screen_leaves_the_rest_to_the_other_tiers(
    pictures: list[Picture], index: ReferenceIndex
) -> None:
    assert screen(intra(pictures), index, media_sha256="") is None


def test_the_screen_does_not_trust_pictures_far_apart(index: ReferenceIndex) -> None:
    assert screen(intra(footage(2, 0, 12), every_seconds=6), index, media_sha256="") is None


def test_flat_frames_match_nothing_and_say_so(index: ReferenceIndex) -> None:
    flat = clip([np.full((270, 480, 3), shade, np.uint8) for shade in (10, 10, 10)])
    found = match(flat, index, media_sha256="")
    assert not found.enough_picture
    assert not found.segments
    assert found.frames_dropped == len(flat.times_us)


def test_a_picture_is_looked_at_again_only_where_the_two_agree(
    known: dict[str, Fingerprint], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stored corners of a line of text agree on a map, under which the pictures around it differ."""

    def looked_at(query: Fingerprint, known: dict[str, Fingerprint]) -> int:
        index = ReferenceIndex.build(known.items(), known.__getitem__)
        match(query, index, media_sha256="")
        return index.features.cache_info().misses

    shown, other = (
        clip([lettered(picture_at(seed, 0, SIZE), at=258)], kind=MediaKind.IMAGE) for seed in (506, 1_506)
    )
    copied = clip(footage(2, 3, 5, TRANSFORMS["mirrored and cropped"]))
    assert looked_at(copied, known) > 0
    few = looked_at(shown, {"clip": other})
    monkeypatch.setattr(local_tier, "LEAST_AT_STORED", -1.0)
    assert looked_at(shown, {"clip": other}) > few


def test_an_empty_reference_set_matches_nothing() -> None:
    empty = ReferenceIndex.build([], {}.__getitem__)
    found = match(clip(footage(1, 0, 2)), empty, media_sha256="")
    assert (found.segments, found.reference_count) == ((), 0)


def test_the_same_is_found_in_shards_that_were_saved(
    tmp_path: Path, known: dict[str, Fingerprint], index: ReferenceIndex
) -> None:
    shards = []
    for reference_id, print_ in known.items():
        folder = tmp_path / reference_id
        folder.mkdir()
        Shard.build([Entry(reference_id=reference_id, stamp="", fingerprint=print_)]).save(folder)
        shards.append(Shard.open(folder))
    grown = ReferenceIndex(shards, known.__getitem__, dict.fromkeys(known, ""))
    for query in (clip(footage(2, 3, 4, TRANSFORMS["cropped"])), photo(9, 1)):
        found = match(query, grown, media_sha256="")
        assert replace(found, reference_digest=index.digest) == match(query, index, media_sha256="")


def still_camera(start: float, seconds: float) -> list[Picture]:
    """Somebody walks through a picture that stands still, now here, now there."""
    ground = picture_at(5, 0, SIZE)
    pictures = []
    for number in range(round(seconds * 3)):
        time = start + number / 3
        walked = np.sin([time / 5, time / 7 + 1]) * (200, 90) + (240, 135)
        pictures.append(cv2.circle(ground.copy(), walked.astype(int).tolist(), 24, (250, 250, 250), -1))
    return pictures


def test_the_right_minute_of_a_camera_that_stands_still() -> None:
    known = clip(still_camera(0, 150))
    index = ReferenceIndex.build([("room", known)], lambda _: known)
    for start in (12, 71, 133):
        segment = only(clip(still_camera(start, 8)), index)
        assert near(segment.reference.start_us, start)
        assert near(segment.reference.end_us, start + 8)
