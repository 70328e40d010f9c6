"""Servers of the bench's own: PostgreSQL, Valkey and the application, in a temporary place."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from django.core.management import call_command
from django.db import connection

from readiness.embedded.testing import running_servers
from tests.e2e.server import collect_static, running_process


@contextlib.contextmanager
def rig() -> Iterator[tuple[str, int, float]]:
    """Run everything; yields the base URL, the id of the web's master process and the seconds to migrate."""
    with running_servers() as home:
        start = time.monotonic()
        call_command("migrate", verbosity=0)
        migrated = time.monotonic() - start
        call_command("checklist", "load")
        static = home / "static"
        collect_static(static)
        extra = {"DJANGO_SETTINGS_MODULE": "tests.bench.settings", "READINESS_STATIC": str(static)}
        name = connection.settings_dict["NAME"]
        with running_process(name, extra) as (base, pid):
            yield base, pid, migrated
        connection.close()
