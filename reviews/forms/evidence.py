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

    use_required_attribute = False

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
        error_messages={"required": "Paste the address of the link."},
        help_text="A dashboard, a rule, a pipeline run. It is kept as an address; nothing is fetched.",
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://"}),
    )
    file = forms.FileField(label="File", allow_empty_file=True, error_messages={"required": "Choose a file."})
    body = forms.CharField(
        label="Note",
        error_messages={"required": "Write the note."},
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
        # Only the chosen one has to be filled in. Before the choice none is called optional.
        for name, kind in (("url", "link"), ("file", "file"), ("body", "note")):
            self.fields[name].required = not self.is_bound or self.chosen == kind

    def point(self) -> None:
        """Have the browser put the cursor into the first field that is wrong, or into the first one."""
        wrong = [name for name in self.errors if name in self.fields] if self.is_bound else []
        name = wrong[0] if wrong else {"link": "url", "file": "file", "note": "body"}[self.chosen]
        self.fields[name].widget.attrs["autofocus"] = True

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
