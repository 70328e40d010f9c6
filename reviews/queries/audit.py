"""The audit record, filtered and paged by key: page 1,000 costs what page 1 costs."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from readiness.accounts.models import User
from reviews.models import Event, Review

PAGE = 50


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What to show. `before` is the id that the page ends in front of."""

    actor: str = ""
    service: str = ""
    kind: str = ""
    item: str = ""
    before: int | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of events, newest first; `older` is the key of the next page."""

    events: list[Event]
    older: int | None


def audit_page(wanted: AuditFilter, review: Review | None = None) -> AuditPage:
    """Return one page of the whole record, or of one review. One query."""
    rows: QuerySet[Event] = Event.objects.select_related("service", "review")
    if review is not None:
        rows = rows.filter(review=review)
    if wanted.actor:
        rows = rows.filter(actor_name=wanted.actor)
    if wanted.service:
        rows = rows.filter(service__slug=wanted.service)
    if wanted.kind:
        rows = rows.filter(verb__startswith=wanted.kind)
    if wanted.item:
        rows = rows.filter(item=wanted.item)
    if wanted.before:
        rows = rows.filter(pk__lt=wanted.before)
    found = list(rows.order_by("-pk")[: PAGE + 1])
    return AuditPage(found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None)


def actor_names(text: str) -> list[str]:
    """Names of people for the filter's completion; at most 20. One query."""
    people = User.objects.filter(name__icontains=text) if text else User.objects.all()
    return list(people.order_by("name").values_list("name", flat=True)[:20])
