"""Templates end with their process, however it ends; a process that it forked has nothing to do with them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.faults.takeover import alive, below, running
from tests.footage import render_video

ROOT = Path(__file__).resolve().parents[2]
both = pytest.mark.parametrize("choice", ["rlimit", "auto"])


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return render_video(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=20)


PREAMBLE = """
import os, stat, sys, time
from pathlib import Path
from verify.media.decoder import DecodeLimits, Decoder, FramePlan
from verify.model import MediaKind

decoder = Decoder(DecodeLimits(sandbox=sys.argv[2]))

def template():
    with decoder.open(Path(sys.argv[1]), MediaKind.VIDEO) as session:
        session.probe()
        return session._child.template_pid
"""


@contextlib.contextmanager
def script(code, clip, choice):
    """Another interpreter that runs `code`, in which any warning is an error."""
    arguments = [sys.executable, "-W", "error", "-c", PREAMBLE + textwrap.dedent(code), str(clip), choice]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@both
def test_no_process_is_left_when_the_interpreter_exits(clip, choice):
    with script("print(template(), flush=True); sys.stdin.read()", clip, choice) as process:
        group = int(process.stdout.readline())
        os.killpg(group, signal.SIGSTOP)  # so that it cannot leave by itself
        assert running(group)
        _, warnings = process.communicate()
        assert (process.returncode, warnings) == (0, "")
        assert not alive(group)


@both
def test_no_process_is_left_when_a_worker_is_killed_while_decoding(clip, choice):
    code = """
        with decoder.frames(Path(sys.argv[1]), MediaKind.VIDEO, FramePlan(per_second=25)) as stream:
            print(next(iter(stream)).time_us, flush=True)
            time.sleep(600)
    """
    with script(code, clip, choice) as process:
        assert process.stdout.readline() == "0\n"
        groups = {os.getpgid(pid) for pid in below(process.pid)}
        assert len(groups) == 2  # the template's and the child's
        process.kill()
        process.wait()
        assert not any(alive(group) for group in groups)


@both
def test_a_forked_process_has_templates_of_its_own(clip, choice):
    code = """
        first = template()
        pid = os.fork()
        if pid == 0:
            opened = [int(entry) for entry in os.listdir("/proc/self/fd")[:-1]]
            assert not any(stat.S_ISSOCK(os.fstat(fd).st_mode) for fd in opened)
            assert template() not in (first, None)
            sys.exit(7)  # as an interpreter does, and what is to be done at exit is done
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
        assert template() == first
    """
    with script(code, clip, choice) as process:
        _, said = process.communicate()
        assert (process.returncode, said) == (0, "")


def test_a_forked_process_does_not_keep_its_parents_templates_alive(clip):
    code = """
        first = template()
        if os.fork() == 0:
            sys.stdin.read()
            os._exit(0)
        print(first, flush=True)
        os._exit(0)
    """
    with script(code, clip, "rlimit") as process:
        group = int(process.stdout.readline())
        process.wait()
        assert not alive(group)


def test_a_session_that_was_open_when_its_process_forked_is_only_the_parents(clip):
    code = """
        session = decoder.open(Path(sys.argv[1]), MediaKind.VIDEO)
        session.probe()
        first = session._child.template_pid
        pid = os.fork()
        if pid == 0:
            session.close()
            sys.exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
        assert session.probe().width == 320
        session.close()
        assert template() == first
    """
    with script(code, clip, "rlimit") as process:
        _, said = process.communicate()
        assert (process.returncode, said) == (0, "")
