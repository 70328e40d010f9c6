"""Inventories: typed cells, verdicts row by row, recommendations."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checklist.rules import clean_row, clean_rows, judge_inventory, related_inventories
from checklist.rules.rows import MAX_ROWS
from checklist.rules.spec_base import Column

TIERS = [{"value": value, "label": value.title()} for value in ("page", "ticket", "suppress")]
ALERT_COLUMNS: list[dict[str, Any]] = [
    {"key": "alert", "label": "Alert"},
    {"key": "tier", "label": "Tier", "type": "choice", "choices": TIERS},
    {"key": "runbook", "label": "Runbook", "type": "url", "required": False},
    {"key": "fired", "label": "Fired", "type": "number", "integer": True},
    {"key": "acted_on", "label": "Acted on", "type": "number", "integer": True},
]
ALERTS: dict[str, Any] = {
    "row_name": "alert",
    "columns": ALERT_COLUMNS,
    "checks": [
        {"check": "unique", "column": "alert"},
        {"check": "not_above", "column": "acted_on", "other": "fired"},
    ],
}
NOISE: dict[str, Any] = {
    "row_name": "alert",
    "source": "alert-inventory",
    "columns": ALERT_COLUMNS,
    "checks": [{"check": "noise", "over": 2, "suppress_over": 3}],
}
RUNBOOK_PER_PAGE = {
    **NOISE,
    "checks": [{"check": "require_when", "column": "runbook", "when": "tier", "equals": "page"}],
}
HEADROOM: dict[str, Any] = {
    "row_name": "tier",
    "columns": [
        {"key": "tier", "label": "Tier"},
        {"key": "limit", "label": "Limit", "type": "number"},
        {"key": "peak", "label": "Peak", "type": "number"},
    ],
    "checks": [{"check": "headroom", "target_percent": 30, "limit_percent": 15}],
}


def alert(fired: Any, acted_on: Any, tier: str = "page", **change: Any) -> dict[str, Any]:
    return {"alert": "A", "tier": tier, "runbook": "", "fired": fired, "acted_on": acted_on, **change}


@pytest.mark.parametrize(
    ("row", "verdict", "recommendation"),
    [
        (alert(0, 0), "met", "keep"),
        (alert(2, 0), "met", "keep"),
        (alert(3, 0), "not_met", "delete"),
        (alert(4, 0), "not_met", "suppress"),
        (alert(11, 0), "not_met", "suppress"),
        (alert(4, 1), "not_met", "downgrade"),
        (alert(4, 2), "met", "keep"),
        (alert(9, 9), "met", "keep"),
        (alert(3, 0, "ticket"), "not_met", "delete"),
        (alert(4, 0, "ticket"), "not_met", "suppress"),
        (alert(90, 0, "suppress"), "met", "keep"),
        (alert("11", "0"), "not_met", "suppress"),
        (alert("", ""), "not_met", None),
    ],
)
def test_noise(row: dict[str, Any], verdict: str, recommendation: str | None) -> None:
    judgement = judge_inventory(NOISE, [row])
    (judged,) = judgement.rows
    assert (judgement.verdict, judged.verdict, judged.recommendation) == (verdict, verdict, recommendation)
    assert bool(judged.reasons) == (verdict != "met")


def test_noise_can_merely_warn() -> None:
    spec = {**NOISE, "checks": [{**NOISE["checks"][0], "otherwise": "warn"}]}
    judgement = judge_inventory(spec, [alert(11, 0), alert(0, 0)])
    assert judgement.verdict == "warn"
    assert judgement.reasons == ["2 alerts, 1 to look at."]
    assert judgement.rows[0].reasons == ["Suppress it: fired 11 times, nobody acted."]


@pytest.mark.parametrize(
    ("tier", "runbook", "verdict"),
    [
        ("page", "", "not_met"),
        ("page", "https://wiki.example/runbook", "met"),
        ("page", "wiki/runbook", "met"),
        ("ticket", "", "met"),
        ("suppress", None, "met"),
    ],
)
def test_every_page_links_a_runbook(tier: str, runbook: Any, verdict: str) -> None:
    # A link that is no address is a fault of the inventory itself, which has its own item.
    judgement = judge_inventory(RUNBOOK_PER_PAGE, [alert(0, 0, tier, runbook=runbook)])
    assert judgement.verdict == verdict
    assert judge_inventory(ALERTS, [alert(0, 0, tier, runbook=runbook)]).verdict == (
        "not_met" if runbook == "wiki/runbook" else "met"
    )


def test_inventory_reports_each_bad_cell_by_its_label() -> None:
    rows = [
        alert(1, 2),
        alert("many", 0, alert="B"),
        {"alert": "C", "tier": "shout", "fired": 1, "acted_on": 1, "colour": "red"},
        "no row",
    ]
    judgement = judge_inventory(ALERTS, rows)
    assert [row.reasons for row in judgement.rows] == [
        ["Acted on is above fired."],
        ["Fired: Enter a whole number."],
        ["colour: There is no such column.", "Tier: Choose one of: page, ticket, suppress."],
        ["Each row must be a set of named values."],
    ]
    assert judgement.reasons == ["4 alerts, 4 to mend."]


def test_inventory_wants_rows_and_no_doubles() -> None:
    assert judge_inventory(ALERTS, []).reasons == ["List at least 1 alert."]
    judgement = judge_inventory(ALERTS, [alert(0, 0, alert="Disk  Full"), alert(0, 0, alert="disk full")])
    assert judgement.verdict == "not_met"
    assert judgement.reasons[0] == "Listed twice: disk full."


def test_too_many_rows_is_one_clear_reason() -> None:
    judgement = judge_inventory(ALERTS, [alert(0, 0)] * (MAX_ROWS + 1))
    assert judgement.verdict == "not_met"
    assert "501 rows; the most is 500" in judgement.reason


@pytest.mark.parametrize(
    ("limit", "peak", "verdict"),
    [
        (100, 70, "met"),
        (3, 2.1, "met"),  # 0.9 / 3 is below 0.3 in binary floating point
        (100, 70.01, "warn"),
        (100, 85, "warn"),
        (100, 85.01, "not_met"),
        (100, 120, "not_met"),
        (0, 0, "not_met"),
        (100, None, "not_met"),
    ],
)
def test_headroom(limit: float, peak: float | None, verdict: str) -> None:
    judgement = judge_inventory(HEADROOM, [{"tier": "web", "limit": limit, "peak": peak}])
    assert judgement.verdict == verdict
    assert judgement.rows[0].reasons


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 1000))
def test_headroom_does_not_depend_on_the_unit(limit: int, peak: int, factor: int) -> None:
    one = judge_inventory(HEADROOM, [{"tier": "web", "limit": limit, "peak": peak}])
    other = judge_inventory(HEADROOM, [{"tier": "web", "limit": limit * factor, "peak": peak * factor}])
    assert one.verdict == other.verdict


def test_has_all_at_most_and_choices_covered() -> None:
    parts = [{"value": value, "label": value.title()} for value in ("symptoms", "rollback")]
    columns = [
        {"key": "parts", "label": "Parts", "type": "choices", "choices": parts},
        {"key": "intro", "label": "Sentences", "type": "number", "required": False},
        {"key": "kind", "label": "Kind", "type": "choice", "choices": parts},
    ]
    spec = {
        "columns": columns,
        "checks": [
            {"check": "has_all", "column": "parts"},
            {"check": "at_most", "column": "intro", "limit": 3},
            {"check": "covers_choices", "column": "kind"},
        ],
    }
    rows: list[dict[str, Any]] = [
        {"parts": ["rollback", "symptoms"], "intro": 3, "kind": "rollback"},
        {"parts": "symptoms", "intro": 4, "kind": "rollback"},
        {"parts": ["symptoms", "rollback"], "kind": "rollback"},
    ]
    judgement = judge_inventory(spec, rows)
    assert [row.verdict for row in judgement.rows] == ["met", "not_met", "not_met"]
    assert judgement.rows[1].reasons == ["Missing: Rollback.", "Sentences: 4, at most 3."]
    assert judgement.rows[2].reasons == ["Sentences: fill this in."]
    assert judgement.reasons[0] == "No row for: Symptoms."


def test_covering_another_inventory() -> None:
    spec = {
        "columns": [{"key": "alert", "label": "Alert"}],
        "checks": [
            {
                "check": "covers",
                "source": "alert-inventory",
                "source_column": "alert",
                "column": "alert",
                "when": "tier",
                "equals": "page",
            }
        ],
    }
    assert related_inventories(spec) == {"alert-inventory"}
    alerts = [alert(0, 0, alert="Errors"), alert(0, 0, "ticket", alert="Disk")]
    rows = [{"alert": "errors "}]
    assert judge_inventory(spec, rows, related={"alert-inventory": alerts}).verdict == "met"
    more = [*alerts, alert(0, 0, alert="Latency")]
    judgement = judge_inventory(spec, rows, related={"alert-inventory": more})
    assert judgement.reasons[0] == "No row for: Latency."
    assert judge_inventory(spec, rows).verdict == "not_met", "an inventory never read cannot be covered"


COLUMNS = [
    Column(key="name", label="Name"),
    Column(key="notes", label="Notes", type="long_text", required=False),
    Column(key="link", label="Link", type="url", required=False),
    Column(key="number", label="Number", type="number", required=False),
    Column(key="flag", label="Flag", type="boolean", required=False),
    Column(key="day", label="Day", type="date", required=False),
    Column(key="moment", label="Moment", type="datetime", required=False),
]


@pytest.mark.parametrize(
    ("key", "raw", "clean"),
    [
        ("name", "  x ", "x"),
        ("name", "<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("link", "https://x.example/a?b#c", "https://x.example/a?b#c"),
        ("number", "12", 12),
        ("number", "1.50", 1.5),
        ("number", 3.0, 3),
        ("flag", "On", True),
        ("flag", False, False),
        ("day", "2026-03-31", "2026-03-31"),
        ("moment", "2026-03-31T14:05", "2026-03-31T14:05:00+00:00"),
        ("moment", "2026-03-31T14:05+02:00", "2026-03-31T12:05:00+00:00"),
    ],
)
def test_good_cells(key: str, raw: Any, clean: Any) -> None:
    row, errors = clean_row(COLUMNS, {"name": "n", key: raw})
    assert errors == {}
    assert row[key] == clean
    assert type(row[key]) is type(clean)
    assert clean_row(COLUMNS, row) == (row, {}), "cleaning a clean row changes nothing"


@pytest.mark.parametrize(
    ("key", "raw", "message"),
    [
        ("name", "", "Fill this in."),
        ("name", ["x"], "Enter text."),
        ("name", "a\x00b", "NUL"),
        ("name", "\ud800", "cannot be stored"),
        ("name", "x" * 501, "at most 500 characters; there are 501"),
        ("notes", "x" * 100_001, "at most 100,000"),
        ("link", "javascript:alert(1)", "web address"),
        ("link", "//x.example", "web address"),
        ("link", "https://", "web address"),
        ("link", "https://[::1", "web address"),
        ("link", "https://x.example/\u202e", "web address"),
        ("number", "twelve", "Enter a number."),
        ("number", "1_000", "Enter a number."),
        ("number", "nan", "Enter a number."),
        ("number", "1e999", "Enter a number."),
        ("number", -1, "not negative"),
        ("number", True, "Enter a number."),
        ("flag", "perhaps", "yes or no"),
        ("day", "31.03.2026", "year-month-day"),
        ("day", 5, "year-month-day"),
        ("moment", "soon", "date and time"),
        ("moment", "0001-01-01T00:00+14:00", "date and time"),
    ],
)
def test_bad_cells(key: str, raw: Any, message: str) -> None:
    row, errors = clean_row(COLUMNS, {"name": "n", key: raw})
    assert message in errors[key]
    assert set(errors) == {key}
    if isinstance(raw, str):
        assert row[key] == raw[:500].encode(errors="replace").decode().replace("\x00", "") or raw == ""


cells = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.lists(st.text(max_size=5))
)


@given(st.lists(st.dictionaries(st.sampled_from([c.key for c in COLUMNS]), cells) | cells, max_size=4))
def test_whatever_is_pushed_becomes_json_or_an_error(raw: list[Any]) -> None:
    rows, errors = clean_rows(COLUMNS, raw)
    assert len(rows) == len(errors) == len(raw)
    for row in rows:
        for value in row.values():
            assert "\x00" not in str(value)
            str(value).encode()
    judge_inventory({"columns": [column.model_dump() for column in COLUMNS]}, raw)
