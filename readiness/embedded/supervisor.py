"""Keeps a set of programs running: starts, prefixes their output, restarts what dies, stops all in order."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from readiness.embedded.places import Account, CannotStart
from readiness.embedded.process import spawn

_BACKOFF = (1, 2, 4, 8, 15, 30)  # seconds before the next start of a program that keeps dying
_STEADY = 60.0  # seconds after which a start counts as a success


class Stopped(Exception):
    """Somebody asked to stop."""


@dataclass
class Program:
    """What to run, and how it wants to be stopped."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    cwd: Path = Path("/")
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    grace: float = 10.0  # seconds between the stop signal and SIGKILL
    hidden: tuple[str, ...] = ()  # lines with one of these words are nobody's business here


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    started: float
    deaths: int = 0
    restart_at: float | None = None
    partial: bytes = b""
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=30))


class Supervisor:
    """Runs programs in the foreground of one terminal. One thread: start it in the main one."""

    def __init__(self) -> None:
        self._children: dict[str, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._stop_asked = 0
        self._stopping = False
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._wake_read, selectors.EVENT_READ)

    def listen_to_signals(self) -> None:
        """Stop on Ctrl-C, on SIGTERM, and when the terminal closes; wake up when a child ends."""
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask_to_stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup means: stay
            signal.signal(signal.SIGHUP, self._ask_to_stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def say(self, text: str) -> None:
        """Print a line of our own. A reader that has gone away is a reason to stop, not to fail."""
        try:
            print(text, flush=True)
        except BrokenPipeError:
            sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  # for the rest of the process
            self._stop_asked += 1

    def start(self, program: Program) -> None:
        """Start `program` and keep it running from now on."""
        self._children[program.name] = self._launch(program)

    def wait_until(self, ready: Callable[[], bool], name: str, timeout: float) -> None:
        """Wait until `ready()`, at most `timeout` seconds.

        Raises:
            CannotStart: the program `name` ended first, or the time is over; with its last lines.
            Stopped: somebody asked to stop.
        """
        deadline = time.monotonic() + timeout
        pause = 0.02
        while not ready():
            self._pump(pause)
            pause = min(pause * 1.5, 0.5)
            child = self._children[name]
            status = child.process.poll()
            if status is not None:
                self._drain(child)
                reason = f"{name} stopped at once ({_describe(status)})."
                raise CannotStart("\n".join([reason, *child.tail]))
            if time.monotonic() > deadline:
                raise CannotStart(f"{name} was not ready after {timeout:.0f} seconds. Its output is above.")

    def run_to_end(self, program: Program) -> None:
        """Run `program` once, with its output shown.

        Raises:
            CannotStart: it failed; with its last lines.
            Stopped: somebody asked to stop. The program is ended.
        """
        child = self._launch(program)
        try:
            while child.process.poll() is None:
                self._pump(0.5)
        except Stopped:
            child.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(5)
            _kill_group(child.process)
            raise
        self._drain(child)
        self._close(child)
        if child.process.returncode != 0:
            reason = f"{program.name} failed ({_describe(child.process.returncode)})."
            raise CannotStart("\n".join([reason, *child.tail]))

    def run(self) -> None:
        """Keep everything running until somebody asks to stop.

        Raises:
            Stopped: always, in the end.
        """
        while True:
            self.turn(1.0)

    def turn(self, seconds: float) -> None:
        """Pass output on for at most `seconds`, and start what has died again when its time has come.

        Raises:
            Stopped: somebody asked to stop.
        """
        self._pump(seconds)
        for child in list(self._children.values()):
            self._revive(child)

    def names(self) -> list[str]:
        """Return the names of what was started."""
        return list(self._children)

    def stop(self, order: list[list[str]]) -> None:
        """Stop the programs named in `order`, group after group. Another Ctrl-C ends the group at once."""
        self._stopping = True
        for group in order:
            asked = self._stop_asked
            children = [self._children[name] for name in group if name in self._children]
            for child in children:
                if child.process.poll() is None:
                    child.process.send_signal(child.program.stop_signal)
            deadline = time.monotonic() + max([child.program.grace for child in children], default=0)
            while any(child.process.poll() is None for child in children):
                self._pump(0.2)
                if time.monotonic() > deadline or self._stop_asked > asked:
                    break
            for child in children:
                if child.process.poll() is None:
                    self.say(f"{child.program.name} did not stop in time: killed.")
                    _kill_group(child.process)
                    child.process.wait()
                self._drain(child)

    # -- inside --------------------------------------------------------------------------------------

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_asked += 1

    def _launch(self, program: Program) -> _Child:
        try:
            process = spawn(
                program.command,
                env=program.env,
                cwd=program.cwd,
                account=program.account,
                on_parent_death=program.death_signal,
            )
        except OSError as error:
            raise CannotStart(f"{program.name} could not be started: {error}") from error
        child = _Child(program, process, time.monotonic())
        output = _pipe(process)
        os.set_blocking(output.fileno(), False)
        self._selector.register(output, selectors.EVENT_READ, child)
        return child

    def _revive(self, child: _Child) -> None:
        status = child.process.poll()
        if status is None:
            return
        now = time.monotonic()
        if child.restart_at is None:
            self._drain(child)
            self._close(child)
            _kill_group(child.process)  # what it started must not work beside its successor
            child.deaths = 0 if now - child.started > _STEADY else child.deaths
            pause = _BACKOFF[min(child.deaths, len(_BACKOFF) - 1)]
            child.restart_at = now + pause
            seconds = "1 second" if pause == 1 else f"{pause} seconds"
            self.say(f"{child.program.name} ended ({_describe(status)}). It is started again in {seconds}.")
        elif now >= child.restart_at:
            fresh = self._launch(child.program)
            fresh.deaths = child.deaths + 1
            self._children[child.program.name] = fresh

    def _pump(self, timeout: float) -> None:
        """Pass output on for at most `timeout` seconds, less when there is some.

        Raises:
            Stopped: somebody asked to stop, and stopping has not begun.
        """
        for key, _events in self._selector.select(timeout):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_read, 4096)
            else:
                self._read(key.data)
        if self._stop_asked and not self._stopping:
            raise Stopped

    def _read(self, child: _Child) -> bool:
        """Print what the child has written. Say whether there may be more."""
        output = _pipe(child.process)
        try:
            data = os.read(output.fileno(), 65536)
        except BlockingIOError:
            return False
        if not data:
            with contextlib.suppress(KeyError):
                self._selector.unregister(output)
            lines, child.partial = [child.partial] if child.partial else [], b""
        else:
            *lines, child.partial = (child.partial + data).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            if not any(word in text for word in child.program.hidden):
                child.tail.append(text)
                self.say(f"{child.program.name:<9}| {text}")
        return bool(data)

    def _drain(self, child: _Child) -> None:
        """Read what is left. A grandchild may hold the pipe open, so stop when nothing comes."""
        if not _pipe(child.process).closed:
            while self._read(child):
                pass

    def _close(self, child: _Child) -> None:
        output = _pipe(child.process)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(output)
        output.close()


def _pipe(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdout is None:
        raise RuntimeError("the child was started without a pipe")
    return process.stdout


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End whatever is left of the session that `process` leads."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _describe(status: int) -> str:
    """Say in words how a process ended."""
    if status >= 0:
        return f"exit code {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"
