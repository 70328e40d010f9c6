"""Recommendations for alerts, by the article's three tiers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checklist.loader import BUILT_IN, read_checklist
from checklist.rules import judge_inventory
from checklist.rules.alerts import advise, alert_totals, judge_suppressed, proposed_tier


def alert(**change: Any) -> dict[str, Any]:
    good = {
        "alert": "A",
        "tier": "page",
        "about": None,
        "symptom": "Checkout fails",
        "runbook": "https://w.example",
    }
    return {**good, "fired": 1, "acted_on": 1, **change}


@pytest.mark.parametrize(
    ("row", "recommendation", "reason"),
    [
        (alert(), "keep", ""),
        (alert(fired=0, acted_on=0), "keep", ""),
        (alert(runbook=None), "keep", "Link its runbook"),
        (alert(tier="ticket", runbook=None), "keep", ""),
        (alert(symptom=None), "downgrade", "Write down what users feel"),
        (alert(symptom=None, fired=5, acted_on=0), "delete", "nobody has written down"),
        (alert(fired=3, acted_on=0), "delete", "Delete it, or downgrade it to a ticket: fired 3 times"),
        (alert(fired=4, acted_on=0), "suppress", "Suppress it: fired 4 times, nobody acted."),
        (alert(fired=8, acted_on=2), "downgrade", "fired 8 times, 6 of them without action"),
        (alert(about="instance"), "suppress", "one instance that recovers by itself"),
        (alert(about="downstream", tier="ticket"), "suppress", "passing error downstream"),
        (alert(about="log"), "suppress", "no user sees"),
        (alert(about="running_out"), "downgrade", "work for the day"),
        (alert(about="running_out", tier="ticket"), "keep", ""),
        (alert(about="resource"), "downgrade", "a measure inside"),
        (alert(about="log", fired=99, acted_on=0, tier="suppress"), "keep", ""),
        (alert(fired=None), None, "Say its tier"),
        (alert(fired=None, about="log"), "suppress", "Say its tier"),
        (alert(tier=None), None, "Say its tier"),
    ],
)
def test_advice(row: dict[str, Any], recommendation: str | None, reason: str) -> None:
    found = advise(row, over=2, suppress_over=3)
    assert found.recommendation == recommendation
    assert reason in found.reason
    assert (found.verdict == "met") == (not found.reason)


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (alert(), None),
        (alert(about="instance"), "not_met"),
        (alert(about="instance", tier="suppress"), None),
        (alert(fired=3, acted_on=0), None),
        (alert(fired=4, acted_on=0), "not_met"),
        (alert(fired=4, acted_on=1), None),
        (alert(fired=None), None),
    ],
)
def test_what_nobody_can_act_on_is_suppressed(row: dict[str, Any], verdict: str | None) -> None:
    found = judge_suppressed(row, over=3)
    assert (found.verdict if found else None) == verdict


def test_totals_are_a_sentence() -> None:
    rows = [*[alert()] * 12, *[alert(runbook=None)] * 2, alert(tier="ticket"), alert(tier="suppress")]
    advice = ["delete", "delete", "suppress", *["keep"] * 13]
    assert alert_totals(rows, advice) == (
        "14 pages, 2 without a runbook, 1 ticket, 1 suppressed, 2 to delete, 1 to suppress."
    )
    assert alert_totals([alert(tier=None)], [None]) == "1 alert, none with a tier yet."


@pytest.mark.parametrize(
    ("tier", "advice", "proposed"),
    [
        ("page", "keep", "page"),
        ("page", "downgrade", "ticket"),
        ("ticket", "downgrade", "suppress"),
        ("page", "suppress", "suppress"),
        ("page", "delete", ""),
        ("ticket", "", "ticket"),
    ],
)
def test_the_tier_that_is_proposed(tier: str, advice: str, proposed: str) -> None:
    assert proposed_tier(tier, advice) == proposed


counts = st.none() | st.integers(0, 30)


@given(
    st.fixed_dictionaries({"fired": counts, "acted_on": counts, "tier": st.sampled_from(["page", "ticket"])})
)
def test_following_the_advice_settles_it(row: dict[str, Any]) -> None:
    """An alert that was suppressed as advised is not advised again; noise is always more than advice."""
    found = advise(row, over=2, suppress_over=3)
    if found.recommendation == "suppress":
        assert advise({**row, "tier": "suppress"}, over=2, suppress_over=3).recommendation == "keep"
    if found.recommendation == "keep" and row["fired"] is not None and row["acted_on"] is not None:
        assert row["fired"] - row["acted_on"] <= 2


def test_the_items_of_the_built_in_checklist_follow_the_inventory() -> None:
    content = read_checklist(BUILT_IN)
    specs = {item.slug: content.resolved_spec(item) for _, item in content.items()}
    rows = [alert(about="log"), alert(alert="B", runbook=None), alert(alert="C", fired=9, acted_on=0)]
    verdicts = {
        slug: [row.verdict for row in judge_inventory(specs[slug], rows).rows]
        for slug in ("alert-inventory", "suppressed", "runbook-per-page", "noise")
    }
    assert verdicts == {
        "alert-inventory": ["warn", "warn", "warn"],
        "suppressed": ["not_met", "met", "not_met"],
        "runbook-per-page": ["met", "not_met", "met"],
        "noise": ["met", "met", "not_met"],
    }
