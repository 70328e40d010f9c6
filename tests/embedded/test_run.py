"""`readiness run` as a whole, on real processes: start, stop, kill -9, a power cut, no orphans."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness.embedded import places

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]

ROOT = Path(__file__).resolve().parent.parent.parent
UP = 120  # seconds; on an idle machine it is a few


class Installation:
    """One data directory and one port, started and stopped in many ways."""

    def __init__(self, data: Path) -> None:
        self.data = data
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"} and not name.startswith("READINESS_")
        } | {"READINESS_DATA": str(data), "PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        self.process: subprocess.Popen[str] | None = None
        self.said: list[str] = []

    def start(self) -> None:
        """Start it, as its own process group, which is what a terminal would signal."""
        self.said = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "readiness.cli", "run", "--demo"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        self.said.extend(process.stdout)

    @property
    def text(self) -> str:
        return "".join(self.said)

    def wait_for(self, pattern: str, seconds: float = UP) -> None:
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.text):
            assert time.monotonic() < deadline, self.text
            assert self.process
            assert self.process.poll() is None, self.text
            time.sleep(0.05)

    def up(self) -> None:
        self.start()
        self.wait_for("Readiness is running at")

    def interrupt(self) -> int:
        """Press Ctrl-C. Return the exit code."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(40)

    def kill(self) -> None:
        """End the supervisor without a chance to clear up."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def processes(self) -> dict[int, str]:
        """Return the processes of this installation by id, found by its paths in their environment."""
        marks = [f"READINESS_DATA={self.data}".encode(), str(self.data).encode() + b"/postgres"]
        marks.append(str(places.socket_dir(self.data)).encode())
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                command, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            except OSError:
                continue
            if command and any(mark in command or mark in environment for mark in marks):
                found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
        return found

    def expect_nobody(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while left := self.processes():
            assert time.monotonic() < deadline, left
            time.sleep(0.1)

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def shell(self, code: str) -> str:
        """Run `code` in `manage.py shell` of another terminal, which finds the running servers by itself."""
        done = subprocess.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", code],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    # Not pytest's tmp_path: for root that is closed to the account PostgreSQL runs as.
    data = Path(tempfile.mkdtemp(prefix="readiness-run-", dir="/tmp"))
    data.chmod(0o711)
    installation = Installation(data)
    yield installation
    if installation.process and installation.process.poll() is None:
        installation.kill()
    installation.expect_nobody(20)
    shutil.rmtree(data)
    shutil.rmtree(places.socket_dir(data), ignore_errors=True)


PING = "from readiness.celery import app; print(app.control.inspect(timeout=3).ping())"
TEAMS = "from readiness.accounts.models import Team; "


def test_a_whole_life(installation: Installation) -> None:
    """Up from nothing, one clean Ctrl-C, and nothing left running."""
    installation.up()
    status, text = installation.get("/health/ready")
    assert (status, json.loads(text)["status"]) == (200, "ok")
    assert f"http://localhost:{installation.port}" in installation.text
    installation.shell(TEAMS + "Team.objects.create(slug='kept', name='Kept')")

    second = subprocess.run(
        [sys.executable, "-m", "readiness.cli", "run", "--demo"],
        cwd=ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert second.returncode == 1
    assert "already running" in second.stderr

    assert installation.interrupt() == 0
    assert "Traceback" not in installation.text
    assert installation.text.rstrip().endswith("goes on from here.")
    installation.expect_nobody(2)


def test_only_the_owner_may_read_what_is_kept(installation: Installation) -> None:
    assert (installation.data / "secret-key").stat().st_mode & 0o777 == 0o600
    for name in ("files", "postgres", "valkey"):
        assert (installation.data / name).stat().st_mode & 0o077 == 0, name


def test_kill_9_leaves_nobody_and_loses_nothing(installation: Installation) -> None:
    installation.up()
    kinds = " ".join(installation.processes().values())
    for kind in (
        "gunicorn",
        "default,probes",
        "prefork",
        "celery -q -A readiness beat",
        "postgres",
        "valkey",
    ):
        assert kind in kinds
    installation.kill()
    installation.expect_nobody(20)


def test_a_start_after_a_power_cut(installation: Installation) -> None:
    """Stale locks whose process id is somebody else's now, stale sockets, half an initdb, a torn queue."""
    data, sockets = installation.data, places.socket_dir(installation.data)
    lock = data / "postgres" / "postmaster.pid"
    stale = f"{os.getpid()}\n{data}/postgres\n1700000000\n5432\n{sockets}/pg\n\n  5432001    123456\nready\n"
    owner = (data / "postgres").stat()
    for path in (lock, sockets / "pg" / ".s.PGSQL.5432.lock"):
        path.write_text(stale)
        os.chown(path, owner.st_uid, owner.st_gid)
        path.chmod(0o600)
    (sockets / "valkey.sock").touch()
    (data / "postgres.new").mkdir()
    (data / "postgres.new" / "PG_VERSION").write_text("18\n")
    (data / "run.lock").write_text("process 1, http://localhost:1\n")
    (data / "beat-schedule.dat").write_bytes(b"\0torn\xff" * 9)
    shutil.rmtree(data / "valkey")
    (data / "valkey" / "appendonlydir").mkdir(parents=True)
    (data / "valkey" / "appendonlydir" / "appendonly.aof.manifest").write_text("not a manifest\n")
    (data / "valkey").chmod(0o700)

    installation.up()
    assert "The queue could not be read" in installation.text
    assert not (data / "postgres.new").exists()
    assert installation.shell(TEAMS + "print(Team.objects.filter(slug='kept').count())") == "1"


