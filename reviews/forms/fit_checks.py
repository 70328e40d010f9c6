"""The signature under a fit check."""

from __future__ import annotations

from django import forms


class SignFitForm(forms.Form):
    """The digest of what was read, and a note if there is something to say."""

    digest = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)
    note = forms.CharField(
        label="Note",
        required=False,
        help_text="Printed on the page.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
