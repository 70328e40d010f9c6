"""The command lines of an installation's processes: the same in the embedded default and in production."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

WEB: Final = "web"
WORKER: Final = "worker"
PACKETS: Final = "packets"
BEAT: Final = "beat"

_MAX_WORKER_KIB = 512 * 1024  # a packets process that has grown beyond this is replaced after its task


def web() -> list[str]:
    """Return the web server's command line. Address and number of workers: see `readiness.serve`."""
    return [sys.executable, "-m", "gunicorn", "-c", "python:readiness.serve", "readiness.asgi:application"]


def worker() -> list[str]:
    """Return the command line of the worker for short tasks and probes: threads, since both wait."""
    return [*_celery("worker"), "-n", "worker@%h", "-Q", "default,probes", "-P", "threads", "-c", "8"]


def packets() -> list[str]:
    """Return the command line of the packets worker: a process, which can be limited and replaced."""
    return [
        *(*_celery("worker"), "-n", "packets@%h", "-Q", "packets", "-P", "prefork", "-c", "1"),
        f"--max-memory-per-child={_MAX_WORKER_KIB}",
    ]


def beat(data: Path) -> list[str]:
    """Return the scheduler's command line. There may be only one; it keeps its clock in `data`."""
    return [*_celery("beat"), "-s", str(data / "beat-schedule"), "--pidfile="]


def _celery(kind: str) -> list[str]:
    quiet = ["--without-gossip", "--without-mingle"] if kind == "worker" else []
    return [sys.executable, "-m", "celery", "-q", "-A", "readiness", kind, "-l", "WARNING", *quiet]
