"""The reviews application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import AppConfig

from readiness import audit

if TYPE_CHECKING:
    from readiness.accounts.rights import Actor


class ReviewsConfig(AppConfig):
    """What a team answered, and who stands behind it."""

    name = "reviews"

    def ready(self) -> None:
        """Keep the record of people and teams in the installation's chain of events."""
        from reviews.events import Act, record  # noqa: PLC0415  # models are loaded only now

        def recorder(actor: Actor | None, verb: str, summary: str, data: dict[str, Any]) -> None:
            record(actor, Act(verb, summary, data=data))

        audit.register(recorder)
