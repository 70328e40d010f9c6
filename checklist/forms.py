"""Forms of the checklist pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.validators import RegexValidator

from checklist.models import ChecklistVersion
from checklist.yaml_source import MAX_BYTES


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


class CopyForm(forms.Form):
    """What a copy of a checklist is called."""

    title = forms.CharField(max_length=120, label="Title")
    slug = forms.CharField(
        max_length=64,
        label="Slug",
        help_text="Its name in addresses and files. It never changes.",
        validators=[
            RegexValidator(
                r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
                "Write small letters, digits and single hyphens, such as our-launch.",
            )
        ],
    )


class ImportForm(forms.Form):
    """A YAML file, or its text pasted."""

    file = forms.FileField(required=False, label="YAML file")
    text = forms.CharField(
        required=False, strip=False, widget=forms.Textarea(attrs={"rows": 8}), label="Or its text, pasted"
    )
    replace = forms.BooleanField(
        required=False, label="If there is a draft of this checklist, give it up for the file"
    )

    def clean(self) -> dict[str, Any]:
        """Ask for one of the two."""
        data: dict[str, Any] = self.cleaned_data
        if not data.get("file") and not data.get("text", "").strip():
            self.add_error("file", "Choose a file, or paste its text.")
        return data

    @property
    def typed(self) -> str:
        """The pasted text."""
        return str(self.cleaned_data["text"])

    @property
    def source(self) -> tuple[bytes, str]:
        """The bytes and what errors call them; one byte more than fits tells a file that is too large."""
        upload = self.cleaned_data["file"]
        if upload:
            return upload.read(MAX_BYTES + 1), upload.name or "file"
        return self.typed.replace("\r\n", "\n").encode(), "text"
