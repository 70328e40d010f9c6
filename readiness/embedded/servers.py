"""Starts the embedded servers under a supervisor, and tells where they are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from readiness.embedded import places
from readiness.embedded.places import CannotStart
from readiness.embedded.postgres import Postgres
from readiness.embedded.supervisor import Program, Supervisor
from readiness.embedded.valkey import Valkey

STOP_ORDER = [["valkey"], ["postgres"]]
_READY_WITHIN = 60.0  # seconds; recovery after a power cut replays the log first


def start_servers(
    supervisor: Supervisor, data: Path, sockets: Path, given: Mapping[str, str], *, durable: bool = True
) -> dict[str, str]:
    """Start what `given` (an environment) does not name a server for, and wait until it answers.

    Returns:
        DATABASE_URL and REDIS_URL, as given or of the embedded servers.

    Raises:
        CannotStart: with the reason.
        Stopped: somebody asked to stop meanwhile.
    """
    addresses = {name: given[name] for name in ("DATABASE_URL", "REDIS_URL") if given.get(name)}
    if len(addresses) < 2:  # noqa: PLR2004  # both are given
        account = places.server_account(data / "postgres")
        places.make_private_dir(sockets, None, mode=0o711 if account else 0o700)
    postgres = None
    if "DATABASE_URL" not in addresses:
        postgres = _start_postgres(supervisor, data, sockets, durable=durable)
        addresses["DATABASE_URL"] = places.database_url(sockets)
    if "REDIS_URL" not in addresses:
        _start_valkey(supervisor, data, sockets, durable=durable)
        addresses["REDIS_URL"] = places.redis_url(sockets)
    if postgres:
        supervisor.wait_until(postgres.is_ready, "postgres", _READY_WITHIN)
    return addresses


def _program(server: Postgres | Valkey) -> Program:
    return Program(
        name=server.name,
        command=server.command(),
        env=server.environment(),
        account=server.account,
        stop_signal=server.stop_signal,
        death_signal=server.death_signal,
        grace=20.0,
        hidden=server.hidden_lines,
    )


def _start_postgres(supervisor: Supervisor, data: Path, sockets: Path, *, durable: bool) -> Postgres:
    postgres = Postgres(data, sockets, durable=durable)
    if not postgres.directory.exists():
        supervisor.say("Making the database's files ...")
    if postgres.moved:
        supervisor.say(
            f"The database is kept in {postgres.directory}: PostgreSQL runs as "
            f"{postgres.account.name if postgres.account else 'you'}, who may not enter {data}."
        )
    postgres.prepare()
    supervisor.start(_program(postgres))
    return postgres


def _start_valkey(supervisor: Supervisor, data: Path, sockets: Path, *, durable: bool) -> None:
    valkey = Valkey(data, sockets, durable=durable)
    valkey.prepare()
    supervisor.start(_program(valkey))
    try:
        supervisor.wait_until(valkey.is_ready, "valkey", _READY_WITHIN)
    except CannotStart:
        aside = valkey.set_aside()
        if aside is None:
            raise
        supervisor.say(
            f"The queue could not be read and is now in {os.fspath(aside)}. Starting with an empty one."
        )
        supervisor.start(_program(valkey))
        supervisor.wait_until(valkey.is_ready, "valkey", _READY_WITHIN)
