"""First bytes -> what kind of media they are: by magic numbers, never by name or header.

In: the first bytes of a file (4 kB are enough). Out: `Sniffed(mime, kind)` for what the decoder
reads. Refuses, with a detail that says what the bytes look like: nothing at all, playlists and
descriptions that name other files (HLS, DASH, concat, SDP), archives, and every other type
(HTML, SVG, PDF, TIFF, HEIC, ...). Handbook `reliability.md` 2.2 and 2.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from verify.errors import ArchiveRejected, EmptyMedia, PlaylistRejected, WrongMediaType
from verify.model import MediaKind

HEAD_BYTES = 4096  #: how much of a file `sniff` wants to see


@dataclass(frozen=True, slots=True, kw_only=True)
class Sniffed:
    """What the bytes are. `kind` is GIF for anything animated that is read as pictures."""

    mime: str
    kind: MediaKind


# Brands of ISO base media files (ISO/IEC 14496-12, registered at mp4ra.org) that are not video.
_ISO_STILLS = {b"avif": ("image/avif", MediaKind.IMAGE), b"avis": ("image/avif", MediaKind.GIF)}
_ISO_REFUSED = {
    b"heic": "a HEIC photo",
    b"heix": "a HEIC photo",
    b"hevc": "a HEIC sequence",
    b"mif1": "a HEIF photo",
    b"msf1": "a HEIF sequence",
    b"crx ": "a Canon raw photo",
    b"M4A ": "an audio file",
    b"M4B ": "an audio book",
    b"M4P ": "a protected audio file",
}
_QUICKTIME_ATOMS = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})

_ARCHIVES = {
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"PK\x05\x06": "an empty ZIP archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\x1f\x8b": "gzip data",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ\x00": "xz data",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"!<arch>\n": "an ar archive",
    b"MSCF": "a cabinet archive",
}
_OTHER_BINARIES = {
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript document",
    b"II*\x00": "a TIFF image",
    b"MM\x00*": "a TIFF image",
    b"8BPS": "a Photoshop document",
    b"\xff\x0a": "a JPEG XL image",
    b"\x00\x00\x00\x0cJXL ": "a JPEG XL image",
    b"\x00\x00\x00\x0cjP  ": "a JPEG 2000 image",
    b"\x00\x00\x01\x00": "an icon",
    b"ID3": "an audio file",
    b"OggS": "an Ogg file",
    b"fLaC": "an audio file",
    b"FLV\x01": "a Flash video",
    b"FWS": "a Flash film",
    b"CWS": "a Flash film",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": "a Windows Media file",
    b"\x00\x00\x01\xba": "an MPEG program stream",
    b"\x00\x00\x01\xb3": "a raw MPEG video",
    b"\x7fELF": "a program",
    b"MZ": "a program",
}
# Text is looked at after a byte order mark and white space, in lower case.
_PLAYLISTS = (
    (re.compile(rb"#extm3u"), "an HLS playlist"),
    (re.compile(rb"#ext-x-"), "an HLS playlist"),
    (re.compile(rb"ffconcat version"), "an ffmpeg concat script"),
    (re.compile(rb"file\s+\S"), "an ffmpeg concat script"),
    (re.compile(rb"v=0\r?\n"), "an SDP session description"),
    (re.compile(rb"\[playlist\]"), "a PLS playlist"),
    (re.compile(rb"(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<mpd[\s>]", re.DOTALL), "a DASH manifest"),
    (re.compile(rb"(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<smoothstreamingmedia", re.DOTALL), "a manifest"),
    (re.compile(rb"(<\?xml[^>]*>\s*)?<(smil|asx|playlist)[\s>]"), "a playlist"),
)
_TEXTS = (
    (re.compile(rb".*?<svg[\s>:]", re.DOTALL), "an SVG drawing"),
    (
        re.compile(rb".*?(<!doctype html|<html[\s>]|<head[\s>]|<body[\s>]|<script[\s>])", re.DOTALL),
        "a web page",
    ),
    (re.compile(rb"<\?xml"), "an XML document"),
    (re.compile(rb"[\[{]"), "JSON text"),
)


def sniff(head: bytes) -> Sniffed:
    """The type of the file that begins with `head` (up to HEAD_BYTES are looked at).

    Raises EmptyMedia, PlaylistRejected, ArchiveRejected or WrongMediaType.
    """
    head = head[:HEAD_BYTES]
    if not head:
        raise EmptyMedia
    mime, kind = _picture(head) or _iso_media(head) or _video(head) or _refuse(head)
    return Sniffed(mime=mime, kind=kind)


def _picture(head: bytes) -> tuple[str, MediaKind] | None:
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", MediaKind.IMAGE
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png", MediaKind.GIF if _is_apng(head) else MediaKind.IMAGE
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif", MediaKind.GIF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        animated = head[12:16] == b"VP8X" and len(head) > 20 and bool(head[20] & 0x02)
        return "image/webp", MediaKind.GIF if animated else MediaKind.IMAGE
    if (
        head[:2] == b"BM"
        and len(head) >= 18
        and int.from_bytes(head[14:18], "little") in {12, 40, 52, 56, 108, 124}
    ):
        return "image/bmp", MediaKind.IMAGE
    return None


def _is_apng(head: bytes) -> bool:
    """Whether the acTL chunk comes before the picture data, as the PNG specification (11.3.6) asks."""
    at = 8
    while at + 8 <= len(head):
        chunk = head[at + 4 : at + 8]
        if chunk in {b"acTL", b"IDAT"}:
            return chunk == b"acTL"
        at += 12 + int.from_bytes(head[at : at + 4], "big")
    return False


def _iso_media(head: bytes) -> tuple[str, MediaKind] | None:
    if head[4:8] in _QUICKTIME_ATOMS:
        return "video/quicktime", MediaKind.VIDEO
    if head[4:8] != b"ftyp":
        return None
    size = int.from_bytes(head[:4], "big")
    major = head[8:12]
    brands = (major, *(head[at : at + 4] for at in range(16, min(size, len(head)), 4)))
    for brand in brands:  # the major brand of an AVIF file may be the generic "mif1"
        if brand in _ISO_STILLS:
            return _ISO_STILLS[brand]
    if major in _ISO_REFUSED:
        raise WrongMediaType(f"it looks like {_ISO_REFUSED[major]}")
    if major == b"qt  ":
        return "video/quicktime", MediaKind.VIDEO
    return ("video/3gpp" if major.startswith(b"3g") else "video/mp4"), MediaKind.VIDEO


def _video(head: bytes) -> tuple[str, MediaKind] | None:
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        webm = b"webm" in head[:64]
        return ("video/webm" if webm else "video/x-matroska"), MediaKind.VIDEO
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "video/x-msvideo", MediaKind.VIDEO
    return None


def _refuse(head: bytes) -> NoReturn:
    """Raise the error that says what `head` looks like."""
    for magic, what in _ARCHIVES.items():
        if head.startswith(magic):
            raise ArchiveRejected(f"it looks like {what}")
    if head[257:262] == b"ustar":
        raise ArchiveRejected("it looks like a tar archive")
    for magic, what in _OTHER_BINARIES.items():
        if head.startswith(magic):
            raise WrongMediaType(f"it looks like {what}")
    if head[:1] == b"\x47" and head[188:189] == b"\x47":
        raise WrongMediaType("it looks like an MPEG transport stream; remux it to MP4 and check that")
    _refuse_text(head)


def _refuse_text(head: bytes) -> NoReturn:
    text = _as_ascii(head).lstrip().lower()
    for pattern, what in _PLAYLISTS:
        if pattern.match(text):
            raise PlaylistRejected(f"it looks like {what}")
    for pattern, what in _TEXTS:
        if pattern.match(text):
            raise WrongMediaType(f"it looks like {what}")
    printable = sum(byte in b"\t\r\n" or byte >= 0x20 for byte in head)
    if b"\x00" not in head and printable == len(head):
        raise WrongMediaType("it looks like plain text")
    if not any(head):
        raise WrongMediaType("it is all zero bytes")
    raise WrongMediaType(f"its first bytes are {head[:8].hex(' ')}")


def _as_ascii(head: bytes) -> bytes:
    """The text without its byte order mark, and UTF-16 folded to ASCII, so that it cannot hide."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            return head[2:].decode(encoding, "replace").encode("ascii", "replace")
    return head.removeprefix(b"\xef\xbb\xbf")
