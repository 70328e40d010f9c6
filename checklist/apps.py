"""The checklist application."""

from __future__ import annotations

from django.apps import AppConfig


class ChecklistConfig(AppConfig):
    """What is asked, and how it can be checked."""

    name = "checklist"

    def ready(self) -> None:
        """Register the system checks and load the probe plug-ins that the operator names."""
        from checklist import checks  # noqa: PLC0415
        from checklist.probes import installed  # noqa: PLC0415

        checks.register()
        installed.load_plugins()
