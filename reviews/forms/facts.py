"""The profile facts as form fields, made from the checklist's plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from checklist.facts import FACTS, Fact

_YES_NO = (("", "Not stated"), ("true", "Yes"), ("false", "No"))


def fact_fields(facts: Mapping[str, Any]) -> dict[str, forms.Field]:
    """A field for each profile fact, holding what is known; a fact may be left open."""
    return {f"fact_{fact.name}": _field(fact, facts.get(fact.name)) for fact in FACTS}


def facts_in(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The facts among a form's cleaned values, to be typed by `checklist.facts.clean_facts`."""
    return {fact.name: cleaned.get(f"fact_{fact.name}") for fact in FACTS}


def _field(fact: Fact, value: Any) -> forms.Field:
    common: dict[str, Any] = {"label": fact.label, "help_text": fact.help, "required": False}
    if fact.kind == "int":
        return forms.IntegerField(min_value=fact.minimum, max_value=fact.maximum, initial=value, **common)
    if fact.kind == "bool":
        known = "" if value is None else str(bool(value)).lower()
        return forms.ChoiceField(choices=_YES_NO, initial=known, **common)
    choices = [("", "Not stated"), *fact.choices]
    return forms.ChoiceField(choices=choices, initial=value or "", **common)
