"""The profile facts as form fields, made from the checklist's plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from checklist.facts import FACTS, Fact
from reviews.service_fields import shown


def fact_fields(facts: Mapping[str, Any]) -> dict[str, forms.Field]:
    """A field for each profile fact, holding what is known; a fact may be left open."""
    return {f"fact_{fact.name}": fact_field(fact, initial=shown(facts.get(fact.name))) for fact in FACTS}


def facts_in(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The facts among a form's cleaned values, to be typed by `checklist.facts.clean_facts`."""
    return {fact.name: cleaned.get(f"fact_{fact.name}") for fact in FACTS}


def fact_field(fact: Fact, **more: Any) -> forms.Field:
    """The field of one fact. It says how a fact looks; what may stand in it says `clean_facts`."""
    common: dict[str, Any] = {"label": fact.label, "help_text": fact.help, "required": False, **more}
    if fact.kind == "int":
        limits = {"min": fact.minimum, "max": fact.maximum, "inputmode": "numeric"}
        return forms.CharField(widget=forms.NumberInput(attrs=limits), **common)
    choices = (("yes", "Yes"), ("no", "No")) if fact.kind == "bool" else fact.choices
    return forms.CharField(widget=forms.Select(choices=[("", "Not stated"), *choices]), **common)
