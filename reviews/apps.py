"""The reviews application."""

from __future__ import annotations

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """What a team answered, and who stands behind it."""

    name = "reviews"
