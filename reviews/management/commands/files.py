"""`manage.py files tidy|verify`: the store of evidence, packets and probe records."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from readiness.ui import size_words
from reviews import storage


class Command(BaseCommand):
    """Keeps the store of files in order."""

    help = "tidy: remove files that nothing refers to. verify: read every file again and compare its SHA-256."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the name of what to do."""
        parser.add_argument("act", choices=["tidy", "verify"])

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it and say what was found; a fault ends with exit status 1."""
        {"tidy": self._tidy, "verify": self._verify}[options["act"]]()

    def _tidy(self) -> None:
        done = storage.tidy()
        self.stdout.write(
            f"Removed {done.files} files and {done.temporary} unfinished uploads ({size_words(done.freed)}), "
            f"and {done.rows} rows that nothing referred to. Anything younger than a day was left."
        )

    def _verify(self) -> None:
        faults = list(storage.verify())
        for fault in faults:
            self.stderr.write(f"{fault.sha256} {fault.problem}")
        if faults:
            raise CommandError(f"{len(faults)} files are not what they were. Restore them from a backup.")
        self.stdout.write("Every file is there, and its bytes are what they were.")
