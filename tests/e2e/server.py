"""The application as it runs for real: gunicorn with ASGI in a process of its own, on a free port."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from readiness.embedded.process import spawn

ROOT = Path(__file__).resolve().parents[2]
_READY_WITHIN = 120.0  # seconds


def free_port() -> int:
    """A port of loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_database(name: str) -> str:
    """DATABASE_URL with the database `name` in place of its own."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@contextlib.contextmanager
def running(database: str, extra: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run the web process on `database`, with `extra` in its environment; yields its base URL."""
    with running_process(database, extra) as (base, _):
        yield base


@contextlib.contextmanager
def running_process(database: str, extra: Mapping[str, str] | None = None) -> Iterator[tuple[str, int]]:
    """Like `running`; yields the base URL and the id of the master process."""
    port = free_port()
    base = f"http://localhost:{port}"  # passkeys work on a name only
    environment = {
        **os.environ,
        "DATABASE_URL": with_database(database),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "READINESS_BASE_URL": base,
        "SECRET_KEY": settings.SECRET_KEY,  # sessions that a test makes hold in that process
        "WEB_CONCURRENCY": "1",
        **(extra or {}),
    }
    command = [
        str(Path(sys.executable).parent / "gunicorn"),
        "-c",
        "python:readiness.serve",
        "readiness.asgi",
    ]
    with tempfile.TemporaryFile() as log:
        process = spawn(command, env=environment, cwd=ROOT, output=log.fileno())
        try:
            _wait(f"{base}/health/live", process)
            yield base, process.pid
        except RuntimeError as error:
            log.seek(0)
            raise RuntimeError(f"{error}\n{log.read().decode(errors='replace')}") from None
        finally:
            _stop(process)


def collect_static(target: Path) -> None:
    """Collect the static files as production does: compressed, named by their content."""
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"],
        cwd=ROOT,
        env={**os.environ, "READINESS_STATIC": str(target)},
        check=True,
    )


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310  # our own address on loopback
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.05)
    raise RuntimeError("The web process did not start.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
