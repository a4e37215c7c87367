"""The attack table of the handbook (`reliability.md` 2.3): each refused with its own reason."""

from __future__ import annotations

import http.server
import struct
import threading
import zlib

import av
import numpy as np
import pytest

from tests.footage import render_image, render_video
from verify.errors import BrokenMedia, MediaRejected, MediaTooLarge, PlaylistRejected, WrongMediaType
from verify.media import decoder as decoder_module
from verify.media.decoder import DecodeLimits, Decoder, FramePlan
from verify.media.sniff import Sniffed
from verify.model import MediaKind

DECODER = Decoder(DecodeLimits(sandbox="rlimit"))


def read(path, kind=MediaKind.VIDEO):
    with DECODER.frames(path, kind, FramePlan()) as stream:
        return list(stream)


@pytest.fixture
def canary():
    """A web server that counts the requests it gets."""
    requests = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", requests
        server.shutdown()
        thread.join()


def hls(target):
    return f"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n".encode()


def disguises(target):
    return {
        "hls": (hls(target), PlaylistRejected),
        "dash": (
            f'<?xml version="1.0"?><MPD><Period><BaseURL>{target}</BaseURL></Period></MPD>'.encode(),
            PlaylistRejected,
        ),
        "concat": (f"ffconcat version 1.0\nfile '{target}'\n".encode(), PlaylistRejected),
        "sdp": (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n", PlaylistRejected),
        "svg": (
            f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{target}"/></svg>'.encode(),
            WrongMediaType,
        ),
        "pdf": (b"%PDF-1.7\n1 0 obj\n", WrongMediaType),
        "html": (f"<!doctype html><img src={target}>".encode(), WrongMediaType),
    }


@pytest.mark.parametrize("name", ["clip.mp4", "photo.jpg"])
@pytest.mark.parametrize("what", disguises(""))
def test_disguised_texts_are_named(tmp_path, name, what):
    content, error = disguises("file:///etc/hostname")[what]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error):
        read(tmp_path / name)


@pytest.mark.parametrize(
    "mime", ["video/mp4", "video/x-matroska", "video/x-msvideo", "image/jpeg", "image/png"]
)
@pytest.mark.parametrize("what", disguises(""))
def test_the_child_refuses_them_too_and_asks_nobody(tmp_path, monkeypatch, canary, what, mime):
    """Were the sniffer fooled: the child opens one format, and no protocol."""
    url, requests = canary
    content, _ = disguises(f"{url}/segment.ts")[what]
    (tmp_path / "a.m3u8").write_bytes(content)
    kind = MediaKind.VIDEO if mime.startswith("video") else MediaKind.IMAGE
    monkeypatch.setattr(decoder_module, "sniff", lambda _: Sniffed(mime=mime, kind=kind))
    with pytest.raises(BrokenMedia):
        read(tmp_path / "a.m3u8", kind)
    assert requests == []


def png(width, height):
    """A PNG of one colour whose rows are never all in memory here."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + width // 8 + 1)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def webp(width, height):
    body = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(64)
    chunk = b"VP8L" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def avif(tmp_path, width, height):
    data = render_image(tmp_path / "small.avif", size=(64, 64)).read_bytes()
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


def gif(width, height, count):
    picture = (
        b"\x21\xf9\x04\x00\x01\x00\x00\x00" + b"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00"
    )
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    return head + picture * count + b"\x3b"


@pytest.mark.parametrize("side", [20_000, 13_000, 6_400])
def test_png_bombs(tmp_path, side):
    (tmp_path / "a.png").write_bytes(png(side, side))
    with pytest.raises(MediaTooLarge, match="pixels"):
        read(tmp_path / "a.png", MediaKind.IMAGE)


def test_webp_bomb(tmp_path):
    (tmp_path / "a.webp").write_bytes(webp(16_000, 16_000))
    with pytest.raises(MediaTooLarge, match="pixels"):
        read(tmp_path / "a.webp", MediaKind.IMAGE)


def test_avif_bomb(tmp_path):
    (tmp_path / "a.avif").write_bytes(avif(tmp_path, 8_000, 8_000))
    with pytest.raises(MediaTooLarge, match="pixels"):
        read(tmp_path / "a.avif", MediaKind.IMAGE)


@pytest.mark.parametrize(
    ("width", "height", "count"), [(1, 1, 10_000), (4_000, 4_000, 500), (60_000, 60_000, 2)]
)
def test_gif_bombs(tmp_path, width, height, count):
    (tmp_path / "a.gif").write_bytes(gif(width, height, count))
    with pytest.raises(MediaTooLarge):
        read(tmp_path / "a.gif", MediaKind.GIF)


def flat_video(path, width, height):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        pixels = np.zeros((height * 3 // 2, width), np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "yuv420p")))
        container.mux(stream.encode(None))
    return path


def test_an_8k_video(tmp_path):
    with pytest.raises(MediaTooLarge, match="7680 x 4320"):
        read(flat_video(tmp_path / "a.mp4", 7680, 4320))


def test_a_stream_larger_than_its_container_says(tmp_path):
    """The header says 320 x 180; the pictures are 5120 x 5120."""
    path = flat_video(tmp_path / "a.mkv", 5120, 5120)
    data = path.read_bytes()
    size = b"\x82" + (5120).to_bytes(2, "big")
    assert b"\xb0" + size + b"\xba" + size in data
    path.write_bytes(data.replace(b"\xb0" + size + b"\xba" + size, b"\xb0\x82\x01\x40\xba\x82\x00\xb4"))
    with pytest.raises(MediaRejected):
        read(path)


def state_duration(path, milliseconds):
    """Rewrite the Duration element of a Matroska file."""
    data = path.read_bytes()
    at = data.index(b"\x44\x89\x88") + 3
    path.write_bytes(data[:at] + struct.pack(">d", milliseconds) + data[at + 8 :])
    return path


def test_ten_hours_by_the_header(tmp_path):
    path = state_duration(render_video(tmp_path / "a.mkv", seconds=0.2), 36_000_000)
    with pytest.raises(MediaTooLarge, match=r"10\.0 hours"):
        read(path)


def test_ten_hours_behind_a_header_that_says_one_second(tmp_path):
    path = render_video(tmp_path / "a.mkv", size=(64, 36), times=range(0, 36_001, 900))
    with DECODER.frames(state_duration(path, 1_000), MediaKind.VIDEO, FramePlan()) as stream:
        frames = list(stream)
    assert frames[-1].time_us <= 6 * 3_600_000_000
    assert not stream.outcome.complete
    assert "only the first 6.0 hours" in stream.outcome.note
