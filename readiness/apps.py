"""The project itself, as an application: system checks, and the Celery application that tasks bind to."""

from __future__ import annotations

from django.apps import AppConfig


class ReadinessConfig(AppConfig):
    """Binds what belongs to no single part."""

    name = "readiness"

    def ready(self) -> None:
        """Load the Celery application, so that `shared_task` finds it, and register the checks."""
        from readiness import celery, checks  # noqa: F401, PLC0415  # after the applications are known
