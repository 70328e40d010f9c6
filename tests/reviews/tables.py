"""A review over one inventory of alerts and items that follow it, for tests of tables."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from checklist.models import Checklist, ChecklistVersion, Item, Section
from readiness.accounts.rights import actor_of
from reviews.actions.answers import Said, save_answer
from reviews.models import Answer, Review
from reviews.table_rows import with_ids
from tests.cast import Cast
from tests.reviews.builders import make_review, make_service

TIERS = [{"value": value, "label": value.capitalize()} for value in ("page", "ticket", "suppress")]
COLUMNS: list[dict[str, Any]] = [
    {"key": "alert", "label": "Alert"},
    {"key": "tier", "label": "Tier", "type": "choice", "choices": TIERS},
    {"key": "symptom", "label": "What users feel"},
    {"key": "runbook", "label": "Runbook", "type": "url", "required": False},
    {"key": "fired", "label": "Fired, last 7 days", "type": "number", "integer": True},
    {"key": "acted_on", "label": "Acted on", "type": "number", "integer": True},
]
ALERTS = {
    "row_name": "alert",
    "columns": COLUMNS,
    "checks": [
        {"check": "unique", "column": "alert"},
        {"check": "alert_advice", "over": 2, "suppress_over": 3},
    ],
}
PAGES = {
    "row_name": "alert",
    "source": "item-1-1",
    "columns": COLUMNS,
    "checks": [{"check": "require_when", "column": "runbook", "when": "tier", "equals": "page"}],
}
ITEM = "/services/checkout/reviews/1/section-1/item-1-1/"
ROWS = ITEM + "rows/"


def alert(name: str = "CheckoutErrors", **cells: Any) -> dict[str, Any]:
    """One alert that is in order."""
    good = {
        "alert": name,
        "tier": "page",
        "symptom": "Checkout fails",
        "runbook": "https://wiki.example/errors",
        "fired": 1,
        "acted_on": 1,
    }
    return {**good, **cells}


def typed(**cells: Any) -> dict[str, str]:
    """A row as a form sends it."""
    return {f"cell-{key}": str(value) for key, value in alert(**cells).items()}


def make_table_version(*specs: dict[str, Any]) -> ChecklistVersion:
    """Publish a checklist of one section with an inventory for each spec."""
    checklist = Checklist.objects.create(slug="tables", title="Tables")
    version = ChecklistVersion.objects.create(
        checklist=checklist, number=1, content={}, content_hash="0" * 64
    )
    part = Section.objects.create(
        version=version, position=1, slug="section-1", title="Section 1", short_title="S1", why="So."
    )
    for spot, spec in enumerate(specs, start=1):
        Item.objects.create(
            section=part,
            version=version,
            position=spot,
            slug=f"item-1-{spot}",
            title=f"Item 1.{spot}",
            why="Because.",
            how="So.",
            severity="blocker",
            kind="inventory",
            evidence_rule="none",
            spec=spec,
        )
    version.status, version.published_at = ChecklistVersion.Status.PUBLISHED, timezone.now()
    version.save()
    return version


def make_table_review(cast: Cast, *specs: dict[str, Any]) -> Review:
    """A review over `specs`: by default alerts, and an item judged from them."""
    version = make_table_version(*(specs or (ALERTS, PAGES)))
    return make_review(actor_of(cast.member), make_service(cast.team, cast.owner), version)


def fill(cast: Cast, review: Review, rows: list[dict[str, Any]], item: str = "item-1-1") -> Answer:
    """Record rows as a whole."""
    now = stored(review, item)
    return save_answer(actor_of(cast.member), review.pk, item, Said("", data={"rows": rows}), now.revision)


def stored(review: Review, item: str = "item-1-1") -> Answer:
    """An answer as it is stored now."""
    return Answer.objects.select_related("item").get(review=review, item__slug=item)


def rows_of(review: Review, item: str = "item-1-1") -> list[dict[str, Any]]:
    """Its rows, with their ids."""
    return with_ids(stored(review, item).data.get("rows", []))
