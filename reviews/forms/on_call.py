"""The forms on a service's rota. Times are typed on the clocks of the rota's own zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.utils import timezone

from checklist.rules.rota import Role
from readiness.errors import Invalid
from reviews.actions.rosters import MAX_WEEKS, CalendarFile, Rotation, clean_zone
from reviews.imports.ics import MAX_BYTES

_LOCAL = "%Y-%m-%dT%H:%M"
_ROLES = (("primary", "Primary"), ("secondary", "Secondary"))


def _zone_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label="Time zone",
        choices=lambda: [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())],
        help_text="Handovers keep their hour on these clocks when the clocks change.",
        error_messages={"invalid_choice": "Choose a time zone from the list, for example Europe/Berlin."},
    )


def _moment_field(label: str, help_text: str = "") -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        help_text=help_text,
        input_formats=[_LOCAL, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_LOCAL),
        error_messages={"invalid": "Enter a day and an hour, for example 2026-03-31T10:00."},
    )


def _revision_field() -> forms.IntegerField:
    return forms.IntegerField(widget=forms.HiddenInput, min_value=0, initial=0)


class PlanForm(forms.Form):
    """A weekly rotation: who, from when, for how long."""

    revision = _revision_field()
    people = forms.CharField(
        label="People, in the order in which they take turns",
        help_text="One on each line.",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        max_length=10_000,
    )
    first = _moment_field("First handover", "In working hours, not on Monday morning or Friday evening.")
    zone = _zone_field()
    weeks = forms.IntegerField(
        label="Weeks", min_value=1, max_value=MAX_WEEKS, initial=MAX_WEEKS, help_text=f"At most {MAX_WEEKS}."
    )
    with_secondary = forms.BooleanField(
        label="Who is primary next week is secondary this week", required=False, initial=True
    )

    @property
    def plan(self) -> Rotation:
        """What was typed, for the action; raises Invalid for a zone that does not exist."""
        typed = self.cleaned_data
        return Rotation(
            typed["people"].splitlines(),
            in_zone(typed["first"], clean_zone(typed["zone"])),
            typed["zone"],
            typed["weeks"],
            typed["with_secondary"],
        )


def first_plan(zone: str, people: str = "") -> dict[str, Any]:
    """What an empty plan begins with: next Tuesday at ten, on the clocks of `zone`."""
    today = timezone.localtime(timezone=ZoneInfo(zone)).date()
    tuesday = today + timedelta(days=(1 - today.weekday()) % 7 or 7)
    return {
        "first": f"{tuesday}T10:00",
        "zone": zone,
        "people": people,
        "weeks": MAX_WEEKS,
        "with_secondary": True,
    }


class TurnForm(forms.Form):
    """Somebody takes over for a while: a swap, a cover, a gap to be filled."""

    revision = _revision_field()
    person = forms.CharField(label="Who", required=False, max_length=200, help_text="Empty: nobody.")
    role = forms.ChoiceField(label="As", choices=_ROLES)
    starts_at = _moment_field("From")
    ends_at = _moment_field("To")


class CalendarForm(forms.Form):
    """A calendar to be imported: a file or its text, and what it holds."""

    file = forms.FileField(
        label="Calendar file",
        required=False,
        help_text="An .ics file of at most 1 MB, as paging tools, Google Calendar and Outlook export it.",
        widget=forms.FileInput(attrs={"accept": ".ics,.ical,text/calendar"}),
    )
    text = forms.CharField(
        label="Or paste it here",
        required=False,
        strip=False,
        max_length=MAX_BYTES,
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"}),
        error_messages={"max_length": "This is more than 1 MB. Export fewer months."},
    )
    role = forms.ChoiceField(
        label="It holds",
        required=False,
        choices=(
            ("", "Primary and secondary, as the titles say"),
            ("primary", "Only the primary"),
            ("secondary", "Only the secondary"),
        ),
        help_text="Tools that keep a schedule for each role: import one after the other.",
    )
    only = forms.CharField(
        label="Only events with these words in their title",
        required=False,
        max_length=100,
        help_text="For a team's calendar that holds other things too, for example: on-call.",
    )
    zone = _zone_field()

    def read(self, text: str, name: str) -> CalendarFile:
        """What was chosen, for the action."""
        typed = self.cleaned_data
        role: Role | None = typed["role"] or None
        return CalendarFile(text, name, typed["zone"], role, typed["only"])


def in_zone(typed: datetime, zone: ZoneInfo) -> datetime:
    """A typed moment on the clocks of `zone`, whatever the reader's own zone is."""
    return typed.replace(tzinfo=zone)


def pages_name(week: date, place: int) -> str:
    """Name of the field for one person (by place in the list) and week."""
    return f"pages-{week:%Y%m%d}-{place}"


def read_pages(
    post: Mapping[str, str], weeks: list[date], people: list[str]
) -> dict[tuple[date, str], int | None]:
    """Read the counts; an empty field is no count. Raises Invalid for what is no whole number."""
    counts: dict[tuple[date, str], int | None] = {}
    for place, person in enumerate(people):
        for week in weeks:
            typed = post.get(pages_name(week, place))
            if typed is None:
                continue
            text = typed.strip()
            if text and not (text.isascii() and text.isdigit() and len(text) <= 4):  # noqa: PLR2004
                message = (
                    f"“{text[:20]}” is no whole number. Enter how often {person} was paged, for example 2."
                )
                raise Invalid(message, {"pages": [message]})
            counts[week, person] = int(text) if text else None
    return counts
