"""The probes of an item in templates."""

from __future__ import annotations

from django import template

from reviews.models import Review
from reviews.queries import probe_rows as queries
from reviews.queries.sheet import ItemSheet

register = template.Library()


@register.simple_tag
def probe_rows(sheet: ItemSheet, review: Review) -> list[queries.ProbeRow]:
    """The item's probes, each with its latest run."""
    return queries.probe_rows(sheet, review.service)
