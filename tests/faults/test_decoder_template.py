"""Templates: children start warm, one after another, and nothing that befalls one reaches the next.

Templates and children are real processes; what takes children over is in `takeover`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.takeover import alive, below, child_of, running, take_over, template_in
from tests.footage import render_image, render_video
from tests.servers import wait_until
from verify.errors import BrokenMedia, DecoderCrashed, MediaRejected
from verify.media.decoder import DecodeLimits, Decoder, FramePlan
from verify.media.decoder_child.template import MOST_CHILDREN
from verify.media.sandbox import bwrap_works
from verify.media.template import MOST_IDLE, TEMPLATES, Template
from verify.model import MediaKind

EACH_FRAME = FramePlan(per_second=25)
both = pytest.mark.parametrize("choice", ["rlimit", "auto"])
needs_bwrap = pytest.mark.skipif(not bwrap_works(), reason="bubblewrap does not work here")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return render_video(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=20)


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    return render_image(tmp_path_factory.mktemp("photo") / "photo.jpg")


@pytest.fixture(autouse=True)
def _no_templates():
    """Each test begins with none, and knows which it started."""
    TEMPLATES.end_idle()


def probed(decoder, path, kind=MediaKind.VIDEO):
    """The template and the child that probed `path`."""
    with decoder.open(path, kind) as session:
        session.probe()
        return session._child.template_pid, child_of(session)


def told(session):
    """What became of a medium that is hostile code, and the template of the child that it ran in."""
    with session:
        with pytest.raises(MediaRejected) as caught:
            session.probe()
        return caught.value.detail, session._child.template_pid


@both
def test_media_in_a_row_come_from_one_template_and_different_children(clip, choice):
    decoder = Decoder(DecodeLimits(sandbox=choice))
    seen = [probed(decoder, clip) for _ in range(3)]
    assert len({template for template, _ in seen}) == 1
    assert len({child for _, child in seen}) == 3
    assert not any(running(child) for _, child in seen)


def test_photos_and_videos_have_templates_of_their_own(clip, photo):
    decoder = Decoder(DecodeLimits(sandbox="rlimit"))
    video, image = probed(decoder, clip), probed(decoder, photo, MediaKind.IMAGE)
    assert video[0] != image[0]
    assert probed(decoder, clip)[0] == video[0]
    assert probed(decoder, photo, MediaKind.IMAGE)[0] == image[0]


@both
def test_two_sessions_at_once_have_a_template_each(clip, choice):
    decoder = Decoder(DecodeLimits(sandbox=choice))
    with decoder.open(clip, MediaKind.VIDEO) as one, decoder.open(clip, MediaKind.VIDEO) as other:
        assert one.probe() == other.probe()
        assert one._child.template_pid != other._child.template_pid
        assert child_of(one) != child_of(other)  # it finds exactly one below each


TELL_LIMITS = """
    import resource
    names = ("RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_CORE")
    raise ValueError([resource.getrlimit(getattr(resource, name))[0] for name in names])
