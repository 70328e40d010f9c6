"""Text of reviews in templates: Markdown, and values put in words."""

from __future__ import annotations

import json
from typing import Any

from django import template
from django.utils.safestring import SafeString

from readiness.markdown import render_markdown

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    """Typed Markdown as safe HTML."""
    return render_markdown(text)


@register.filter
def in_words(value: Any) -> str:
    """A value of a section's content as a reader can compare it; nothing is “(nothing)”."""
    if value in (None, "", [], {}):
        return "(nothing)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)
