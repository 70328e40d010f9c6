"""Measures, drills, registers and notes against their limits, at the edges."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checklist.rules import (
    count_commands,
    judge_attestation,
    judge_drill,
    judge_measure,
    judge_register,
    look_again,
)

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
ROTATION = {"unit": "people", "direction": "at_least", "limit": 4, "target": 6, "integer": True}
PAGES = {"unit": "pages per person and week", "direction": "at_most", "limit": 2}


@pytest.mark.parametrize(
    ("number", "verdict", "reason"),
    [
        (0, "not_met", "0 people; at least 4 needed."),
        (3, "not_met", "3 people; at least 4 needed."),
        (4, "warn", "4 people is enough, but fewer than the target of 6."),
        (5, "warn", "fewer than the target"),
        (6, "met", "6 people; at least 4 needed."),
        (Decimal(6), "met", "6 people"),
        (4.5, "not_met", "Enter a whole number."),
        (-1, "not_met", "not negative"),
        (None, "not_met", "Enter a whole number."),
        (float("nan"), "not_met", "Enter a whole number."),
        (float("inf"), "not_met", "Enter a whole number."),
        (10**16, "not_met", "not above"),
    ],
)
def test_rotation_size(number: Any, verdict: str, reason: str) -> None:
    judgement = judge_measure(ROTATION, number)
    assert judgement.verdict == verdict
    assert reason in judgement.reason


@pytest.mark.parametrize(("number", "verdict"), [(0, "met"), (2, "met"), (2.01, "not_met"), (3, "not_met")])
def test_page_load(number: float, verdict: str) -> None:
    assert judge_measure(PAGES, number).verdict == verdict


def test_recorded_measure_has_no_threshold() -> None:
    judgement = judge_measure({"unit": "requests per second", "direction": "record"}, 1234.5)
    assert (judgement.verdict, judgement.reason) == ("met", "Recorded: 1,234.5 requests per second.")


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_more_people_never_judge_worse(fewer: int, more: int) -> None:
    weight = {"not_met": 0, "warn": 1, "met": 2}
    fewer, more = sorted((fewer, more))
    verdicts = [weight[judge_measure(ROTATION, number).verdict] for number in (fewer, more)]
    assert verdicts == sorted(verdicts)


def record(seconds: float, **change: Any) -> dict[str, Any]:
    start = NOW - timedelta(days=1)
    return {
        "operator": "Mia",
        "witness": "Jo",
        "started_at": start.isoformat(),
        "finished_at": (start + timedelta(seconds=seconds)).isoformat(),
        "outcome": "passed",
        **change,
    }


ON_CALL = {
    "operator": "An engineer new to on-call",
    "max_seconds": 600,
    "questions": [
        {"slug": "changed", "text": "What changed?"},
        {"slug": "where", "text": "Where is the error?"},
    ],
}
ANSWERS = {"changed": "deploy 42", "where": "checkout"}
RIGHT = {"changed": "right", "where": "right"}
ROLLBACK = {"operator": "A senior engineer", "under_seconds": 180, "max_commands": 1, "max_age_days": 90}
RESTORE = {
    "operator": "Anyone",
    "max_age_days": 90,
    "fields": [
        {"key": "declared_rto", "label": "Declared RTO", "type": "number"},
        {"key": "declared_rpo", "label": "Declared RPO", "type": "number"},
        {"key": "data_loss", "label": "Data lost", "type": "number"},
        {"key": "checks_passed", "label": "Checks passed", "type": "boolean"},
    ],
    "must_be_true": ["checks_passed"],
    "objectives": [
        {"label": "RTO", "measured": "duration", "declared": "declared_rto"},
        {"label": "RPO", "measured": "data_loss", "declared": "declared_rpo"},
    ],
}
RESTORED = {"declared_rto": 60, "declared_rpo": 5, "data_loss": 5, "checks_passed": True}


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(0, "met"), (600, "met"), (600.001, "not_met"), (3600, "not_met")]
)
def test_on_call_drill_limit(seconds: float, verdict: str) -> None:
    assert judge_drill(ON_CALL, record(seconds, answers=ANSWERS, grades=RIGHT), now=NOW).verdict == verdict


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"answers": {"changed": "x", "where": "  "}}, "No answer to “Where is the error?”"),
        ({"answers": None}, "No answer to “What changed?”"),
        ({"grades": {**RIGHT, "where": "wrong"}}, "The answer to “Where is the error?” was wrong."),
        ({"grades": {"where": "right"}}, "has not graded the answer to “What changed?”"),
        ({"grades": None}, "has not graded"),
        ({"operator": ""}, "Say who ran it."),
        ({"witness": None}, "Say who watched."),
        ({"witness": " MIA "}, "Somebody else"),
        ({"outcome": "failed"}, "The drill failed."),
        ({"outcome": ""}, "passed or failed"),
        ({"started_at": None}, "when the drill started"),
        ({"started_at": "yesterday"}, "when the drill started"),
        ({"finished_at": "2020-01-01T00:00:00+00:00"}, "before it starts"),
        ({"finished_at": "2030-01-01T00:00:00+00:00"}, "in the future"),
    ],
)
def test_drill_says_what_is_missing(change: dict[str, Any], reason: str) -> None:
    judgement = judge_drill(ON_CALL, {**record(60, answers=ANSWERS, grades=RIGHT), **change}, now=NOW)
    assert judgement.verdict == "not_met"
    assert reason in judgement.reason


def test_passed_drill_says_its_time() -> None:
    done = record(402, answers=ANSWERS, grades=RIGHT)
    assert judge_drill(ON_CALL, done, now=NOW).reason == "Passed in 6 min 42 s."


@pytest.mark.parametrize(
    ("seconds", "commands", "verdict"),
    [
        (179.9, "make rollback", "met"),
        (180, "make rollback", "not_met"),
        (60, ["make rollback"], "met"),
        (60, "make undo && make deploy", "not_met"),
        (60, "", "not_met"),
        (60, None, "not_met"),
    ],
)
def test_rollback_drill(seconds: float, commands: Any, verdict: str) -> None:
    assert judge_drill(ROLLBACK, record(seconds, commands=commands), now=NOW).verdict == verdict


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("make rollback", 1),
        ("kubectl rollout undo deploy/x | tee log", 1),
        ("deploy --to previous > out 2>&1", 1),
        ("deploy \\\n  --to previous", 1),
        ("echo 'a; b && c'", 1),
        ("# the way back\nmake rollback\n", 1),
        ("a; b", 2),
        ("a && b || c", 3),
        ("a\n\nb", 2),
        ("it's open", 1),
        ("  ", 0),
        (";;", 0),
    ],
)
def test_count_commands(text: str, count: int) -> None:
    assert count_commands(text) == count


@pytest.mark.parametrize(
    ("seconds", "fields", "reason"),
    [
        (3600, {}, ""),
        (3601, {}, "RTO: 60.02 minutes, declared 60."),
        (60, {"data_loss": 5.1}, "RPO: 5.1 minutes, declared 5."),
        (60, {"checks_passed": False}, "Checks passed: no."),
        (60, {"checks_passed": None}, "Checks passed: Fill this in."),
        (60, {"declared_rto": ""}, "Declared RTO: Fill this in."),
        (60, {"declared_rpo": "soon"}, "Declared RPO: Enter a number."),
    ],
)
def test_restore_drill(seconds: float, fields: dict[str, Any], reason: str) -> None:
    judgement = judge_drill(RESTORE, record(seconds, fields={**RESTORED, **fields}), now=NOW)
    assert judgement.verdict == ("not_met" if reason else "met")
    assert reason in judgement.reason


@pytest.mark.parametrize(("days", "verdict"), [(90, "met"), (91, "not_met")])
def test_restore_drill_grows_too_old(days: int, verdict: str) -> None:
    done = record(60, fields=RESTORED)
    finished = datetime.fromisoformat(done["finished_at"])
    judgement = judge_drill(RESTORE, done, now=finished + timedelta(days=days))
    assert judgement.verdict == verdict
    assert ("91 days old" in judgement.reason) == (verdict == "not_met")


@pytest.mark.parametrize(
    ("artifact", "verdict"), [("restore.log", "met"), ("  ", "not_met"), (None, "not_met")]
)
def test_a_result_must_come_with_it(artifact: str | None, verdict: str) -> None:
    spec = {**RESTORE, "artifact": "the result of the check"}
    judgement = judge_drill(spec, record(60, fields=RESTORED, artifact=artifact), now=NOW)
    assert judgement.verdict == verdict
    assert ("Attach the result of the check." in judgement.reasons) == (verdict == "not_met")


def test_configuration_alone_never_meets_a_restore_drill() -> None:
    assert judge_drill(RESTORE, {}, now=NOW).verdict == "not_met"


@given(
    st.dictionaries(
        st.sampled_from(["operator", "witness", "started_at", "finished_at", "outcome", "commands", "log"]),
        st.none() | st.text(max_size=10) | st.datetimes().map(datetime.isoformat),
    )
)
def test_any_record_gets_a_verdict_with_reasons(raw: dict[str, Any]) -> None:
    judgement = judge_drill(ROLLBACK, raw, now=NOW)
    assert judgement.verdict in ("met", "not_met")
    assert judgement.reasons


REGISTER = {
    "decisions": [
        {
            "slug": "sre-function",
            "title": "A formal SRE function",
            "defer_until": "there is meaningful traffic",
        },
        {
            "slug": "service-mesh",
            "title": "A service mesh",
            "defer_until": "you run 10 services or more",
            "reached_when": {"fact": "service_count", "at_least": 10},
        },
    ]
}
DECIDED = {"choice": "defer", "reason": "Too early", "owner": "Mia", "trigger": "manual: ten services"}


def decisions(**change: Any) -> list[dict[str, Any]]:
    return [{"decision": "sre-function", **DECIDED}, {"decision": "service-mesh", **DECIDED, **change}]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"choice": ""}, "A service mesh: Decide: defer or adopt."),
        ({"choice": "later"}, "Decide"),
        ({"reason": " "}, "Give a reason."),
        ({"owner": None}, "Give an owner."),
        ({"trigger": ""}, "Give a trigger that says when to look again."),
    ],
)
def test_register_wants_every_row_decided(change: dict[str, Any], reason: str) -> None:
    judgement = judge_register(REGISTER, decisions(**change))
    assert judgement.verdict == "not_met"
    assert [row.verdict for row in judgement.rows] == ["met", "not_met"]
    assert reason in judgement.reason


def test_register_row_that_is_not_there_is_undecided() -> None:
    assert judge_register(REGISTER, decisions()[:1]).verdict == "not_met"
    assert judge_register(REGISTER, []).verdict == "not_met"


@pytest.mark.parametrize(
    ("count", "choice", "verdict"),
    [
        (9, "defer", "met"),
        (10, "defer", "warn"),
        (10, "adopt", "met"),
        (3, "adopt", "warn"),
        (None, "defer", "met"),
        (None, "adopt", "met"),
    ],
)
def test_register_watches_computed_triggers(count: int | None, choice: str, verdict: str) -> None:
    judgement = judge_register(REGISTER, decisions(choice=choice), {"service_count": count})
    assert judgement.verdict == verdict
    assert ("Time to look again" in judgement.reason) == (verdict == "warn" and choice == "defer")
    assert ("This is early" in judgement.reason) == (verdict == "warn" and choice == "adopt")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"trigger": "10 services"}, "The trigger cannot be read. Character"),
        ({"trigger": "service_count >= 5"}, "The trigger is reached already: service_count is 9."),
        ({"trigger": "on 2026-03-31"}, "The trigger is reached already"),
        ({"trigger": "service_count / (team_size - 4) > 9"}, "It divides by zero"),
        ({"owner": "Nobody", "owner_id": None}, "“Nobody” is nobody here"),
    ],
)
def test_register_wants_a_trigger_that_can_tell_something(change: dict[str, Any], reason: str) -> None:
    facts = {"service_count": 9, "team_size": 4}
    judgement = judge_register(REGISTER, decisions(**change), facts, today=NOW.date())
    assert judgement.verdict == "not_met"
    assert reason in judgement.reason


def test_a_reached_trigger_is_a_warning_on_its_row_and_nowhere_else() -> None:
    judged = asdict(judge_register(REGISTER, decisions(), {"service_count": 9}, today=NOW.date()))
    slug = REGISTER["decisions"][1]["slug"]
    noted = look_again(REGISTER, judged, slug, "service_count is 12")
    assert noted["verdict"] == "warn"
    assert [row["verdict"] for row in noted["rows"]] == ["met", "warn"]
    assert noted["look_again"] == {slug: "service_count is 12"}
    assert judged["verdict"] == "met"


def test_note_that_must_be_written() -> None:
    spec = {"note_label": "the rollback command", "note_required": True}
    assert judge_attestation(spec, " ").reason == "Write down in the note: the rollback command."
    assert judge_attestation(spec, "make rollback").verdict == "met"
    assert judge_attestation({}, "").verdict == "met"
