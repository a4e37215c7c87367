"""A decoder child taken over by its file: limits hold, nothing hangs, nothing it sends is believed.

The hostile code is real: it runs in the child's process, after the limits were set, with the file and
the pipes in its hands (`takeover`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.faults.takeover import alive, child_of, running, take_over
from tests.footage import render_video
from verify.errors import BrokenMedia, DecoderCrashed, SandboxUnavailable
from verify.media import sandbox
from verify.media.decoder import DecodeLimits, Decoder, FramePlan
from verify.media.sandbox import bwrap_works, child_command, sandbox_status
from verify.model import MediaKind

PLAN = FramePlan()


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return render_video(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=20)


def crash(folder, code, **limits):
    """What the parent says of a child that runs `code`."""
    with take_over(folder, code, **limits) as session, pytest.raises(DecoderCrashed) as caught:
        list(session.frames(PLAN))
    return caught.value.detail


def test_a_spin_ends_at_the_cpu_limit(tmp_path):
    assert "CPU time" in crash(tmp_path, "while True: pass", cpu_seconds=1)


def test_a_sleep_ends_at_the_wall_clock(tmp_path):
    assert "WALL_SECONDS" in crash(tmp_path, "import time; time.sleep(600)", wall_seconds=0.5)


def test_memory_is_limited(tmp_path):
    assert "memory" in crash(tmp_path, "x = bytearray(1 << 30)", memory_bytes=1 << 28)


def test_a_segmentation_fault_is_named(tmp_path):
    assert "SIGSEGV" in crash(tmp_path, "import os; os.kill(os.getpid(), 11)")


def test_an_early_exit_is_noticed(tmp_path):
    assert "status 7" in crash(tmp_path, "import os; os._exit(7)")


def test_no_file_can_be_written_and_no_core_left(tmp_path):
    target = tmp_path / "written"
    code = f"""
        open({str(target)!r}, "wb", buffering=0).write(b"x" * 10)
    """
    with take_over(tmp_path, code) as session, pytest.raises(BrokenMedia, match="File too large"):
        list(session.frames(PLAN))
    assert target.stat().st_size == 0


def test_it_gets_no_environment_and_no_other_descriptor(tmp_path, monkeypatch):
    monkeypatch.setenv("VERIFY_SECRET", "hunter2")
    code = """
        import os
        fds = [fd for fd in range(3, 64) if os.path.exists(f"/proc/self/fd/{fd}")]
        raise ValueError(f"environment {sorted(os.environ)} descriptors {len(fds)}")
    """
    with (
        take_over(tmp_path, code) as session,
        pytest.raises(BrokenMedia, match=r"environment \[('LC_CTYPE')?\] descriptors 2"),
    ):
        list(session.frames(PLAN))


def sends(payload):
    """Code that writes `payload` to the reply pipe, then waits."""
    return f"""
        import os, time
        for fd in range(3, 64):
            try:
                os.write(fd, {payload!r})
            except OSError:
                pass
        time.sleep(600)
    """


def message(kind, payload):
    return struct.pack("<cI", kind, len(payload)) + payload


METADATA = message(b"M", b'{"container":"mov","codec":"h264","width":4,"height":4,"pixel_format":"gray"}')


def picture(time_us, width, height, data):
    return message(b"F", struct.pack("<qHHB", time_us, width, height, 0) + data)


@pytest.mark.parametrize(
    "payload",
    [
        b"garbage that is no header",
        struct.pack("<cI", b"M", 0xFFFFFFFF),
        message(b"M", b"not json"),
        message(b"M", b"[" * 60_000),
        message(b"M", b"[1]"),
        message(b"M", b'{"container":"mov","codec":7,"width":4,"height":4,"pixel_format":""}'),
        message(b"M", b'{"container":"m","codec":"c","width":-4,"height":4,"pixel_format":""}'),
        message(
            b"M", b'{"container":"m","codec":"c","width":1' + b"0" * 5_000 + b',"height":4,"pixel_format":""}'
        ),
        METADATA + struct.pack("<cI", b"F", 0x7FFFFFFF),
        METADATA + picture(0, 513, 1, bytes(513)),
        METADATA + picture(0, 0, 0, b""),
        METADATA + picture(-1, 1, 1, b"x"),
        METADATA + picture(0, 10, 10, b"too short"),
        METADATA + picture(5, 1, 1, b"x") + picture(5, 1, 1, b"x"),
        METADATA + METADATA,
        METADATA + message(b"E", b'{"frames_read":0}'),
        METADATA + message(b"S", b"a still nobody asked for"),
    ],
)
def test_what_it_must_not_send_is_refused(tmp_path, payload):
    assert "it sent what it must not" in crash(tmp_path, sends(payload), wall_seconds=20)


def test_an_error_of_its_own_invention_is_a_crash(tmp_path):
    invented = message(b"X", b'{"code":"storage_full","detail":"\\u001b[31mred"}')
    assert crash(tmp_path, sends(invented)) == " [31mred"


def test_frames_without_end_are_cut_off(tmp_path):
    endless = """
        import os, struct
        pipe = min(fd for fd in range(3, 64) if os.path.exists(f"/proc/self/fd/{fd}"))
        fields = b'{"container":"m","codec":"c","width":1,"height":1,"pixel_format":""}'
        os.write(pipe, struct.pack("<cI", b"M", len(fields)) + fields)
        time_us = 0
        while True:
            os.write(pipe, struct.pack("<cIqHHB", b"F", 14, time_us, 1, 1, 0) + b"x")
            time_us += 1
    """
    assert "without end" in crash(tmp_path, endless, max_duration_us=30_000_000)


@pytest.mark.skipif(not bwrap_works(), reason="bubblewrap does not work here")
@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.create_connection(('127.0.0.1', {port}), 2)",
        "open({secret!r}).read()",
        "import os; os.kill({pid}, 0)",
        "open('/etc/hostname').read()",
        "import os; os.mkdir('/left')",
    ],
)
def test_bubblewrap_hides_network_files_and_processes(tmp_path, attempt):
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = attempt.format(port=server.getsockname()[1], secret=str(secret), pid=os.getpid())
        session = take_over(tmp_path, code + "\nraise ValueError('it got out')", "bwrap")
        with session, pytest.raises(BrokenMedia, match="Error") as caught:
            list(session.frames(PLAN))
    assert "it got out" not in str(caught.value)


@pytest.mark.parametrize("choice", ["rlimit", "auto"])
def test_a_child_killed_midway_is_a_crash_and_the_next_file_is_read(clip, choice):
    decoder = Decoder(DecodeLimits(sandbox=choice))
    with decoder.open(clip, MediaKind.VIDEO) as session:
        frames = iter(session.frames(FramePlan(per_second=25)))
        next(frames)
        os.killpg(child_of(session), signal.SIGKILL)
        with pytest.raises(DecoderCrashed):
            list(frames)
    assert decoder.probe(clip, MediaKind.VIDEO).width == 320


@pytest.mark.parametrize("choice", ["rlimit", "auto"])
def test_a_consumer_that_stops_early_leaves_no_process(clip, choice):
    with Decoder(DecodeLimits(sandbox=choice)).frames(
        clip, MediaKind.VIDEO, FramePlan(per_second=25)
    ) as stream:
        next(iter(stream))
        group = child_of(stream._session)
        assert running(group)
    assert not alive(group)


def test_a_consumer_that_fails_leaves_no_process(clip):
    def consume():
        with Decoder(DecodeLimits(sandbox="rlimit")).frames(clip, MediaKind.VIDEO, PLAN) as stream:
            groups.append(child_of(stream._session))
            raise KeyError

    groups: list[int] = []
    with pytest.raises(KeyError):
        consume()
    assert not alive(groups[0])


def test_the_time_that_the_consumer_takes_is_not_the_childs(clip):
    limits = DecodeLimits(sandbox="rlimit", wall_seconds=2.0)
    with Decoder(limits).frames(clip, MediaKind.VIDEO, FramePlan(per_second=25, long_side=320)) as stream:
        for count, _ in enumerate(stream):
            if count == 0:
                time.sleep(2.5)
    assert stream.outcome.complete


def test_a_large_picture_in_little_memory_is_refused_not_fatal(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (6_000, 6_000)).save(path, compress_level=1)
    limits = DecodeLimits(sandbox="rlimit", memory_bytes=2 * 150 * 2**20)
    with pytest.raises(DecoderCrashed, match="memory"):
        Decoder(limits).frames(path, MediaKind.IMAGE, PLAN)


def test_no_descriptor_is_left_open(clip, tmp_path):
    decoder = Decoder(DecodeLimits(sandbox="rlimit"))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip.read_bytes()[:2_000])
    decoder.probe(clip, MediaKind.VIDEO)  # its template keeps a socket
    before = set(Path("/proc/self/fd").iterdir())
    for path in (clip, broken):
        with contextlib.suppress(BrokenMedia), decoder.frames(path, MediaKind.VIDEO, PLAN) as stream:
            next(iter(stream))
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_status_tells_what_holds(monkeypatch):
    monkeypatch.setattr(sandbox, "bwrap_works", lambda: False)
    for choice in ("auto", "rlimit", "bwrap"):
        status = sandbox_status(choice)
        assert status.isolation == "rlimit"
        assert "no network" in status.missing
    assert child_command("auto") == child_command("rlimit")
    with pytest.raises(SandboxUnavailable):
        child_command("bwrap")


def test_status_with_bubblewrap(monkeypatch):
    monkeypatch.setattr(sandbox, "bwrap_works", lambda: True)
    monkeypatch.setattr(sandbox.shutil, "which", lambda _: "/usr/bin/bwrap")
    assert sandbox_status("auto").missing == ()
    assert "no network" in sandbox_status("auto").holds
    assert "no network" in sandbox_status("rlimit").missing
