"""What an H.264 packet says of itself before it is decoded (ITU-T H.264, 7.3.1 and 7.4.1).

In: a packet of MP4, QuickTime or Matroska, where each unit is preceded by its length (ISO/IEC
14496-15, 5.3). Out: whether its picture stands alone, and whether later pictures may need it.
"""

from __future__ import annotations

from typing import NamedTuple

_CONFIGURATION_VERSION = 1  #: the first byte of such a stream's header (ISO/IEC 14496-15, 5.3.3)
_MOST_UNITS = 64  #: looked at before a slice: parameters and messages are few, zero bytes are endless
_PICTURE, _PARTITION, _ALONE = 1, 2, 5  #: nal_unit_type of a slice, of the first part of one, of IDR


class Slice(NamedTuple):
    alone: bool  #: an IDR picture: no later one reaches back past it
    needed: bool  #: others may be predicted from it


def length_bytes(codec: str, header: bytes | None) -> int:
    """Bytes of a unit's length, 1 to 4; 0 for another codec, or units that codes set apart."""
    if codec != "h264" or header is None or len(header) < 7 or header[0] != _CONFIGURATION_VERSION:
        return 0
    return (header[4] & 3) + 1


def first_slice(packet: bytes, size_bytes: int) -> Slice | None:
    """The first slice of `packet`, its units' lengths taking `size_bytes`; None if there is none."""
    at = 0
    for _ in range(_MOST_UNITS):
        if at + size_bytes >= len(packet):
            break
        head = packet[at + size_bytes]
        if head & 31 in {_PICTURE, _PARTITION, _ALONE}:
            return Slice(alone=head & 31 == _ALONE, needed=head & 0x60 != 0)
        at += size_bytes + int.from_bytes(packet[at : at + size_bytes], "big")
    return None
