"""Where the embedded servers keep their sockets, their data and (for root) their programs."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import ipaddress
import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PORT = 5432  # only the name of the socket file: PostgreSQL does not listen on TCP
DATABASE = "readiness"
DEMO_PEOPLE = "demo-people.txt"
SECRET_KEY = "secret-key"  # noqa: S105  # the name of the file


class CannotStart(Exception):
    """Something on this machine stands in the way. The text says what, and what to do about it."""


@dataclass(frozen=True)
class Account:
    """The operating system account that a server runs as."""

    name: str
    uid: int
    gid: int


def is_loopback(host: str) -> bool:
    """Say whether `host` is reachable from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def socket_dir(data: Path) -> Path:
    """Return the directory for the sockets of the installation whose data is in `data`.

    It is short, because a socket's path has at most 107 bytes, and it follows from `data` alone, so that
    `manage.py` in another terminal finds the running servers.
    """
    digest = hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:12]
    return Path("/tmp") / f"readiness-{digest}"  # noqa: S108  # made with mode 0700, owner checked


def database_url(sockets: Path) -> str:
    """Return the DATABASE_URL of the embedded PostgreSQL that listens in `sockets`."""
    return f"postgres://{DATABASE}@{quote(str(sockets / 'pg'), safe='')}:{PORT}/{DATABASE}"


def redis_url(sockets: Path) -> str:
    """Return the REDIS_URL of the embedded Valkey that listens in `sockets`."""
    return f"redis+socket://{sockets}/valkey.sock?virtual_host=0"


def kept_secret_key(data: Path) -> str:
    """Return the key that `readiness run` keeps in `data`, or an empty string."""
    try:
        return (data / SECRET_KEY).read_text().strip()
    except OSError:
        return ""


def current_account() -> Account:
    """Return the account of this process. PostgreSQL needs it to have a name."""
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise CannotStart(
            f"User id {os.geteuid()} has no entry in /etc/passwd, and PostgreSQL does not start without one. "
            "Use a named account, or set DATABASE_URL and REDIS_URL to servers of your own."
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def server_account(database_dir: Path) -> Account | None:
    """Return the account to run PostgreSQL as, or None for the present one.

    PostgreSQL refuses to run as root. Then it runs as the owner of existing data, else as `nobody`.
    """
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(FileNotFoundError, KeyError):
        owner = database_dir.stat().st_uid
        if owner != 0:
            entry = pwd.getpwuid(owner)
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise CannotStart(
            "PostgreSQL does not run as root, and this machine has no account `nobody` to run it as. "
            "Run this as an ordinary user."
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def run_as(account: Account | None) -> dict[str, object]:
    """Return the keyword arguments of subprocess that make a program run as `account`."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def can_reach(account: Account | None, path: Path) -> bool:
    """Say whether `account` may enter (or execute) `path`, by trying it as that account."""
    command = ["/usr/bin/test", "-x", str(path)]
    try:
        return subprocess.run(command, cwd="/", check=False, **run_as(account)).returncode == 0  # type: ignore[call-overload,no-any-return]
    except PermissionError:
        raise CannotStart(
            "This is root without the right to change to another account, and PostgreSQL does not run as "
            "root. "
            "Run this as an ordinary user, or set DATABASE_URL and REDIS_URL to servers of your own."
        ) from None


def make_private_dir(path: Path, account: Account | None, *, mode: int = 0o700) -> None:
    """Make `path` if need be, and refuse one that somebody else put there.

    Raises:
        CannotStart: `path` is a link, or belongs to neither this process nor `account`.
    """
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=mode)
    found = path.lstat()
    allowed = {os.geteuid(), account.uid if account else os.geteuid()}
    if path.is_symlink() or not path.is_dir() or found.st_uid not in allowed:
        raise CannotStart(
            f"{path} belongs to somebody else. Remove it, or set READINESS_DATA to another directory."
        )
    path.chmod(mode)
    if account and found.st_uid != account.uid:
        os.chown(path, account.uid, account.gid)


def database_home(data: Path, account: Account | None) -> Path:
    """Return the directory that holds PostgreSQL's data: `data` itself, unless `account` cannot reach it.

    Root's own directories are closed to the account PostgreSQL runs as. No permission of theirs is changed:
    the database then lives below /var/lib/readiness, under a name that belongs to this `data` alone.
    """
    if account is None or can_reach(account, data):
        return data
    name = data / "installation-id"
    if not name.exists():
        name.write_text(secrets.token_hex(6) + "\n")
    home = _system_dir() / name.read_text().strip()
    home.mkdir(mode=0o755, exist_ok=True)
    return home


def programs(wheel_dir: Path, version: str, account: Account | None) -> Path:
    """Return a directory like `wheel_dir` from which `account` can run PostgreSQL, copying it if need be."""
    if account is None or can_reach(account, wheel_dir / "bin" / "postgres"):
        return wheel_dir
    base = _system_dir()
    target = base / f"postgresql-{version}"
    with _locked(base / "copy.lock"):
        if not target.exists():
            partial = base / f"postgresql-{version}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            for part in ("bin", "lib", "share"):
                shutil.copytree(wheel_dir / part, partial / wheel_dir.name / part, symlinks=True)
            libraries = wheel_dir.parent.with_name(f"{wheel_dir.parent.name}.libs")
            _copy_libraries(libraries, partial, wheel_dir)
            partial.rename(target)
    return _inside(target, wheel_dir)


def _inside(root: Path, wheel_dir: Path) -> Path:
    """Return where `wheel_dir` lies in the copy: the same relation to its libraries as in site-packages."""
    return root / wheel_dir.parent.name / wheel_dir.name


def _copy_libraries(libraries: Path, partial: Path, wheel_dir: Path) -> None:
    """Put the copied programs and the wheel's libraries in the relation that their run path expects."""
    (partial / wheel_dir.parent.name).mkdir()
    (partial / wheel_dir.name).rename(_inside(partial, wheel_dir))
    if libraries.is_dir():
        shutil.copytree(libraries, partial / libraries.name, symlinks=True)


def _system_dir() -> Path:
    """Return root's directory for what other accounts must reach. It outlives a restart of the machine."""
    for parent in (Path("/var/lib"), Path("/var/tmp")):  # noqa: S108  # owner checked below
        path = parent / "readiness"
        try:
            path.mkdir(mode=0o755, exist_ok=True)
            found = path.lstat()
        except OSError:
            continue
        if path.is_dir() and not path.is_symlink() and found.st_uid == 0:
            path.chmod(0o755)
            return path
    raise CannotStart(
        "PostgreSQL runs as another account than root, and neither /var/lib nor /var/tmp can take its files. "
        "Clone Readiness into a directory that every account may enter, or run it as an ordinary user."
    )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path`; the kernel drops it when the process ends, however it ends."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
