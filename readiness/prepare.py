"""What has to be done before the processes start: tables, the built-in checklist, static files, demo data."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command, get_commands

from readiness.embedded.places import DEMO_PEOPLE


def main(*, static: bool = False) -> None:
    """Bring the database up to date with the code, and with `static` the collected static files too."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "readiness.settings")
    django.setup()
    if _is_empty():
        print("Making the tables ...", flush=True)
    call_command("migrate", interactive=False, verbosity=0)
    if static:
        collect_static()
    commands = get_commands()
    if "checklist" in commands:
        call_command("checklist", "load", "--keep-edits")
    if settings.DEMO:
        if "seed_demo" in commands:
            call_command("seed_demo")
        _note_people()


def collect_static() -> None:
    """Collect and compress the static files, unless those that are there were made from the same sources."""
    if settings.STATIC_ROOT is None:
        return  # they are served from their sources
    target = Path(settings.STATIC_ROOT)
    digest = hashlib.sha256(django.__version__.encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    mark = target / "sources.sha256"
    if mark.exists() and mark.read_text() == digest.hexdigest():
        return
    shutil.rmtree(target, ignore_errors=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    mark.write_text(digest.hexdigest())


def _note_people() -> None:
    """Write down whom one can sign in as, for `readiness run` to show when all is up."""
    from readiness.accounts.demo import demo_people  # noqa: PLC0415  # after django.setup()

    lines = []
    for person in demo_people():
        teams = [f"{'leads' if seat.is_lead else 'in'} {seat.team}" for seat in person.memberships.all()]
        lines.append(f"  {person.name:<20} {', '.join([*person.role_words, *teams])}")
    (Path(settings.DATA_DIR) / DEMO_PEOPLE).write_text("\n".join(lines))


def _is_empty() -> bool:
    from django.db import connection  # noqa: PLC0415  # after django.setup()

    return not connection.introspection.table_names()


if __name__ == "__main__":
    main(static=sys.argv[1:] == ["static"])
