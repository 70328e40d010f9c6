"""`/health/live` and `/health/ready`, and what is answered when something is away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client

from readiness import health


@pytest.fixture
def away() -> str:
    """Return an address where nothing listens."""
    return "redis://127.0.0.1:1/0"


def ready(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/health/ready", headers={"host": "10.1.2.3:8000"})
    return answer.status_code, json.loads(answer.content)


@pytest.mark.django_db
def test_ready_when_all_is_there(client: Client) -> None:
    assert ready(client) == (
        200,
        {"status": "ok", "checks": {"database": "ok", "storage": "ok", "broker": "ok"}},
    )


def test_live_asks_nothing_and_nobody(client: Client, settings: LazySettings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get("/health/live", headers={"host": "10.1.2.3:8000"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert not answer.cookies
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_a_broker_that_is_away_degrades(client: Client, settings: LazySettings, away: str) -> None:
    settings.REDIS_URL = away
    status, content = ready(client)
    assert (status, content["status"], content["checks"]["broker"]) == (200, "degraded", "no answer")


@pytest.mark.django_db
def test_a_database_that_is_away_is_503_without_its_address(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = {"host": "127.0.0.1", "port": 1, "user": "u", "password": "geheim", "dbname": "d"}
    monkeypatch.setattr(connection, "get_connection_params", lambda: parameters)
    status, content = ready(client)
    assert (status, content["status"], content["checks"]["database"]) == (503, "unavailable", "no answer")
    assert "geheim" not in json.dumps(content)
    assert "127.0.0.1" not in json.dumps(content)


@pytest.mark.django_db
def test_a_migration_that_is_not_applied_is_503(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    known = health._known_migrations()
    monkeypatch.setattr(health, "_known_migrations", lambda: known | {("reviews", "9999_future")})
    status, content = ready(client)
    assert (status, content["checks"]["database"]) == (503, "not migrated")


@pytest.mark.django_db
def test_storage_that_takes_nothing_is_503(client: Client, settings: LazySettings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.STORED_FILES_DIR = tmp_path / "file" / "below"
    status, content = ready(client)
    assert (status, content["checks"]["storage"]) == (503, "not writable")
