"""What has to be done before the processes start: tables, static files, the built-in checklist, demo data."""

from __future__ import annotations

import os

import django
from django.conf import settings
from django.core.management import call_command, get_commands


def main() -> None:
    """Bring the database and the static files up to date with the code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "readiness.settings")
    django.setup()
    if _is_empty():
        print("Making the tables ...", flush=True)
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    commands = get_commands()
    if "checklist" in commands:
        call_command("checklist", "load")
    if settings.DEMO and "seed_demo" in commands:
        call_command("seed_demo")


def _is_empty() -> bool:
    from django.db import connection  # noqa: PLC0415  # after django.setup()

    return not connection.introspection.table_names()


if __name__ == "__main__":
    main()
