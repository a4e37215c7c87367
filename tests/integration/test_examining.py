"""From a file's bytes to its fingerprint: lengths that no header states."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pytest
from PIL import Image, ImageOps

from tests.footage import pictures, render_animation, render_image, render_video
from verify.fingerprint import THUMBNAIL_SIDE, Fingerprint
from verify.matching import ReferenceIndex, match
from verify.media.decoder import DecodeLimits, Decoder
from verify.model import Frame, MediaFile, MediaKind, Span
from verify.pipeline.examine import Examiner
from verify.store.blobs import FolderBlobs

DECODER = Decoder(DecodeLimits(sandbox="rlimit"))
SECOND = 1_000_000


def kept(blobs: FolderBlobs, path: Path, mime: str, kind: MediaKind) -> MediaFile:
    data = path.read_bytes()
    return MediaFile(sha256=blobs.put(data), size_bytes=len(data), mime=mime, kind=kind)


def examined(folder: Path, path: Path, mime: str, kind: MediaKind) -> Fingerprint:
    blobs = FolderBlobs(folder)
    return Examiner(DECODER, blobs).examine(kept(blobs, path, mime, kind)).fingerprint


@pytest.mark.parametrize(("suffix", "mime"), [("gif", "image/gif"), ("webp", "image/webp")])
def test_an_animation_is_as_long_as_its_pictures_are_shown(tmp_path: Path, suffix: str, mime: str) -> None:
    path = render_animation(tmp_path / f"a.{suffix}", seconds=3, fps=10)
    assert examined(tmp_path / "blobs", path, mime, MediaKind.GIF).duration_us == 3 * SECOND


def test_a_picture_has_no_length(tmp_path: Path) -> None:
    path = render_image(tmp_path / "a.png")
    assert examined(tmp_path / "blobs", path, "image/png", MediaKind.IMAGE).duration_us == 0


def test_a_video_whose_header_states_no_length_is_as_long_as_it_is_read(tmp_path: Path) -> None:
    """As browsers record: WebM written to a stream that cannot be wound back."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with av.open(pipe, "w", format="webm") as container:
        stream = container.add_stream("libvpx", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for picture in pictures(2, 3.0, fps=10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode())
    path = tmp_path / "a.webm"
    path.write_bytes(pipe.data)
    with av.open(str(path)) as container:
        assert not container.duration
    made = examined(tmp_path / "blobs", path, "video/webm", MediaKind.VIDEO)
    assert abs(made.duration_us - 3 * SECOND) <= SECOND // 5


def test_a_closer_look_has_all_frames_of_a_few_seconds(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "blobs")
    file = kept(blobs, render_video(tmp_path / "a.mp4", seconds=4), "video/mp4", MediaKind.VIDEO)
    look = Examiner(DECODER, blobs).closer(file)
    assert look
    seen = look(Span(start_us=SECOND, end_us=2 * SECOND))
    assert SECOND <= seen.times_us[0] < seen.times_us[-1] <= 2 * SECOND
    assert len(seen.times_us) >= 20
    assert max(seen.thumbnail(0).shape) == THUMBNAIL_SIDE


def test_a_file_that_is_gone_gives_no_closer_look(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "blobs")
    file = kept(blobs, render_video(tmp_path / "a.mp4", seconds=2), "video/mp4", MediaKind.VIDEO)
    blobs.path(file.sha256).unlink()
    look = Examiner(DECODER, blobs).closer(file)
    assert look
    assert not len(look(Span(start_us=0, end_us=SECOND)).times_us)


def test_there_is_no_closer_look_at_a_picture(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "blobs")
    file = kept(blobs, render_image(tmp_path / "a.png"), "image/png", MediaKind.IMAGE)
    assert Examiner(DECODER, blobs).closer(file) is None


def test_both_sides_of_a_match_between_animations_have_seconds(tmp_path: Path) -> None:
    known = render_animation(tmp_path / "known.gif", seed=3, seconds=4, fps=10)
    reference = examined(tmp_path / "blobs", known, "image/gif", MediaKind.GIF)
    index = ReferenceIndex.build([("known", reference)], lambda _: reference)
    with Image.open(known) as image:
        frames = []
        for number in range(10, 40):
            image.seek(number)
            frames.append(image.convert("RGB"))
    frames[0].save(tmp_path / "part.gif", save_all=True, append_images=frames[1:], duration=100)
    part = examined(tmp_path / "blobs", tmp_path / "part.gif", "image/gif", MediaKind.GIF)
    (segment,) = match(part, index, media_sha256="").segments
    assert (segment.query.start_us, segment.query.end_us) == (0, 3 * SECOND)
    assert abs(segment.reference.start_us - SECOND) <= SECOND // 2
    assert abs(segment.reference.end_us - 4 * SECOND) <= SECOND // 2


@pytest.mark.parametrize(("mode", "named"), [("L", True), ("RGB", False)])
def test_lost_colours_are_named(tmp_path: Path, mode: str, named: bool) -> None:
    """Fingerprints are grey; the colour stills of the report are not."""
    source, copy = render_image(tmp_path / "a.png"), tmp_path / "b.png"
    with Image.open(source) as opened:
        ImageOps.mirror(opened.convert("RGB").convert(mode)).save(copy)
    blobs = FolderBlobs(tmp_path / "blobs")
    examiner = Examiner(DECODER, blobs)
    known, asked = (kept(blobs, path, "image/png", MediaKind.IMAGE) for path in (source, copy))
    print_ = examiner.examine(known).fingerprint
    index = ReferenceIndex.build([("photo", print_)], lambda _: print_)
    result = match(examiner.examine(asked).fingerprint, index, media_sha256=asked.sha256)
    pictures = examiner.side_by_side(asked, result, {"photo": known})
    (segment,) = examiner.named_colours(result, pictures).segments
    assert ("colours removed" in segment.transforms) is named
    assert not result.segments[0].transforms


@pytest.mark.parametrize(("promising", "asked"), [(0, 1), (2, 3), (9, 4)])
def test_pictures_that_promise_nothing_end_the_look_at_them(
    tmp_path: Path, promising: int, asked: int
) -> None:
    """The video is then read as a whole, as if nothing had been before."""
    path = render_video(tmp_path / "a.mp4", seconds=4, options={"g": "25", "sc_threshold": "0"})
    blobs = FolderBlobs(tmp_path / "blobs")
    examiner = Examiner(DECODER, blobs)
    file = kept(blobs, path, "video/mp4", MediaKind.VIDEO)
    seen: list[int] = []
    settled: list[Fingerprint] = []

    def promises(frame: Frame) -> bool:
        seen.append(frame.time_us)
        return len(seen) <= promising

    found, result = examiner.screen(file, settled.append, promises)
    assert (len(seen), len(settled)) == (asked, int(promising > 4))
    assert result is None
    assert found.fingerprint.to_bytes() == examiner.examine(file).fingerprint.to_bytes()
