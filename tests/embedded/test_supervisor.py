"""The supervisor on real, small processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness.embedded.places import CannotStart
from readiness.embedded.supervisor import Program, Supervisor

ROOT = Path(__file__).resolve().parent.parent.parent


def program(name: str, code: str, **options: object) -> Program:
    """Return a program that runs `code`."""
    return Program(name, [sys.executable, "-u", "-c", textwrap.dedent(code)], dict(os.environ), **options)  # type: ignore[arg-type]


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    supervisor = Supervisor()
    yield supervisor
    supervisor.stop([list(supervisor.names())])


def wait_for(supervisor: Supervisor, capsys: pytest.CaptureFixture[str], text: str) -> str:
    """Let the supervisor work until `text` was said. Return all that was."""
    seen, deadline = "", time.monotonic() + 20
    while text not in seen:
        supervisor.turn(0.1)
        seen += capsys.readouterr().out
        assert time.monotonic() < deadline, seen
    return seen


def test_output_carries_the_name_of_its_program(
    supervisor: Supervisor, capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor.start(program("one", "import time; print('hello'); time.sleep(60)"))
    assert "one      | hello\n" in wait_for(supervisor, capsys, "hello")


def test_what_dies_is_started_again_and_that_is_said(
    supervisor: Supervisor, capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor.start(program("weak", "import os; print('born', os.getpid()); raise SystemExit(3)"))
    seen = wait_for(supervisor, capsys, "2 seconds")
    assert "weak ended (exit code 3). It is started again in 1 second." in seen
    assert seen.count("born") == 2


def test_a_program_that_cannot_start_is_a_reason_with_its_last_words(supervisor: Supervisor) -> None:
    supervisor.start(program("web", "raise SystemExit('no such setting')"))
    with pytest.raises(CannotStart, match=r"web stopped at once \(exit code 1\)\.\n(.*\n)*no such setting"):
        supervisor.wait_until(lambda: False, "web", 20)


def test_what_does_not_stop_is_killed_with_all_that_it_started(
    supervisor: Supervisor, capsys: pytest.CaptureFixture[str]
) -> None:
    code = """
        import signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
        print('child', child.pid, flush=True)
        time.sleep(60)
    """
    supervisor.start(program("deaf", code, grace=0.5))
    seen = wait_for(supervisor, capsys, "child")
    supervisor.turn(0.1)
    child = int(seen.split("child ")[1].split()[0])
    supervisor.stop([["deaf"]])
    assert "deaf did not stop in time" in capsys.readouterr().out
    with pytest.raises(ProcessLookupError):
        _wait_for_end(child)


def _wait_for_end(pid: int) -> None:
    """Raise ProcessLookupError once `pid` has ended; a zombie counts as ended."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        if state == "Z":
            raise ProcessLookupError
        time.sleep(0.05)


INNER = """
import os, signal, sys, time
def note(number, frame):
    print("got", signal.Signals(number).name, flush=True)
    sys.exit(0)
signal.signal(signal.SIGINT, note)
signal.signal(signal.SIGTERM, note)
print(os.getpid(), flush=True)
time.sleep(60)
"""

OUTER = """
import os, sys
from readiness.embedded.supervisor import Program, Stopped, Supervisor
supervisor = Supervisor()
supervisor.listen_to_signals()
supervisor.start(Program("inner", [sys.executable, "-u", "-c", sys.argv[1]], dict(os.environ)))
try:
    supervisor.run()
except Stopped:
    print("stopping", flush=True)
    supervisor.stop([["inner"]])
print("bye", flush=True)
"""


@pytest.fixture
def outer() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", OUTER, INNER],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    yield process
    process.kill()
    process.wait()


def _inner(outer: subprocess.Popen[str]) -> int:
    assert outer.stdout
    return int(outer.stdout.readline().split("inner    | ")[1])


def test_ctrl_c_reaches_the_supervisor_alone(outer: subprocess.Popen[str]) -> None:
    _inner(outer)
    os.killpg(outer.pid, signal.SIGINT)  # what a terminal does
    assert outer.stdout
    said = outer.stdout.read()
    assert outer.wait(20) == 0
    assert "got SIGTERM" in said
    assert "got SIGINT" not in said
    assert said.index("stopping") < said.index("got SIGTERM") < said.index("bye")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux's")
def test_children_end_with_a_supervisor_that_was_killed(outer: subprocess.Popen[str]) -> None:
    inner = _inner(outer)
    os.kill(outer.pid, signal.SIGKILL)
    with pytest.raises(ProcessLookupError):
        _wait_for_end(inner)
