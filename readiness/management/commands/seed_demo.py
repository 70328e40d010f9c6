"""Fill an empty database with the demo."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from readiness.demo.seed import is_empty, seed
from readiness.errors import DomainError


class Command(BaseCommand):
    """Does nothing in a database that is in use, so it can be run at every start."""

    help = "Fill an empty database with made-up people, services and reviews (only with READINESS_DEMO=1)."

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make the demo unless the database is in use."""
        if not settings.DEMO:
            raise CommandError(
                "Anybody can sign in as the people of the demo, so they are made only with READINESS_DEMO=1."
            )
        if not is_empty():
            if options["verbosity"] > 1:
                self.stdout.write("The database is in use, so no demo data is added.")
            return
        self.stdout.write("Making the demo: people, services and reviews ...")
        self.stdout.flush()
        try:
            seed()
        except DomainError as error:
            raise CommandError(error.message) from error
