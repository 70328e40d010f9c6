"""What every page knows. No queries here: it runs for each page that is rendered."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from readiness import __version__


def page(_request: HttpRequest) -> dict[str, Any]:
    """`demo`, whether this is the demo with one-click sign-ins, and `version`, the release that runs."""
    return {"demo": settings.DEMO, "version": __version__}
