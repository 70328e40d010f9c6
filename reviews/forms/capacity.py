"""The form that records a review of headroom."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from reviews.actions.capacity import MAX_ACTIONS


class RecordForm(forms.Form):
    """When it was held, who was there, what was said, and at most three actions with an owner each."""

    held_on = forms.DateField(
        label="Held on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Enter a date as year-month-day, for example 2026-03-31."},
    )
    people = forms.CharField(label="Who was there", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    notes = forms.CharField(
        label="Notes",
        required=False,
        help_text="What you saw and decided. Markdown.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["held_on"].initial = timezone.localdate
        for place in range(1, MAX_ACTIONS + 1):
            self.fields[f"what_{place}"] = forms.CharField(label=f"Next action {place}", required=False)
            self.fields[f"owner_{place}"] = forms.CharField(label="Owner", required=False)

    @property
    def action_fields(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The fields of each action, for the template."""
        return [(self[f"what_{place}"], self[f"owner_{place}"]) for place in range(1, MAX_ACTIONS + 1)]

    @property
    def typed(self) -> dict[str, Any]:
        """What was typed, as the action takes it."""
        values = self.cleaned_data
        pairs = [(values[f"what_{n}"], values[f"owner_{n}"]) for n in range(1, MAX_ACTIONS + 1)]
        return {**{name: values[name] for name in ("held_on", "people", "notes")}, "actions": pairs}
