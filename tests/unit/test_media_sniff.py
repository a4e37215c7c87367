from __future__ import annotations

import contextlib
import gzip
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.footage import render_animation, render_image, render_video
from verify.errors import ArchiveRejected, EmptyMedia, MediaRejected, PlaylistRejected, WrongMediaType
from verify.media.sniff import HEAD_BYTES, Sniffed, sniff
from verify.model import MediaKind

VIDEOS = {
    "a.mp4": "video/mp4",
    "a.mov": "video/quicktime",
    "a.3gp": "video/3gpp",
    "a.mkv": "video/x-matroska",
}
IMAGES = {
    "a.jpg": "image/jpeg",
    "a.png": "image/png",
    "a.webp": "image/webp",
    "a.avif": "image/avif",
    "a.bmp": "image/bmp",
}
HLS = b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10,\nfile:///etc/passwd\n"


@pytest.mark.parametrize(("name", "mime"), VIDEOS.items())
def test_it_knows_video_containers_by_their_bytes(tmp_path, name, mime):
    path = render_video(tmp_path / name, seconds=0.2)
    assert sniff(path.read_bytes()) == Sniffed(mime=mime, kind=MediaKind.VIDEO)


def test_it_knows_webm_and_avi(tmp_path):
    webm = render_video(
        tmp_path / "a.webm", seconds=0.1, codec="libvpx-vp9", options={"deadline": "realtime"}
    )
    avi = render_video(tmp_path / "a.avi", seconds=0.1, codec="mpeg4")
    assert sniff(webm.read_bytes()).mime == "video/webm"
    assert sniff(avi.read_bytes()).mime == "video/x-msvideo"


@pytest.mark.parametrize(("name", "mime"), IMAGES.items())
def test_it_knows_pictures_by_their_bytes(tmp_path, name, mime):
    path = render_image(tmp_path / name)
    assert sniff(path.read_bytes()) == Sniffed(mime=mime, kind=MediaKind.IMAGE)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_it_tells_an_animation_from_a_picture(tmp_path, name):
    path = render_animation(tmp_path / name, seconds=0.3)
    assert sniff(path.read_bytes()).kind is MediaKind.GIF


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("clip.mp4", b"x")
    return file.getvalue()


@pytest.mark.parametrize(
    ("head", "error", "words"),
    [
        (b"", EmptyMedia, ""),
        (HLS, PlaylistRejected, "HLS"),
        (b"\xef\xbb\xbf\r\n  " + HLS, PlaylistRejected, "HLS"),
        (b"\xff\xfe" + HLS.decode().encode("utf-16-le"), PlaylistRejected, "HLS"),
        (b'<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">', PlaylistRejected, "DASH"),
        (b"<!-- x -->\n<MPD>", PlaylistRejected, "DASH"),
        (b"ffconcat version 1.0\nfile a.mp4\n", PlaylistRejected, "concat"),
        (b"file '/etc/passwd'\n", PlaylistRejected, "concat"),
        (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n", PlaylistRejected, "SDP"),
        (b"[playlist]\nFile1=http://example.org/\n", PlaylistRejected, "PLS"),
        (zipped(), ArchiveRejected, "ZIP"),
        (gzip.compress(b"x"), ArchiveRejected, "gzip"),
        (b"\0" * 257 + b"ustar\0" + b"\0" * 200, ArchiveRejected, "tar"),
        (b"Rar!\x1a\x07\x01\x00", ArchiveRejected, "RAR"),
        (b'<svg xmlns="http://www.w3.org/2000/svg">', WrongMediaType, "SVG"),
        (b'<?xml version="1.0"?><!DOCTYPE svg><svg width="1">', WrongMediaType, "SVG"),
        (b"<!DOCTYPE html><html><body>404</body></html>", WrongMediaType, "web page"),
        (b"  <html lang=en>", WrongMediaType, "web page"),
        (b"%PDF-1.7\n", WrongMediaType, "PDF"),
        (b'{"error": "not found"}', WrongMediaType, "JSON"),
        (b"II*\x00\x08\x00\x00\x00", WrongMediaType, "TIFF"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", WrongMediaType, "HEIC"),
        (b"\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00M4A isom", WrongMediaType, "audio"),
        ((b"\x47" + b"\x00" * 187) * 3, WrongMediaType, "transport stream"),
        (b"just some words\n", WrongMediaType, "plain text"),
        (b"\x00" * 64, WrongMediaType, "zero"),
        (b"\x7fELF\x02\x01\x01", WrongMediaType, "program"),
    ],
)
def test_it_says_what_other_bytes_look_like(head, error, words):
    with pytest.raises(error) as caught:
        sniff(head)
    assert words in caught.value.detail


STARTS = [b"", b"RIFF", b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\x20ftyp", b"BM", b"\xff\xfe", b"<?xml"]


@given(st.sampled_from(STARTS), st.binary(max_size=HEAD_BYTES + 10))
def test_any_bytes_are_either_known_or_refused(start, rest):
    with contextlib.suppress(MediaRejected):
        assert "/" in sniff(start + rest).mime
