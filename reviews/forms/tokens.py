"""The form that makes a token."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from reviews.models.token import TOKEN_ACTIONS

_USUAL_DAYS = 180


class TokenForm(forms.Form):
    """What the token is for, what it may do, and until when; the action checks."""

    name = forms.CharField(
        label="Name", max_length=80, help_text="Where it is used, for example “GitHub Actions”."
    )
    actions = forms.MultipleChoiceField(
        label="What it may do",
        choices=list(TOKEN_ACTIONS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what the token may do."},
    )
    expires_on = forms.DateField(
        label="Until",
        help_text="A year at most. It ends with that day.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Enter a date as year-month-day, for example 2026-03-31."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("expires_on", timezone.localdate() + timedelta(days=_USUAL_DAYS))
        self.initial.setdefault("actions", list(TOKEN_ACTIONS))

    @property
    def expires_at(self) -> datetime:
        """The end of the chosen day in the reader's zone; after `is_valid`."""
        return timezone.make_aware(datetime.combine(self.cleaned_data["expires_on"], time.max))
