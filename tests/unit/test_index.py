"""The reference index: what it finds depends on the set alone, never on the shards that hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.fingerprint import Fingerprint
from verify.fingerprint.record import WHOLE, encode_grey
from verify.matching import index as indexing
from verify.matching import lists
from verify.matching.index import ReferenceIndex
from verify.matching.shard import FEATURE_BYTES, KEYFRAME_BYTES, Entry, Shard
from verify.model import MediaKind

#: Few distinct bytes make many equally near rows, which is where an order could show.
PLAIN = 26


def fingerprint_of(seed: int) -> Fingerprint:
    """Hashes and descriptors of nothing, near to those of other seeds."""
    chance = np.random.default_rng(seed)
    frames, keyframes = int(chance.integers(1, 6)), int(chance.integers(1, 4))
    descriptors = int(chance.integers(0, 40))
    codes = chance.integers(0, 256, (frames, 2, 32), np.uint8)
    codes[:, :, :PLAIN] = 0x55
    features = chance.integers(0, 256, (descriptors, 32), np.uint8)
    features[:, :PLAIN] = 0x33
    return Fingerprint(
        kind=MediaKind.VIDEO,
        duration_us=frames * 333_333,
        width=64,
        height=36,
        times_us=np.arange(frames, dtype=np.int64) * 333_333,
        codes=codes,
        quality=np.full(frames, 100, np.uint8),
        content_box=(0.0, 0.1, 1.0, 0.9) if seed % 2 else WHOLE,
        thumbnails=tuple(
            encode_grey(picture, 90) for picture in chance.integers(0, 256, (frames, 36, 64), np.uint8)
        ),
        keyframes=np.arange(keyframes, dtype=np.int32) % frames,
        pictures=(b"",) * keyframes,
        descriptors=features,
        descriptor_places=chance.integers(0, 256, (descriptors, 4), dtype=np.uint8),
        descriptor_keyframe=np.sort(chance.integers(0, keyframes, descriptors).astype(np.int32)),
        moving=np.zeros((64, 64), np.bool_),
    )


PRINTS = [fingerprint_of(seed) for seed in range(24)]


def name_of(reference: int) -> str:
    return f"reference-{reference * 7 % 10}"  # not in the order of their numbers


def entry(reference: int, version: int) -> Entry:
    return Entry(
        reference_id=name_of(reference), stamp=f"v{version}", fingerprint=PRINTS[2 * reference + version]
    )


def never(_: str) -> Fingerprint:
    raise AssertionError("searching loads no fingerprint")


def found(index: ReferenceIndex) -> list[list[object]]:
    """Everything that an index says of a few queries."""
    print_ = fingerprint_of(99)
    hits = index.near_codes(print_.codes.reshape(-1, 32), 30)
    flat = [hits.query, hits.reference, hits.frame, hits.trimmed, hits.distance]
    near = index.near_features(fingerprint_of(7).descriptors[:8], 3)
    corners = [near.distance, near.reference, near.keyframe, near.place]
    tiny = index.tiny_pictures
    pictures = [tiny.owner, tiny.frame, tiny.grey, tiny.size]
    return [column.tolist() for column in (*flat, *corners, *pictures)] + [
        [index.ids, index.digest, index.keyframe_count, index.feature_count]
    ]


#: References put in (again, as one of two versions), taken out, or shards merged.
CHANGES = st.lists(
    st.one_of(
        st.tuples(
            st.just("add"), st.lists(st.integers(0, 19), min_size=1, max_size=4, unique_by=lambda n: n // 2)
        ),
        st.tuples(st.just("remove"), st.lists(st.integers(0, 9), min_size=1, max_size=3)),
        st.tuples(st.just("merge"), st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True)),
    ),
    max_size=12,
)


def carried_out(changes: Sequence[tuple[str, list[int]]]) -> tuple[list[Shard], dict[str, str]]:
    shards: list[Shard] = []
    wanted: dict[str, str] = {}
    for change, numbers in changes:
        if change == "add":
            entries = [entry(*divmod(number, 2)) for number in numbers]
            shards.append(Shard.build(entries))
            wanted |= {one.reference_id: one.stamp for one in entries}
        elif change == "remove":
            for number in numbers:
                wanted.pop(name_of(number), None)
        else:
            shards = merged(shards, wanted, numbers)
    return shards, wanted


def merged(shards: list[Shard], wanted: Mapping[str, str], numbers: list[int]) -> list[Shard]:
    """The shards with some of them made one; a reference that two hold is taken once."""
    chosen = [shards[number] for number in numbers if number < len(shards)]
    left = dict(wanted)
    kept = [
        (
            shard,
            np.array(
                [
                    left.pop(name, "") == stamp if left.get(name) == stamp else False
                    for name, stamp in shard.contents.pairs
                ],
                np.bool_,
            ),
        )
        for shard in chosen
    ]
    return [shard for shard in shards if shard not in chosen] + ([Shard.merged(kept)] if kept else [])


@pytest.mark.parametrize("listed_from", [0, indexing.LISTED_FROM], ids=["in lists", "exactly"])
@given(changes=CHANGES)
@settings(deadline=None, max_examples=40)
def test_what_is_found_does_not_depend_on_how_the_set_came_about(
    listed_from: int, changes: list[tuple[str, list[int]]]
) -> None:
    shards, wanted = carried_out(changes)
    at_once = [
        Entry(reference_id=name_of(number // 2), stamp=f"v{number % 2}", fingerprint=PRINTS[number])
        for number in range(20)
        if wanted.get(name_of(number // 2)) == f"v{number % 2}"
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(indexing, "LISTED_FROM", listed_from)
        grown = ReferenceIndex(shards, never, wanted)
        assert found(grown) == found(ReferenceIndex([Shard.build(at_once)], never, wanted))


def test_few_features_are_searched_exactly() -> None:
    prints = {name_of(number): PRINTS[2 * number] for number in range(10)}
    index = ReferenceIndex.build(prints.items(), never)
    query = fingerprint_of(7).descriptors[:8]
    everything = np.concatenate([prints[name].descriptors for name in index.ids])
    bits = np.unpackbits(query[:, None] ^ everything[None], axis=2).sum(axis=2)
    assert index.near_features(query, 5).distance.tolist() == np.sort(bits, axis=1)[:, :5].tolist()


@pytest.mark.parametrize("listed_from", [0, indexing.LISTED_FROM], ids=["in lists", "exactly"])
def test_many_features_are_searched_at_once(listed_from: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as the local tier asks for: the arrays handed to FAISS are of megabytes then."""
    monkeypatch.setattr(indexing, "LISTED_FROM", listed_from)
    features = np.random.default_rng(1).integers(0, 256, (8_000, 32), np.uint8)
    places = np.random.default_rng(2).integers(0, 256, (8_000, 4), np.uint8)
    print_ = replace(
        PRINTS[3],
        descriptors=features,
        descriptor_places=places,
        descriptor_keyframe=np.zeros(len(features), np.int32),
    )
    index = ReferenceIndex.build([("one", print_)], never)
    near = index.near_features(features, 1)
    assert (near.distance == 0).all()
    assert near.place[:, 0].tolist() == places.tolist()


