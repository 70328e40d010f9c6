"""Who took part in a review."""

from __future__ import annotations

from django.db.models import QuerySet

from readiness.accounts.models import User
from reviews.models import Approval, ChangeRequest, Finding, Review, Ruling, SignOff, Waiver
from reviews.queries.authors import review_authors


def participants(review: Review) -> QuerySet[User]:
    """The active people who started, wrote, judged or signed a review, by name. Three queries."""
    judged = (
        Approval.objects.filter(section__review=review).values_list("reviewer_id"),
        ChangeRequest.objects.filter(section__review=review).values_list("by_id"),
        Ruling.objects.filter(section__review=review).values_list("by_id"),
        Finding.objects.filter(review=review).values_list("raised_by_id"),
        Waiver.objects.filter(review=review, decided_by__isnull=False).values_list("decided_by_id"),
        SignOff.objects.filter(review=review).values_list("by_id"),
    )
    ids = {row[0] for row in judged[0].union(*judged[1:])}
    ids |= review_authors(review.pk) | {review.started_by_id}
    return User.objects.filter(pk__in=ids, is_active=True).order_by("name", "pk")
