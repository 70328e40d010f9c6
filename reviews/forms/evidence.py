"""The form that adds evidence: a link, a file or a note, and what is said of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from readiness.errors import Invalid
from readiness.ui import size_words
from reviews.actions.evidence import About
from reviews.filetypes import ACCEPT_ATTRIBUTE, ACCEPTED_WORDS
from reviews.states import EvidenceKind

_DAY_HELP = "Write the day as year-month-day, for example 2026-03-31."


class EvidenceForm(forms.Form):
    """Only reads; the actions check, and name the field that is wrong."""

    kind = forms.ChoiceField(
        label="What",
        choices=[
            (EvidenceKind.LINK.value, "Link"),
            (EvidenceKind.FILE.value, "File"),
            (EvidenceKind.NOTE.value, "Note"),
        ],
        initial=EvidenceKind.LINK.value,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose link, file or note.",
            "invalid_choice": "Choose link, file or note.",
        },
    )
    url = forms.CharField(
        label="Link",
        required=False,
        help_text="A dashboard, a rule, a pipeline run. It is kept as an address; nothing is fetched.",
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://"}),
    )
    file = forms.FileField(label="File", required=False, allow_empty_file=True)
    body = forms.CharField(
        label="Note",
        required=False,
        help_text="Markdown. A note alone is the weakest proof: it only says so.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    title = forms.CharField(
        label="Title", required=False, help_text="Empty: the file's name, the link, or the note's first line."
    )
    observed_on = forms.DateField(
        label="Seen on",
        required=False,
        help_text="The day of what it shows. Empty: today.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _DAY_HELP},
    )
    replaces = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, item_slug: str, **kwargs: Any) -> None:
        kwargs["auto_id"] = f"evidence-{item_slug}-%s"  # several forms may stand on one page
        super().__init__(*args, **kwargs)
        most = settings.EVIDENCE_MAX_BYTES
        self.fields["file"].help_text = f"{ACCEPTED_WORDS}; at most {size_words(most)}."
        self.fields["file"].widget.attrs |= {"accept": ACCEPT_ATTRIBUTE, "data-max-bytes": most}

    @property
    def chosen(self) -> str:
        """The kind that is chosen on the page."""
        kind = str(self["kind"].value() or "")
        return kind if kind in {"link", "file", "note"} else EvidenceKind.LINK.value

    @property
    def about(self) -> About:
        """What is said of the evidence; after `is_valid`."""
        typed = self.cleaned_data
        return About(typed["title"], typed["observed_on"], typed["replaces"])

    def refuse(self, error: Invalid) -> None:
        """Show an action's messages at the fields that they are about."""
        for name, texts in (error.fields or {"": [error.message]}).items():
            for text in texts:
                self.add_error(name if name in self.fields else None, text)
