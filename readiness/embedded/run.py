"""`readiness run`: a whole installation in one terminal."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import secrets
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from readiness import processes
from readiness.embedded import places
from readiness.embedded.places import CannotStart
from readiness.embedded.servers import STOP_ORDER, start_servers
from readiness.embedded.supervisor import Program, Stopped, Supervisor

_ROOT = Path(__file__).resolve().parent.parent.parent
_WEB_READY_WITHIN = 60.0  # seconds


@dataclass(frozen=True)
class Plan:
    """What `readiness run` was asked for."""

    host: str
    port: int
    data: Path
    demo: bool

    @property
    def address(self) -> str:
        """Where a browser on this machine finds it. A name: passkeys do not work with a bare address."""
        name = "localhost" if places.is_loopback(self.host) else self.host
        return f"http://{name}:{self.port}"


def make_plan(environment: dict[str, str], *, demo: bool) -> Plan:
    """Read HOST, PORT and READINESS_DATA.

    Raises:
        CannotStart: a value is not usable, or the demo was asked for on an address others can reach.
    """
    host = environment.get("HOST") or "127.0.0.1"
    text = environment.get("PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):  # noqa: PLR2004
        raise CannotStart(
            f"PORT is “{text}”, and a port is a number from 1 to 65535. For example: make run PORT=8001"
        )
    if demo and not places.is_loopback(host):
        raise CannotStart(
            f"The demo signs anybody in without a password, so it does not listen on {host}, which others "
            "can reach. "
            "Leave HOST out, or run it without --demo."
        )
    base_url = environment.get("READINESS_BASE_URL", "")
    if demo and base_url and not places.is_loopback(urlsplit(base_url).hostname or ""):
        raise CannotStart(
            f"READINESS_BASE_URL is {base_url}, an address that others can reach, and the demo signs "
            "anybody in "
            "without a password. Leave it out, or run it without --demo."
        )
    data = Path(environment.get("READINESS_DATA") or _ROOT / "var").resolve()
    return Plan(host, int(text), data, demo)


def run(plan: Plan) -> int:
    """Start everything, stay until somebody asks to stop, stop everything. Return the exit code."""
    supervisor = Supervisor()
    try:
        _make_data_dir(plan.data)
        with _only_one(plan):
            _check_port(plan)
            return _supervise(supervisor, plan)
    except CannotStart as error:
        print(f"\nReadiness cannot start. {error}", file=sys.stderr, flush=True)
        return 1


def _supervise(supervisor: Supervisor, plan: Plan) -> int:
    supervisor.listen_to_signals()
    try:
        _start_all(supervisor, plan)
        supervisor.run()
    except Stopped:
        supervisor.say("\nStopping ...")
    finally:
        names = [processes.BEAT, processes.WEB, processes.WORKER, processes.PACKETS]
        supervisor.stop([names, *STOP_ORDER])
        shutil.rmtree(places.socket_dir(plan.data), ignore_errors=True)
    supervisor.say("Stopped. Your data is kept; `make run` goes on from here.")
    return 0


def _start_all(supervisor: Supervisor, plan: Plan) -> None:
    sockets = places.socket_dir(plan.data)
    servers = start_servers(supervisor, plan.data, sockets, os.environ)
    environment = _environment(plan, servers)
    supervisor.run_to_end(_python("setup", ["-m", "readiness.prepare", "static"], environment))
    commands = {
        processes.WEB: processes.web(),
        processes.WORKER: processes.worker(),
        processes.PACKETS: processes.packets(),
        processes.BEAT: processes.beat(plan.data),
    }
    for name, command in commands.items():
        supervisor.start(Program(name, command, environment, cwd=_ROOT, grace=_grace(name)))
        if name == processes.WEB:  # the others would only slow it down; nothing waits for them yet
            supervisor.wait_until(lambda: _answers(plan), processes.WEB, _WEB_READY_WITHIN)
    _print_welcome(supervisor, plan)


def _grace(name: str) -> float:
    """Return how many seconds the program `name` may take to stop: a packet under way may finish."""
    return 20.0 if name in {processes.WORKER, processes.PACKETS} else 8.0


def _python(name: str, arguments: list[str], environment: dict[str, str]) -> Program:
    return Program(name, [sys.executable, *arguments], environment, cwd=_ROOT)


def _make_data_dir(data: Path) -> None:
    """Make the data directory, closed to other people. PostgreSQL's account may pass through it for root."""
    try:
        data.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            data.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise CannotStart(f"The data directory {data} cannot be made: {error.strerror}.") from error
    if not os.access(data, os.W_OK | os.X_OK):
        raise CannotStart(
            f"You may not write to the data directory {data}. Was Readiness first started here by somebody "
            "else "
            "(root, perhaps)? Start it as before, or set READINESS_DATA to another directory."
        )


