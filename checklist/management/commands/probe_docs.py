"""Write docs/probes/ from the probes' own descriptions."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from checklist.probes import docs, registry


class Command(BaseCommand):
    """`python manage.py probe_docs`."""

    help = "Writes docs/probes/ from the built-in probes' descriptions."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write every page, and remove pages of probes that are gone."""
        del args, options
        folder = settings.BASE_DIR / "docs" / "probes"
        folder.mkdir(parents=True, exist_ok=True)
        pages = docs.pages(registry.build().specs())
        for name, text in pages.items():
            (folder / name).write_text(text, encoding="utf-8")
        for old in folder.glob("*.md"):
            if old.name not in pages:
                old.unlink()
        self.stdout.write(f"{len(pages)} pages in docs/probes/")
