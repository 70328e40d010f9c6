"""Profile facts: typed, or refused with a sentence for each."""

from __future__ import annotations

from typing import Any

import pytest

from checklist.facts import FACTS, FACTS_BY_NAME, clean_facts
from readiness.errors import Invalid


def test_every_fact_of_the_checklist_is_there() -> None:
    assert set(FACTS_BY_NAME) == {
        "handles_payments",
        "handles_health_data",
        "regulated",
        "customer_facing",
        "self_managed_database",
        "uses_object_storage",
        "multi_service",
        "runs_containers",
        "team_size",
        "service_count",
        "cloud",
        "stage",
    }


@pytest.mark.parametrize(
    ("name", "raw", "clean"),
    [
        ("regulated", "Yes", True),
        ("regulated", " off ", False),
        ("regulated", 0, False),
        ("regulated", True, True),
        ("regulated", "", None),
        ("team_size", "12", 12),
        ("team_size", 7, 7),
        ("team_size", None, None),
        ("cloud", " AWS ", "aws"),
        ("stage", "series_a", "series_a"),
    ],
)
def test_clean_value(name: str, raw: Any, clean: Any) -> None:
    facts = clean_facts({name: raw})
    assert facts[name] is clean if isinstance(clean, bool) else facts[name] == clean
    assert set(facts) == set(FACTS_BY_NAME)
    assert clean_facts(facts) == facts, "cleaning clean facts changes nothing"


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("regulated", "maybe", "Enter yes or no."),
        ("regulated", [], "Enter yes or no."),
        ("team_size", "0", "Enter a whole number from 1 to 100,000."),
        ("team_size", "-3", "whole number"),
        ("team_size", "9" * 5000, "whole number"),
        ("team_size", "²", "whole number"),
        ("team_size", "1e3", "whole number"),
        ("team_size", True, "whole number"),
        ("team_size", 3.5, "whole number"),
        ("cloud", "nimbus", "Choose one of: aws, gcp"),
        ("cloud", 5, "Choose one of: aws, gcp"),
        ("shoe_size", "5", "Unknown fact. Known: handles_payments"),
    ],
)
def test_bad_value_names_the_fact(name: str, raw: Any, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        clean_facts({name: raw, "cloud" if name != "cloud" else "stage": "bad"})
    assert len(caught.value.fields) == 2
    assert message in caught.value.fields[name][0]
    assert name in caught.value.message


def test_values_have_labels_for_readers() -> None:
    for fact in FACTS:
        assert fact.label_of(None) == "Not stated"
    assert FACTS_BY_NAME["cloud"].label_of("gcp") == "Google Cloud"
    assert FACTS_BY_NAME["regulated"].label_of(value=True) == "Yes"
    assert FACTS_BY_NAME["team_size"].label_of(12) == "12"
