"""A pytest plugin that gives the tests their own PostgreSQL and Valkey, apart from any running installation.

It is loaded before the settings are (`-p readiness.embedded.testing`), because those read the environment.
With DATABASE_URL or REDIS_URL set, that server is used and none is started for it. The servers start when the
first test asks for the database or for the fixture `servers`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from readiness.embedded import places
from readiness.embedded.postgres import Postgres
from readiness.embedded.process import spawn
from readiness.embedded.valkey import Valkey

_READY_WITHIN = 60.0  # seconds
_GIVEN = {name for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
_HOME = Path(tempfile.mkdtemp(prefix="readiness-test-", dir="/tmp"))  # a short path for sockets
_HOME.chmod(0o711)
_LOCK = (_HOME / "lock").open("w")  # held as long as this process lives, however it ends
fcntl.flock(_LOCK, fcntl.LOCK_EX)

os.environ["READINESS_DATA"] = str(_HOME)
os.environ.setdefault("DATABASE_URL", places.database_url(_HOME / "s"))
os.environ.setdefault("REDIS_URL", places.redis_url(_HOME / "s"))


@pytest.fixture(scope="session")
def servers() -> Iterator[None]:
    """Run PostgreSQL and Valkey for the session, whichever the environment names no server for."""
    with running_servers():
        yield


@contextlib.contextmanager
def running_servers() -> Iterator[Path]:
    """Run the servers that the environment names none for; yields the temporary data directory."""
    with contextlib.ExitStack() as stack:
        (_HOME / "s").mkdir(mode=0o711, exist_ok=True)
        for kind, name in ((Postgres, "DATABASE_URL"), (Valkey, "REDIS_URL")):
            if name not in _GIVEN:
                stack.enter_context(_running(kind(_HOME, _HOME / "s", durable=False)))
        yield _HOME


def pytest_unconfigure() -> None:
    """Remove the temporary data, and that of former sessions that were killed before they could."""
    shutil.rmtree(_HOME, ignore_errors=True)
    for lock in _HOME.parent.glob("readiness-test-*/lock"):
        with contextlib.suppress(OSError), lock.open() as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)


@contextlib.contextmanager
def _running(server: Postgres | Valkey) -> Iterator[None]:
    server.prepare()
    log = _HOME / f"{server.name}.log"
    with log.open("wb") as output:
        process = spawn(
            server.command(),
            env=server.environment(),
            cwd=Path("/"),
            account=server.account,
            on_parent_death=server.death_signal,
            output=output.fileno(),
        )
    try:
        _wait(server.is_ready, process, log)
        yield
    finally:
        process.send_signal(server.stop_signal)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The test server did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.02)