def test_what_dies_is_started_again(installation: Installation) -> None:
    """Also PostgreSQL, with the pages back by themselves. (Goes on with the running installation.)"""
    by_command = {command: pid for pid, command in installation.processes().items()}
    worker = next(pid for command, pid in by_command.items() if "default,probes" in command)
    postgres = next(pid for command, pid in by_command.items() if "bin/postgres -D" in command)
    valkey = next(pid for command, pid in by_command.items() if "valkey" in command)
    os.kill(valkey, signal.SIGKILL)
    installation.wait_for(r"valkey ended \(signal SIGKILL\)")
    os.kill(worker, signal.SIGKILL)
    installation.wait_for(r"worker ended \(signal SIGKILL\)\. It is started again in 1 second")
    os.kill(postgres, signal.SIGKILL)
    installation.wait_for(r"postgres ended \(signal SIGKILL\)")
    assert "beat ended" not in installation.text  # its torn clock (above) was no reason to die
    deadline = time.monotonic() + 90
    while installation.get("/health/ready")[0] != 200:
        assert time.monotonic() < deadline, installation.text
        time.sleep(0.2)
    assert installation.shell(TEAMS + "print(Team.objects.filter(slug='kept').count())") == "1"
    while "packets@" not in (pong := installation.shell(PING)) or "worker@" not in pong:
        assert time.monotonic() < deadline, pong  # both workers have found the new broker
    assert installation.text.count("packets ended") == 0


def test_live_does_not_depend_on_anything_and_ready_does(installation: Installation) -> None:
    """(Goes on with the running installation.)"""
    pids = {command: pid for pid, command in installation.processes().items()}
    postgres = next(pid for command, pid in pids.items() if "bin/postgres -D" in command)
    os.kill(postgres, signal.SIGSTOP)
    try:
        assert installation.get("/health/live") == (200, '{"status": "ok"}')
        status, text = installation.get("/health/ready")
        assert (status, json.loads(text)["checks"]["database"]) == (503, "no answer")
    finally:
        os.kill(postgres, signal.SIGCONT)
    valkey = next(pid for command, pid in pids.items() if "valkey" in command)
    os.kill(valkey, signal.SIGSTOP)
    try:
        status, text = installation.get("/health/ready")
        assert (status, json.loads(text)["status"]) == (200, "degraded")
    finally:
        os.kill(valkey, signal.SIGCONT)
    assert installation.interrupt() == 0
    installation.expect_nobody(2)


def test_a_web_server_that_cannot_start_is_the_end_with_its_reason(installation: Installation) -> None:
    broken = {**installation.environment, "WEB_CONCURRENCY": "many"}
    done = subprocess.run(
        [sys.executable, "-m", "readiness.cli", "run", "--demo"],
        cwd=ROOT,
        env=broken,
        capture_output=True,
        text=True,
        check=False,
        timeout=UP,
    )
    assert done.returncode == 1
    assert "web stopped at once" in done.stderr
    assert "many" in done.stderr
    installation.expect_nobody(2)
