"""`/health/live` and `/health/ready`, answered before everything else: no session, no redirect, any Host.

- live: this process answers. No input or output, so a slow database does not get the process killed.
- ready: the database answers and has this code's tables, and files can be stored: 503 otherwise. A broker
  that does not answer makes it "degraded" with 200: answers are still saved, and what waits for a worker is
  queued again later. Taking the pages away as well would turn a small outage into a whole one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cache
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse

from readiness.redis_url import client_url

_SECONDS = 2  # a health check that hangs says nothing


class HealthMiddleware:
    """Answers the two addresses; everything else goes on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/health/live":
            return _answer({"status": "ok"}, 200)
        if request.path == "/health/ready":
            return ready()
        return self.get_response(request)


def ready() -> HttpResponse:
    """Look at everything this process needs. The answer names what is wrong, never an address or a secret."""
    checks = {"database": _database(), "storage": _storage(), "broker": _broker()}
    if checks["database"] != "ok" or checks["storage"] != "ok":
        return _answer({"status": "unavailable", "checks": checks}, 503)
    status = "ok" if checks["broker"] == "ok" else "degraded"
    return _answer({"status": status, "checks": checks}, 200)


def _answer(content: dict[str, Any], status: int) -> HttpResponse:
    response = JsonResponse(content, status=status, headers={"Cache-Control": "no-store"})
    response["Content-Length"] = str(len(response.content))
    return response


def _database() -> str:
    """Ask on a connection of its own: the pool's may all be busy, and its patience is longer."""
    parameters = connection.get_connection_params()
    wanted = ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey")
    chosen = {name: parameters[name] for name in wanted if parameters.get(name)}
    try:
        with psycopg.connect(
            **chosen, connect_timeout=_SECONDS, options=f"-c statement_timeout={_SECONDS * 1000}"
        ) as own:
            applied = {tuple(row) for row in own.execute("SELECT app, name FROM django_migrations")}
    except psycopg.errors.UndefinedTable:
        return "not migrated"
    except psycopg.Error:
        return "no answer"
    return "ok" if _known_migrations() <= applied else "not migrated"


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    """Return the migrations of this code, which do not change while the process lives."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations or {})


def _broker() -> str:
    client = redis.Redis.from_url(
        client_url(settings.REDIS_URL), socket_connect_timeout=_SECONDS, socket_timeout=_SECONDS
    )
    try:
        client.ping()
    except redis.RedisError:
        return "no answer"
    finally:
        client.close()
    return "ok"


def _storage() -> str:
    try:
        settings.STORED_FILES_DIR.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.STORED_FILES_DIR) as handle:
            handle.write(b"ready")
    except OSError:
        return "not writable"
    return "ok"