"""


@pytest.mark.parametrize(
    ("code", "limits"),
    [("while True: pass", {"cpu_seconds": 1}), ("x = bytearray(1 << 30)", {"memory_bytes": 1 << 28})],
    ids=["cpu", "memory"],
)
@both
def test_a_child_at_its_limit_does_no_harm_to_the_next(tmp_path, choice, code, limits):
    with pytest.raises(DecoderCrashed), take_over(tmp_path, code, choice, **limits) as session:
        session.probe()
    detail, _ = told(take_over(tmp_path, TELL_LIMITS, choice, cpu_seconds=7, memory_bytes=1 << 29))
    assert detail == f"ValueError: [7, {1 << 29}, 0, 64, 0]"


@both
def test_cpu_time_is_counted_for_each_medium_anew(tmp_path, choice):
    half = "import time\nwhile time.process_time() < 0.6: pass\nraise ValueError('there was time')"
    seen = [told(take_over(tmp_path, half, choice, cpu_seconds=1)) for _ in range(3)]
    assert {detail for detail, _ in seen} == {"ValueError: there was time"}
    assert len({template for _, template in seen}) == 1


CALM = "raise ValueError('calm')"
#: What a child can do to its template as a process of the same user.
MISCHIEF = {
    "crash": "import os; os.kill(os.getpid(), 11)",
    "kill": "import os, time; os.kill(os.getppid(), 9); time.sleep(600)",
    "stop": "import os; os.kill(os.getppid(), 19); raise ValueError('done')",
    "limit": """
        import os, resource
        resource.prlimit(os.getppid(), resource.RLIMIT_DATA, (1 << 20, 1 << 20))
        raise ValueError("done")
    """,
    "slow": """
        import os
        os.setpriority(os.PRIO_PROCESS, os.getppid(), os.getpriority(os.PRIO_PROCESS, 0) + 1)
        raise ValueError("done")
    """,
}
#: Processes that it can leave behind, out of its group.
STRAYS = {
    "a child": """
        import os, time
        if (stray := os.fork()) == 0:
            os.setsid()
            time.sleep(600)
        while os.getpgid(stray) != stray:
            time.sleep(0.001)
        raise ValueError("done")
    """,
    "a grandchild": """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(600)
            os._exit(0)
        os.wait()
        raise ValueError("done")
    """,
}


@pytest.mark.parametrize("mischief", MISCHIEF)
@both
def test_a_template_that_something_was_done_to_forks_no_other_child(tmp_path, choice, mischief):
    _, template = told(take_over(tmp_path, MISCHIEF[mischief], choice))
    detail, following = told(take_over(tmp_path, CALM, choice))
    assert detail == "ValueError: calm"
    assert following != template
    assert not alive(template)


@pytest.mark.parametrize("code", STRAYS.values(), ids=STRAYS)
@both
def test_a_child_meets_no_process_of_the_one_before(tmp_path, choice, code):
    with take_over(tmp_path, code, choice) as session:
        with pytest.raises(BrokenMedia, match="done"):
            session.probe()
        template = session._child.template_pid
        strays = {os.getpgid(pid) for pid in below(template)} - {template}
    try:
        assert len(strays) == 2  # the child is among them
        assert told(take_over(tmp_path, CALM, choice))[1] != template
        assert not alive(template)
        if choice == "auto" and bwrap_works():
            assert not any(alive(stray) for stray in strays)
    finally:
        for stray in strays:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(stray, signal.SIGKILL)


@both
def test_signals_that_say_a_child_has_ended_are_not_believed(tmp_path, choice):
    code = "import os, time\nfor _ in range(500): os.kill(os.getppid(), 17)\ntime.sleep(0.3)\n" + CALM
    seen = [told(take_over(tmp_path, code, choice)) for _ in range(2)]
    assert {detail for detail, _ in seen} == {"ValueError: calm"}
    assert len({template for _, template in seen}) == 1


@needs_bwrap
def test_a_child_cannot_trace_its_template(tmp_path):
    """Without bubblewrap it could trace the worker itself, if that runs as root."""
    code = """
        import ctypes, os
        attach, nothing = 16, ctypes.c_void_p(0)
        raise ValueError(ctypes.CDLL(None).ptrace(attach, os.getppid(), nothing, nothing))
    """
    assert told(take_over(tmp_path, code, "bwrap"))[0] == "ValueError: -1"


@both
def test_a_child_holds_its_pipes_and_its_medium_and_no_socket(tmp_path, choice):
    code = """
        import os, stat
        kinds = {}
        for fd in range(4096):
            try:
                kinds[fd] = stat.filemode(os.fstat(fd).st_mode)[0]
            except OSError:
                pass
        raise ValueError(kinds)
    """
    with contextlib.ExitStack() as many:  # so that the socket's number is beyond the child's limit
        for _ in range(100):
            many.enter_context(Path(os.devnull).open())
        detail, _ = told(take_over(tmp_path, code, choice))
    assert detail == f"ValueError: { {0: 'p', 1: 'c', 2: 'c', 3: 'p', 4: '-'} }"


def test_a_template_is_good_for_so_many_children(photo):
    decoder = Decoder(DecodeLimits(sandbox="rlimit"))
    templates = []
    for _ in range(MOST_CHILDREN + 1):
        with decoder.open(photo, MediaKind.IMAGE) as session:
            session.probe()
            templates.append(session._child.template_pid)
    assert len(set(templates[:-1])) == 1
    assert templates[-1] != templates[0]


@both
def test_a_template_killed_between_two_media_is_replaced(clip, choice):
    decoder = Decoder(DecodeLimits(sandbox=choice))
    first, _ = probed(decoder, clip)
    os.kill(template_in(first), signal.SIGKILL)
    assert not alive(first)
    assert probed(decoder, clip)[0] != first


@both
def test_a_template_killed_while_its_child_decodes_is_a_crash_and_the_next_medium_is_read(clip, choice):
    decoder = Decoder(DecodeLimits(sandbox=choice))
    with decoder.open(clip, MediaKind.VIDEO) as session:
        frames = iter(session.frames(EACH_FRAME))
        next(frames)
        template, child = session._child.template_pid, child_of(session)
        os.kill(template_in(template), signal.SIGKILL)
        with pytest.raises(DecoderCrashed):
            list(frames)
    assert not alive(child)
    assert not alive(template)
    assert probed(decoder, clip)[0] != template


@both
def test_threads_at_once_decode_and_few_templates_stay(clip, choice):
    decoder = Decoder(DecodeLimits(sandbox=choice))
    together = threading.Barrier(4)

    def read(_number):
        with decoder.open(clip, MediaKind.VIDEO) as session, session.frames(FramePlan()) as stream:
            together.wait()
            return session._child.template_pid, [frame.time_us for frame in stream]

    with ThreadPoolExecutor(4) as threads:
        seen = list(threads.map(read, range(4)))
    templates = {template for template, _ in seen}
    assert len(templates) == 4
    assert len({tuple(times) for _, times in seen}) == 1
    wait_until(
        lambda: sum(map(running, templates)) <= MOST_IDLE, what="the templates over the number kept to end"
    )
    left = {template for template in templates if running(template)}
    assert len(left) == MOST_IDLE
    assert probed(decoder, clip)[0] in left


@both
def test_a_template_outlives_the_thread_that_wanted_it(clip, choice):
    """Bubblewrap dies with the thread that started it, not with the process."""
    decoder = Decoder(DecodeLimits(sandbox=choice))
    seen = []
    thread = threading.Thread(target=lambda: seen.append(probed(decoder, clip)[0]))
    thread.start()
    thread.join()
    time.sleep(0.2)
    seen += [probed(decoder, clip)[0] for _ in range(2)]
    assert len(set(seen)) == 1


def test_a_reader_stopped_while_it_ends_its_child_gives_no_template_back(clip, monkeypatch):
    decoder = Decoder(DecodeLimits(sandbox="rlimit"))
    session = decoder.open(clip, MediaKind.VIDEO)
    session.probe()
    template, child = session._child.template_pid, child_of(session)
    with monkeypatch.context() as patch:
        patch.setattr(Template, "_report", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            session.close()
    session.close()
    assert not alive(template)
    assert not alive(child)
    assert probed(decoder, clip)[0] != template
