"""What H.264 packets say of themselves, by packets written by hand."""

from __future__ import annotations

import pytest

from verify.media.decoder_child.slices import Slice, first_slice, length_bytes

HEADER = bytes([1, 100, 0, 31, 0xFF, 0xE1, 0])  # 4 bytes a length
DELIMITER, PARAMETERS, EXTRA = b"\x09\x10", b"\x67\x64\x00\x1f", b"\x06\x05\x01\x00\x80"


def packet(*units, size_bytes=4):
    return b"".join(len(unit).to_bytes(size_bytes, "big") + unit for unit in units)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (0x65, Slice(alone=True, needed=True)),
        (0x41, Slice(alone=False, needed=True)),
        (0x21, Slice(alone=False, needed=True)),
        (0x01, Slice(alone=False, needed=False)),
        (0x42, Slice(alone=False, needed=True)),
    ],
)
@pytest.mark.parametrize("size_bytes", [1, 2, 4])
def test_the_first_slice_tells(head, said, size_bytes):
    units = (DELIMITER, PARAMETERS, EXTRA, bytes([head, 0x88, 0x84]), b"\x65\x00\x00")
    assert first_slice(packet(*units, size_bytes=size_bytes), size_bytes) == said


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\x00\x00",
        b"\x00\x00\x00\x02",
        packet(DELIMITER, EXTRA),
        packet(DELIMITER)[:-1] + b"\xff" * 3,
        b"\xff" * 64,
        b"\x00" * 64,
    ],
)
def test_a_packet_without_a_slice_says_nothing(damaged):
    assert first_slice(damaged, 4) is None


@pytest.mark.parametrize("size_bytes", [1, 4])
def test_few_units_are_looked_at(size_bytes):
    unit = (1).to_bytes(size_bytes, "big") + b"\x09"
    assert first_slice(unit * 63 + packet(b"\x65\x88", size_bytes=size_bytes), size_bytes) is not None
    assert first_slice(unit * 64 + packet(b"\x65\x88", size_bytes=size_bytes), size_bytes) is None


@pytest.mark.parametrize(
    ("codec", "header", "size_bytes"),
    [
        ("h264", HEADER, 4),
        ("h264", HEADER[:4] + b"\xfd" + HEADER[5:], 2),
        ("hevc", HEADER, 0),
        ("h264", b"\x00\x00\x00\x01\x67\x64\x00", 0),
        ("h264", HEADER[:5], 0),
        ("h264", None, 0),
    ],
)
def test_the_length_of_a_units_length(codec, header, size_bytes):
    assert length_bytes(codec, header) == size_bytes
