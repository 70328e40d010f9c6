"""The forms of the register."""

from __future__ import annotations

from typing import Any

from django import forms

from checklist.rules.triggers import MAX_TEXT
from reviews.actions.deferrals import Decision
from reviews.models import Deferral


class DecisionForm(forms.Form):
    """A decision of the team's own. Lengths and the trigger are checked by the action, which says more."""

    title = forms.CharField(
        label="What is it about", max_length=200, help_text="A thing that you could build and do not, yet."
    )
    choice = forms.ChoiceField(
        label="Decision",
        choices=[("defer", "Defer"), ("adopt", "Adopt")],
        initial="defer",
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 3}))
    owner = forms.CharField(
        label="Owner",
        help_text="The person who is told when the trigger is reached.",
        widget=forms.TextInput(attrs={"list": "people-options", "autocomplete": "off"}),
    )
    trigger = forms.CharField(
        label="Look again when",
        max_length=MAX_TEXT,
        widget=forms.TextInput(
            attrs={"class": "mono", "placeholder": "service_count >= 10", "autocomplete": "off"}
        ),
    )
    revision = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)

    @classmethod
    def of(cls, row: Deferral) -> DecisionForm:
        """The form that holds what was decided."""
        return cls(
            initial={
                "title": row.title,
                "choice": row.choice,
                "reason": row.reason,
                "owner": str(row.owner),
                "trigger": row.trigger_text,
                "revision": row.revision,
            }
        )


def decision_of(typed: dict[str, Any]) -> Decision:
    """What a valid form says."""
    return Decision(**{name: typed[name] for name in ("title", "choice", "reason", "owner", "trigger")})
