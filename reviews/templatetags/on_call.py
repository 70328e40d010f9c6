"""Moments of a rota on the clocks of its zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template

register = template.Library()


@register.filter
def clock(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as a person in `zone` reads it: “Mon 23 Nov 2026, 10:00”."""
    return f"{moment.astimezone(zone):%a %-d %b %Y, %H:%M}"
