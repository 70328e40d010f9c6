"""What is recorded, written out for a reader of paper."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from checklist.rules import recorded_lines

INVENTORY = {
    "columns": [
        {"key": "alert", "label": "Alert"},
        {
            "key": "tier",
            "label": "Tier",
            "type": "choice",
            "choices": [{"value": "page", "label": "Page"}, {"value": "ticket", "label": "Ticket"}],
        },
        {"key": "fired", "label": "Fired", "type": "number", "unit": "times"},
        {"key": "runbook", "label": "Runbook", "type": "url", "required": False},
    ]
}
DRILL = {
    "operator": "Somebody new",
    "questions": [{"slug": "what", "text": "What changed?"}],
    "fields": [{"key": "alone", "label": "Without help", "type": "boolean"}],
}


def test_rows_follow_the_columns_and_leave_out_what_is_empty() -> None:
    rows = [{"fired": 1200, "runbook": None, "id": "r1", "tier": "page", "alert": "errors"}]
    assert recorded_lines("inventory", INVENTORY, {"rows": rows}) == [
        [("Alert", "errors"), ("Tier", "Page"), ("Fired", "1,200 times")]
    ]


def test_a_drill_says_who_when_and_what() -> None:
    data = {
        "witness": "Max",
        "operator": "Ada",
        "started_at": "2026-11-11T18:00:57.25+00:00",
        "answers": {"what": "A release."},
        "fields": {"alone": True},
    }
    assert recorded_lines("drill", DRILL, data) == [
        [("Run by", "Ada"), ("Watched by", "Max"), ("Started", "11 Nov 2026, 18:00:57 UTC")],
        [("Without help", "yes")],
        [("What changed?", "A release.")],
    ]


def test_a_measure_has_its_unit_and_day() -> None:
    spec = {"unit": "engineers", "direction": "record"}
    data = {"number": 4, "measured_on": "2026-11-02", "how": "The schedule"}
    assert recorded_lines("measure", spec, data) == [
        [("Value", "4 engineers"), ("Measured on", "2 Nov 2026"), ("How", "The schedule")]
    ]


def test_a_decision_has_its_title() -> None:
    spec = {"decisions": [{"slug": "mesh", "title": "A service mesh", "defer_until": "ten services"}]}
    rows = [
        {"decision": "mesh", "choice": "defer", "reason": "Five services", "owner": "Ada", "trigger": "10"}
    ]
    assert recorded_lines("register", spec, {"rows": rows})[0][:2] == [
        ("A service mesh", "defer"),
        ("Reason", "Five services"),
    ]


def test_what_the_spec_does_not_name_is_shown_all_the_same() -> None:
    spec = {"unit": "engineers", "direction": "record"}
    assert recorded_lines("measure", spec, {"source": {"rows": [1, 2]}, "_id": "x"}) == [
        [("Source", "rows: 1, 2")]
    ]
    assert recorded_lines("attestation", {}, {}) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=5), parts, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["number", "measured_on", "how", "x"]), json_values))
def test_any_value_is_written(data: dict[str, Any]) -> None:
    for line in recorded_lines("measure", {"unit": "u", "direction": "record"}, data):
        assert all(isinstance(text, str) for pair in line for text in pair)
