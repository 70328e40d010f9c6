"""People to choose from."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from reviews.queries.people import everybody

register = template.Library()


@register.simple_tag
def people_options() -> SafeString:
    """A list of all people for inputs with `list="people-options"`. One query."""
    people = ((f"{person} <{person.email}>",) for person in everybody())
    return format_html(
        '<datalist id="people-options">{}</datalist>',
        format_html_join("", '<option value="{}"></option>', people),
    )
