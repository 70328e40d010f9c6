"""Which servers are started, and which are taken as given."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from readiness.embedded import places
from readiness.embedded.places import CannotStart
from readiness.embedded.postgres import Postgres
from readiness.embedded.servers import STOP_ORDER, start_servers
from readiness.embedded.supervisor import Supervisor

GIVEN = {"DATABASE_URL": "postgres://db.example.com/readiness", "REDIS_URL": "redis://broker.example.com/0"}


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory that also PostgreSQL's account may enter, with room for sockets."""
    with tempfile.TemporaryDirectory(prefix="readiness-servers-", dir="/tmp") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def test_servers_that_are_given_are_used_and_none_is_started(home: Path) -> None:
    supervisor = Supervisor()
    assert start_servers(supervisor, home, home / "s", GIVEN) == GIVEN
    assert supervisor.names() == []
    assert list(home.iterdir()) == []


def test_only_what_is_missing_is_started(home: Path) -> None:
    supervisor = Supervisor()
    given = {"DATABASE_URL": GIVEN["DATABASE_URL"], "REDIS_URL": ""}
    try:
        found = start_servers(supervisor, home, home / "s", given)
        assert supervisor.names() == ["valkey"]
    finally:
        supervisor.stop(STOP_ORDER)
    assert found == {"DATABASE_URL": GIVEN["DATABASE_URL"], "REDIS_URL": places.redis_url(home / "s")}


def test_only_the_account_that_started_it_gets_into_the_database(home: Path) -> None:
    """By TCP nobody gets in, by the socket only this account, and only as the one database user."""
    supervisor = Supervisor()
    try:
        start_servers(supervisor, home, home / "s", {"REDIS_URL": GIVEN["REDIS_URL"]})
        where = {"host": str(home / "s" / "pg"), "port": places.PORT, "dbname": places.DATABASE}
        with psycopg.connect(**where, user="readiness") as connection:
            tcp = connection.execute("SHOW listen_addresses").fetchone()
            encoding = connection.execute("SHOW server_encoding").fetchone()
        assert (tcp, encoding) == (("",), ("UTF8",))
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(**where, user="postgres")
        assert (home / "s" / "pg").stat().st_mode & 0o077 == 0
    finally:
        supervisor.stop(STOP_ORDER)


def test_data_of_another_version_is_not_touched(home: Path) -> None:
    (home / "s").mkdir(mode=0o711)
    (home / "postgres").mkdir(mode=0o700)
    (home / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(CannotStart, match=r"made by PostgreSQL 17, and this is PostgreSQL 18"):
        Postgres(home, home / "s").prepare()
    assert [path.name for path in (home / "postgres").iterdir()] == ["PG_VERSION"]


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root has directories that its server's account cannot enter"
)
def test_a_directory_that_the_account_cannot_enter_keeps_its_permissions(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = home / "system"
    system.mkdir(mode=0o755)
    monkeypatch.setattr(places, "_system_dir", lambda: system)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    account = places.server_account(closed / "postgres")
    assert account
    assert account.uid != 0
    kept = places.database_home(closed, account)
    assert kept.parent == system
    assert places.database_home(closed, account) == kept
    assert places.can_reach(account, kept)
    assert closed.stat().st_mode & 0o777 == 0o700
