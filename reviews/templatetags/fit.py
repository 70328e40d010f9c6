"""What speaks against a fit check by now."""

from __future__ import annotations

from django import template

from checklist.rules import fit_contradictions
from reviews.models import Review

register = template.Library()


@register.simple_tag
def fit_warnings(review: Review, people_on_call: int | str | None = None) -> list[str]:
    """Facts that became known since the fit check of `review` and contradict it. No query."""
    declared = review.fit.get("declared", review.facts)
    known = people_on_call if isinstance(people_on_call, int) else None  # a page without it gives ""
    return fit_contradictions(declared, review.service.facts, people_on_call=known)