def test_a_feature_is_found_where_one_of_the_first_bits_differs() -> None:
    features = np.random.default_rng(1).integers(0, 256, (50, 32), np.uint8)
    for bit in range(lists.LIST_BITS):
        changed = features.copy()
        changed[:, bit // 8] ^= 1 << bit % 8
        assert (lists.probed(changed) == lists.assigned(features)[:, None]).any(axis=1).all()
    assert np.unique(lists.probed(features)[0]).size == lists.PROBED_LISTS


def test_a_keyframe_takes_the_bytes_that_the_budget_says(tmp_path: Path) -> None:
    few, many = (np.random.default_rng(1).integers(0, 256, (count, 32), np.uint8) for count in (100, 20_100))
    sizes = []
    for features in (few, many):
        folder = tmp_path / str(len(features))
        folder.mkdir()
        print_ = replace(
            PRINTS[3],
            descriptors=features,
            descriptor_places=np.zeros((len(features), 4), np.uint8),
            descriptor_keyframe=np.zeros(len(features), np.int32),
        )
        Shard.build([Entry(reference_id="one", stamp="", fingerprint=print_)]).save(folder)
        sizes.append(sum(path.stat().st_size for path in folder.iterdir()))
    # Which lists are filled takes up to 16 bytes more for each of them.
    assert 0 <= sizes[1] - sizes[0] - 20_000 * FEATURE_BYTES <= 16 * lists.LIST_COUNT


def test_a_tiny_picture_takes_the_bytes_that_the_budget_says(tmp_path: Path) -> None:
    sizes = []
    for keyframes in (10, 1_010):
        folder = tmp_path / str(keyframes)
        folder.mkdir()
        print_ = replace(PRINTS[3], keyframes=np.zeros(keyframes, np.int32))
        Shard.build([Entry(reference_id="one", stamp="", fingerprint=print_)]).save(folder)
        sizes.append(sum(path.stat().st_size for path in folder.iterdir() if path.suffix == ".npy"))
    assert sizes[1] - sizes[0] == 1_000 * KEYFRAME_BYTES


def test_a_keyframe_whose_small_picture_is_damaged_costs_only_that(tmp_path: Path) -> None:
    print_ = replace(PRINTS[3], thumbnails=(b"", b"no picture", *PRINTS[3].thumbnails[2:]))
    print_ = replace(print_, keyframes=np.arange(len(print_.thumbnails), dtype=np.int32))
    assert len(print_.thumbnails) > 2
    index = ReferenceIndex.build([("one", print_)], never)
    assert index.tiny_pictures.frame.tolist() == list(range(2, len(print_.thumbnails)))


def test_a_removed_reference_hides_nobody() -> None:
    """Its rows are the nearest ones by far, more of them than are asked for."""
    print_ = PRINTS[3]
    crowd = [Entry(reference_id=f"gone-{number}", stamp="", fingerprint=print_) for number in range(9)]
    kept = Entry(reference_id="kept", stamp="", fingerprint=PRINTS[4])
    index = ReferenceIndex([Shard.build([*crowd, kept])], never, {"kept": ""})
    alone = ReferenceIndex([Shard.build([kept])], never, {"kept": ""})
    assert len(print_.descriptors) > 3
    assert found(index) == found(alone)
    near = index.near_features(print_.descriptors, 3)
    assert (near.reference == 0).all()
    assert (near.distance > 0).all()


def test_a_shard_is_the_same_after_it_was_saved(tmp_path: Path) -> None:
    shard = Shard.build([entry(number, 0) for number in range(10)])
    shard.save(tmp_path)
    opened = Shard.open(tmp_path)
    wanted = dict(shard.contents.pairs)
    assert opened.contents == shard.contents
    assert found(ReferenceIndex([opened], never, wanted)) == found(ReferenceIndex([shard], never, wanted))
    assert str(tmp_path / "features.faiss") in Path("/proc/self/maps").read_text()


def test_a_merged_shard_is_named_as_one_built_at_once() -> None:
    first, second = Shard.build([entry(1, 0), entry(3, 1)]), Shard.build([entry(2, 0)])
    every = [(shard, np.ones(len(shard.contents.ids), np.bool_)) for shard in (first, second)]
    at_once = Shard.build([entry(2, 0), entry(3, 1), entry(1, 0)])
    assert Shard.merged(every).contents == at_once.contents
    assert Shard.merged(every).contents.name == at_once.contents.name
    assert first.contents.name != second.contents.name


def test_a_reference_in_no_shard_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="1 references"):
        ReferenceIndex([Shard.build([entry(1, 0)])], never, {name_of(1): "v0", "other": "v0"})


def test_the_digest_changes_with_the_set() -> None:
    prints = {name_of(number): PRINTS[2 * number] for number in range(4)}
    fewer = dict(list(prints.items())[:3])
    other = fewer | {name_of(3): PRINTS[9]}
    digests = {ReferenceIndex.build(one.items(), never).digest for one in (prints, fewer, other)}
    assert len(digests) == 3


@pytest.mark.parametrize("name", ["algorithm", "layout"])
def test_a_shard_of_another_making_is_refused(tmp_path: Path, name: str) -> None:
    Shard.build([entry(1, 0)]).save(tmp_path)
    head = tmp_path / "shard.json"
    head.write_text(head.read_text().replace(f'"{name}": ', f'"{name}": "other", "was": ', 1))
    with pytest.raises(ValueError, match="other"):
        Shard.open(tmp_path)


@pytest.mark.parametrize("name", ["codes.faiss", "features.faiss", "feature_owner.npy"])
def test_a_file_cut_short_is_refused_before_it_is_mapped(tmp_path: Path, name: str) -> None:
    Shard.build([entry(1, 0)]).save(tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:-1])
    with pytest.raises(ValueError, match="short"):
        Shard.open(tmp_path)
