"""All that a review says of capacity in one place, and the monthly reviews of headroom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from checklist.models import Item
from checklist.rules import capacity as rules
from checklist.rules.capacity import Due, Tier
from readiness.accounts.rights import Actor
from reviews.models import Answer, CapacityReview, Review, Service
from reviews.queries.on_call import live_review

PEAK: Final = "peak-traffic"
HEADROOM: Final = "headroom"
SCALING: Final = "time-to-scale"
LIMITS: Final = "limits-known"
BOTTLENECK: Final = "bottleneck-named"
MONTHLY: Final = "monthly-review"
# The kind that an item must have to be read here.
CAPACITY_ITEMS: Final[dict[str, str]] = {
    PEAK: Item.Kind.MEASURE,
    HEADROOM: Item.Kind.INVENTORY,
    SCALING: Item.Kind.INVENTORY,
    LIMITS: Item.Kind.INVENTORY,
    BOTTLENECK: Item.Kind.ATTESTATION,
    MONTHLY: Item.Kind.ATTESTATION,
}
SHOWN_REVIEWS: Final = 12


@dataclass
class Capacity:
    """What is known of a service's capacity today. `answers` are those of the live review, by item slug."""

    service: Service
    review: Review | None
    answers: dict[str, Answer]
    held: list[CapacityReview]
    today: date

    def rows(self, item: str) -> list[dict[str, Any]]:
        """The recorded rows of one of the items."""
        answer = self.answers.get(item)
        return list(answer.data.get("rows", [])) if answer else []

    @cached_property
    def thresholds(self) -> tuple[float, float]:
        """Target and least headroom in percent, as the checklist has them."""
        answer = self.answers.get(HEADROOM)
        checks = answer.item.spec.get("checks", []) if answer else []
        found: dict[str, Any] = next((each for each in checks if each.get("check") == "headroom"), {})
        return (
            found.get("target_percent", rules.TARGET_PERCENT),
            found.get("limit_percent", rules.LEAST_PERCENT),
        )

    @cached_property
    def tiers(self) -> list[Tier]:
        """All tiers, the least headroom first."""
        target, least = self.thresholds
        return rules.tiers(self.rows(HEADROOM), self.rows(SCALING), target=target, least=least)

    @property
    def limits(self) -> list[dict[str, Any]]:
        """The hard limits, with their kinds in words."""
        answer = self.answers.get(LIMITS)
        columns = answer.item.spec.get("columns", []) if answer else []
        choices = [choice for column in columns for choice in column.get("choices", [])]
        labels = {choice["value"]: choice["label"] for choice in choices}
        return [{**row, "label": labels.get(row.get("kind"), row.get("kind"))} for row in self.rows(LIMITS)]

    @property
    def peak(self) -> int | float | None:
        """Peak traffic of the last 30 days, in the unit of its item."""
        answer = self.answers.get(PEAK)
        return rules.number(answer.data.get("number")) if answer else None

    @property
    def peak_answer(self) -> Answer | None:
        """The answer that names the peak."""
        return self.answers.get(PEAK)

    @property
    def bottleneck(self) -> str:
        """What is said of the bottleneck, Markdown."""
        answer = self.answers.get(BOTTLENECK)
        return answer.note if answer else ""

    @cached_property
    def figures(self) -> dict[str, Any]:
        """The figures of today as plain JSON."""
        return rules.figures_of(self.tiers, self.peak, self.rows(LIMITS), self.bottleneck)

    @property
    def last(self) -> CapacityReview | None:
        """The newest review of headroom."""
        return self.held[0] if self.held else None

    @cached_property
    def changes(self) -> list[str]:
        """What changed since the last review of headroom."""
        return rules.changes(self.last.figures, self.figures) if self.last else []

    @property
    def due(self) -> Due:
        """When the next one has to be held."""
        return rules.due(self.last.due_on if self.last else None, self.today)

    @property
    def recurring_days(self) -> int:
        """After how many days it has to be held again, as the checklist has it."""
        answer = self.answers.get(MONTHLY)
        return (answer.item.recurring_days if answer else None) or rules.REVIEW_DAYS


def load_capacity(service: Service, *, review: Review | None = None) -> Capacity:
    """Load what is known of a service's capacity. Two queries, three without a `review`."""
    review = review or live_review(service)
    rows: list[Answer] = []
    if review is not None:
        found = Answer.objects.filter(review=review, item__slug__in=CAPACITY_ITEMS, applicable=True)
        rows = list(found.select_related("item", "section", "answered_by"))
    answers = {row.item.slug: row for row in rows if CAPACITY_ITEMS[row.item.slug] == row.item.kind}
    held = service.capacity_reviews.select_related("recorded_by")[:SHOWN_REVIEWS]
    return Capacity(service, review, answers, list(held), timezone.localdate())


def overdue_reviews(actor: Actor) -> QuerySet[CapacityReview]:
    """The newest review of headroom of each service of the actor's teams where the next one is overdue."""
    newer = CapacityReview.objects.filter(service=OuterRef("service"), due_on__gt=OuterRef("due_on"))
    same_day = CapacityReview.objects.filter(
        service=OuterRef("service"), due_on=OuterRef("due_on"), pk__gt=OuterRef("pk")
    )
    return CapacityReview.objects.filter(
        ~Exists(newer),
        ~Exists(same_day),
        due_on__lt=timezone.localdate(),
        service__team_id__in=actor.member_team_ids,
        service__archived_at__isnull=True,
    )
