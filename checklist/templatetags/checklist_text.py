"""Text of checklists in templates."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from checklist import words
from checklist.editor.draw import Control
from checklist.facts import FACTS
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


@register.simple_tag
def control_input(control: Control) -> str:
    """The input of one of the editor's controls."""
    field = control.field
    context = {
        "control": control,
        "field": field,
        "rows": 2 if field.name == "question" else 4,
        "numeric": field.widget in ("whole", "number"),
    }
    return render_to_string("checklist/draft/_input.html", context)


@register.simple_tag
@lru_cache(maxsize=1)
def facts_help() -> SafeString:
    """The facts that a rule may name, each with what it can be compared with."""
    compared = {"bool": "", "int": ">= 10, <= 3"}
    rows = (
        (
            fact.name,
            compared.get(fact.kind) or " or ".join(value for value, _ in fact.choices),
            fact.label,
        )
        for fact in FACTS
    )
    lines = format_html_join("", '<li><span class="mono">{} {}</span> {}</li>', rows)
    return format_html("<ul>{}</ul><p>Join them by “and”, “or”, “not” and brackets.</p>", lines)
