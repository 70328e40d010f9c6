"""The checklist application."""

from __future__ import annotations

from django.apps import AppConfig


class ChecklistConfig(AppConfig):
    """What is asked, and how it can be checked."""

    name = "checklist"
