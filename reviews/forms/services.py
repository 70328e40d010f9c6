"""Forms for services. They say what a field looks like; what may stand in it says `service_fields`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from checklist.facts import FACTS
from readiness.accounts.models import Team
from readiness.errors import Invalid
from reviews.forms.facts import fact_field
from reviews.imports.rows import MAX_BYTES
from reviews.models import Service
from reviews.service_fields import (
    FACT_NAMES,
    LABELS,
    MAX_NAME,
    MAX_URL,
    URL_FIELDS,
    clean_service,
    shown,
)

_URL_HELP = {
    "production_url": "Where customers reach it. Probes look here.",
    "health_url": "Answers 200 while the service can take traffic. Probes look here too.",
    "repository_url": "Where its source lives.",
    "documentation_url": "Where its runbooks and design are.",
}


class ServiceForm(forms.Form):
    """Add or edit a service. `revision` is the one that the editor saw; 0 for a new service."""

    name = forms.CharField(
        label="Name",
        widget=forms.TextInput(attrs={"maxlength": MAX_NAME, "autocomplete": "off"}),
        error_messages={"required": "Give the service a name."},
    )
    team = forms.ModelChoiceField(
        Team.objects.none(),
        label="Team",
        empty_label="Choose a team",
        help_text="Its members answer the reviews.",
        error_messages={
            "required": "Choose the team that owns the service.",
            "invalid_choice": "Choose one of your own teams.",
        },
    )
    tier = forms.CharField(
        label="Tier",
        widget=forms.Select(choices=Service.Tier.choices),
        error_messages={"required": "Choose a tier."},
    )
    description = forms.CharField(
        label="Description",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What it does and for whom, in a sentence or two.",
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0, initial=0)

    def __init__(self, *args: Any, teams: QuerySet[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team = self.fields["team"]
        assert isinstance(team, forms.ModelChoiceField)  # noqa: S101 (tells the type checker)
        team.queryset = teams
        address = {"maxlength": MAX_URL, "inputmode": "url", "placeholder": "https://", "spellcheck": "false"}
        for name, label in URL_FIELDS.items():
            self.fields[name] = forms.CharField(
                label=label, required=False, widget=forms.TextInput(attrs=address), help_text=_URL_HELP[name]
            )
        for fact in FACTS:
            self.fields[fact.name] = fact_field(fact)

    def clean(self) -> dict[str, Any]:
        """Check all fields at once, so that the person reads about every mistake in one go."""
        cleaned = super().clean() or self.cleaned_data
        try:
            clean_service(self.values)
        except Invalid as error:
            self.take_errors(error)
        return cleaned

    @property
    def values(self) -> dict[str, Any]:
        """What was typed, as `service_fields.clean_service` takes it."""
        typed = {name: self[name].data or "" for name in ("name", "tier", "description", *URL_FIELDS)}
        return {**typed, "facts": {name: self[name].data or "" for name in FACT_NAMES}}

    def take_errors(self, error: Invalid) -> None:
        """Show an action's errors beside their fields, where the form has not found one itself."""
        for name, messages in error.fields.items():
            if name in self.fields and not self.has_error(name):
                self.add_error(name, messages)
        if not error.fields:
            self.add_error(None, error.message)

    @property
    def url_fields(self) -> list[forms.BoundField]:
        """The addresses, for the template."""
        return [self[name] for name in URL_FIELDS]

    @property
    def fact_fields(self) -> list[forms.BoundField]:
        """The profile facts, for the template."""
        return [self[name] for name in FACT_NAMES]


def initial_of(service: Service) -> dict[str, Any]:
    """What the form shows for a stored service."""
    plain = {name: getattr(service, name) for name in ("name", "tier", "description", *URL_FIELDS)}
    facts = {name: shown(service.facts.get(name)) for name in FACT_NAMES}
    return {**plain, **facts, "team": service.team_id, "revision": service.revision}


def stored_beside_typed(form: ServiceForm, service: Service) -> list[tuple[str, str, str]]:
    """Where the stored service differs from what was typed: (label, stored, typed), as people read them."""
    stored = initial_of(service)
    found = []
    for name, label in LABELS.items():
        if name not in form.fields:
            continue
        typed, there = str(form[name].data or "").strip(), str(stored[name])
        if typed.replace("\r\n", "\n") != there:
            found.append((label, _readable(form, name, there), _readable(form, name, typed)))
    return found


def _readable(form: ServiceForm, name: str, value: str) -> str:
    field = form.fields[name]
    if name == "team":
        team = Team.objects.filter(pk=value).first() if value.isdigit() else None
        return team.name if team else "none"
    choices = getattr(field.widget, "choices", ())
    return str({str(key): label for key, label in choices}.get(value, value)) or "nothing"


class ImportForm(forms.Form):
    """A file or a pasted text with services."""

    file = forms.FileField(
        label="File",
        required=False,
        help_text="CSV or catalog-info.yaml, UTF-8, at most 2 MB and 2,000 services.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.yaml,.yml,text/csv,text/plain"}),
    )
    text = forms.CharField(
        label="Or paste it here",
        required=False,
        strip=False,
        max_length=MAX_BYTES,
        widget=forms.Textarea(attrs={"rows": 8, "class": "mono", "spellcheck": "false"}),
        error_messages={"max_length": "This is more than 2 MB. Split it into several."},
    )