@contextlib.contextmanager
def _only_one(plan: Plan) -> Iterator[None]:
    """Hold the installation's lock. The kernel drops it when this process ends, so none is left behind."""
    path = plan.data / "run.lock"
    try:
        handle = path.open("a+")
    except OSError as error:
        raise CannotStart(f"{path} cannot be opened: {error.strerror}.") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            where = handle.read().strip()
            raise CannotStart(
                f"It is already running here{f' ({where})' if where else ''}. Stop that one first with "
                "Ctrl-C, or "
                "start a second installation with its own data: READINESS_DATA=/other/place PORT=8001 make "
                "run"
            ) from None
        handle.truncate(0)
        handle.write(f"process {os.getpid()}, {plan.address}\n")
        handle.flush()
        yield
        handle.truncate(0)


def _check_port(plan: Plan) -> None:
    """Refuse a port that is taken, before anything is started."""
    try:
        found = socket.getaddrinfo(plan.host, plan.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _name, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except PermissionError:
        raise CannotStart(
            f"You may not listen on port {plan.port}: ports below 1024 are root's. "
            "Choose another one: make run PORT=8001"
        ) from None
    except OSError as error:
        if isinstance(error, socket.gaierror):
            raise CannotStart(f"HOST is “{plan.host}”, which is no address of this machine.") from None
        raise CannotStart(
            f"Port {plan.port} on {plan.host} is taken ({error.strerror}). Choose another one: make run PORT="
            f"{plan.port + 1 if plan.port < 65535 else 8001}"  # noqa: PLR2004
        ) from None


def _secret_key(data: Path) -> str:
    """Return the installation's own key, made once and readable by its owner alone."""
    path = data / places.SECRET_KEY
    if not path.exists():
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_urlsafe(50))
            handle.flush()
            os.fsync(handle.fileno())
        fresh.rename(path)
    return path.read_text().strip()


def _environment(plan: Plan, servers: dict[str, str]) -> dict[str, str]:
    """Return the environment of the application's processes."""
    environment = {
        **os.environ,
        **servers,
        "HOST": plan.host,
        "PORT": str(plan.port),
        "PYTHONUNBUFFERED": "1",
        "READINESS_DATA": str(plan.data),
        "READINESS_STATIC": str(plan.data / "static"),
    }
    environment.pop("READINESS_DEMO", None)  # only --demo asks for it
    if os.geteuid() == 0:  # said by every worker at length; here it is the person's own choice
        environment["PYTHONWARNINGS"] = "ignore:You're running the worker with superuser privileges"
    environment.setdefault("SECRET_KEY", _secret_key(plan.data))
    environment.setdefault("READINESS_BASE_URL", plan.address)
    environment.setdefault("LOG_LEVEL", "WARNING")  # a terminal shows what matters, not every task
    if plan.demo:
        environment["READINESS_DEMO"] = "1"
        # The demo's own service points at this very application, on an address probes may not visit
        # otherwise.
        ours = f"127.0.0.1/32:{plan.port}"
        allowed = environment.get("READINESS_EGRESS_ALLOW", "")
        environment["READINESS_EGRESS_ALLOW"] = f"{allowed},{ours}" if allowed else ours
    return environment


def _answers(plan: Plan) -> bool:
    """Say whether /health/ready answers with 200."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(plan.host, plan.host)  # noqa: S104  # compared, not bound
    connection = http.client.HTTPConnection(host, plan.port, timeout=5)
    try:
        connection.request("GET", "/health/ready", headers={"Host": "localhost"})
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _print_welcome(supervisor: Supervisor, plan: Plan) -> None:
    lines = ["", f"Readiness is running at {plan.address}"]
    people = plan.data / places.DEMO_PEOPLE
    if plan.demo and people.exists() and (names := people.read_text()):
        lines += ["", "This is a demo. Sign in with one click, without a password, as", names]
    lines += ["", "Press Ctrl-C to stop it. Data is kept in " + str(plan.data), ""]
    supervisor.say("\n".join(lines))
