"""Start a review: which checklist, and the facts that decide what applies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from checklist.facts import clean_facts
from checklist.models import ChecklistVersion
from readiness.errors import Invalid
from reviews.forms.facts import fact_fields, facts_in


class StartForm(forms.Form):
    """A checklist and the profile facts. `facts` holds them typed once the form is valid."""

    checklist = forms.ChoiceField(label="Checklist")

    def __init__(self, *args: Any, facts: Mapping[str, Any], checklist: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        published = ChecklistVersion.objects.filter(status=ChecklistVersion.Status.PUBLISHED)
        names = published.order_by("checklist__title").values_list("checklist__slug", "checklist__title")
        choices = list(dict.fromkeys(names))
        self.has_checklists = bool(choices)
        self.fields["checklist"].choices = choices  # type: ignore[attr-defined]
        if checklist:
            del self.fields["checklist"]
        self.fields.update(fact_fields(facts))
        self.facts: dict[str, Any] = {}

    def clean(self) -> dict[str, Any]:
        """Type the facts together, so that one mistake is told with its field."""
        cleaned = super().clean() or {}
        try:
            self.facts = clean_facts(facts_in(cleaned))
        except Invalid as error:
            for name, texts in error.fields.items():
                field = f"fact_{name}"
                if field not in self.errors:
                    self.add_error(field if field in self.fields else None, texts)
        return cleaned
