"""Forms of the checklist pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from checklist.models import ChecklistVersion


class CompareForm(forms.Form):
    """Which two versions to compare. Left out, it is the one before the latest with the latest."""

    def __init__(self, data: Mapping[str, Any], versions: Sequence[ChecklistVersion]) -> None:
        """Take the query string and the published versions, the latest first."""
        numbers = [version.number for version in versions]
        defaults = {"from": numbers[min(1, len(numbers) - 1)], "to": numbers[0]}
        super().__init__({name: data.get(name) or default for name, default in defaults.items()})
        self._versions = {version.number: version for version in versions}
        for name, label in (("from", "From"), ("to", "To")):
            self.fields[name] = forms.TypedChoiceField(
                label=label,
                choices=[(number, f"Version {number}") for number in numbers],
                coerce=int,
                error_messages={"invalid_choice": "There is no such version. Choose one from the list."},
            )

    def chosen(self) -> tuple[ChecklistVersion, ChecklistVersion]:
        """The two versions of a valid form, from and to."""
        return self._versions[self.cleaned_data["from"]], self._versions[self.cleaned_data["to"]]
