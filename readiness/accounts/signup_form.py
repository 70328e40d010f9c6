"""What our sign-up asks beside allauth's fields.

A module of its own: allauth builds its forms upon this one, and our other forms build upon allauth's.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest

from readiness.accounts.models import User
from readiness.accounts.signup import current_policy


class NameField(forms.CharField):
    """A person's or a team's name: one line, spaces collapsed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 120, **kwargs})

    def to_python(self, value: Any) -> str:
        """Collapse runs of white space, line breaks included."""
        return " ".join(str(super().to_python(value) or "").split())


class SignupNameForm(forms.Form):
    """The field that our sign-up adds to allauth's; allauth builds its sign-up forms upon it."""

    name = NameField(
        label="Name",
        help_text="As colleagues know you. It stands beside what you answer and approve.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def clean(self) -> dict[str, Any] | None:
        """Refuse an address that may not sign up. Here, because allauth's own hook serves other forms too."""
        cleaned = super().clean()
        email = self.cleaned_data.get("email")
        if email and not current_policy().admits(email):
            self.add_error("email", current_policy().refusal)
        return cleaned

    def signup(self, request: HttpRequest, user: User) -> None:  # noqa: ARG002  # allauth calls it so
        """Store the name of the new account."""
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
