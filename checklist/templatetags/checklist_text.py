"""Text of checklists in templates."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django import template
from django.utils.safestring import SafeString

from checklist import words
from checklist.models import Item
from readiness.markdown import render_markdown

register = template.Library()

# Published text never changes, and a page shows up to 150 pieces of it: some 2 MB for a few versions.
_rendered = lru_cache(maxsize=512)(render_markdown)


@register.filter
def markdown(text: str) -> SafeString:
    """A checklist's Markdown as safe HTML. For what people type, use `readiness.markdown` itself."""
    return _rendered(text)


@register.filter
def applies_words(item: Item) -> str:
    """When an item applies, in words; empty when it always does."""
    return words.applicability(item.applies_when)


@register.filter
def asks_words(item: Item) -> list[str]:
    """What an item asks for, threshold by threshold, in words."""
    return words.what_is_asked(item.kind, item.spec)


@register.filter
def evidence_words(item: Item) -> str:
    """What evidence an item wants and for how long it counts, in words."""
    return words.evidence(item.evidence_rule, item.evidence_lifetime_days)


@register.filter
def value_words(value: Any) -> str:
    """A value of a changed field as a reader sees it."""
    return words.value(value)


@register.filter
def role_names(slugs: list[str]) -> str:
    """Reviewer roles by name: “SRE, Security”."""
    return words.roles(slugs)
