"""Starting a child so that it outlives nobody and hears no Ctrl-C of the terminal."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from readiness.embedded.places import Account, run_as

_PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent(number: signal.Signals, parent: int) -> None:
    """Ask the kernel to send `number` to this process when `parent` ends, kill -9 included (Linux only)."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the request was made
        os.kill(os.getpid(), number)


def spawn(
    command: list[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    account: Account | None = None,
    on_parent_death: signal.Signals = signal.SIGKILL,
    output: int | None = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, which ends when this process ends.

    Call it from the main thread: the kernel's request is bound to the thread that starts the child.
    """
    parent = os.getpid()

    def in_child() -> None:
        die_with_parent(on_parent_death, parent)

    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        command,
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
        umask=0o077,  # what an installation writes is its owner's alone
        preexec_fn=in_child,  # noqa: PLW1509  # before any thread is started
        **run_as(account),
    )
