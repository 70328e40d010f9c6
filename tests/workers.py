"""Celery workers as they run for real, in processes of their own, on the test database."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping

from readiness import processes
from readiness.embedded.process import spawn
from tests.e2e.server import ROOT, with_database


@contextlib.contextmanager
def worker(
    database: str, extra: Mapping[str, str] | None = None, command: list[str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker, the one for short tasks and probes unless `command` says otherwise; killed at the end."""
    environment = {**os.environ, "DATABASE_URL": with_database(database), **(extra or {})}
    with tempfile.TemporaryFile() as log:
        process = spawn(command or processes.worker(), env=environment, cwd=ROOT, output=log.fileno())
        try:
            yield process
        finally:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a worker and its pool as a power cut would: at once, with SIGKILL."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
