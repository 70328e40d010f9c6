"""`manage.py audit verify`: check every chain of the audit record."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reviews import events


class Command(BaseCommand):
    """Verify the hash chains of the audit record."""

    help = "Check that no event was changed, removed or reordered. Exits 1 where a chain breaks."

    def add_arguments(self, parser: CommandParser) -> None:
        """One act so far: verify."""
        parser.add_argument("act", choices=["verify"])

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Verify all chains and print the result."""
        count, breaks = events.verify_all()
        for found in breaks:
            self.stderr.write(f"{found.stream}, event {found.seq}: {found.problem}")
        if breaks:
            raise CommandError(f"{len(breaks)} of the chains do not hold.")
        self.stdout.write(f"{count} events, every chain holds.")
