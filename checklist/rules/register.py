"""Judging registers: decisions to defer or to adopt, each with a reason, an owner and a trigger. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from checklist.facts import Facts
from checklist.rules.applicability import holds
from checklist.rules.judgement import Judgement, RowJudgement, Verdict, worst
from checklist.rules.specs import Decision, RegisterSpec
from checklist.rules.triggers import TriggerError, evaluate, parse

Row = Mapping[str, Any]


def judge_register(
    spec: Mapping[str, Any], rows: Sequence[Row], facts: Facts | None = None, *, today: date | None = None
) -> Judgement:
    """Judge decisions: each of the spec's must be deferred or adopted, with reason, owner and trigger.

    A row holds decision (its slug), choice (defer or adopt), reason, owner, owner_id (None: nobody of that
    name is known) and trigger, as typed. A trigger that cannot be read, or that with `facts` and `today` is
    reached already, is not met: it would never tell anybody anything. With `facts`, a decision that the
    checklist's own rule speaks against is a warning: deferred past its time, or adopted before it. The
    judgement's rows follow the spec's decisions.
    """
    register = RegisterSpec.model_validate(dict(spec))
    by_slug = {row.get("decision"): row for row in rows}
    judged = [
        _judge(decision, by_slug.get(decision.slug, {}), facts, today) for decision in register.decisions
    ]
    reasons = [
        f"{decision.title}: {' '.join(row.reasons)}"
        for decision, row in zip(register.decisions, judged, strict=True)
        if row.reasons
    ]
    return Judgement(worst(row.verdict for row in judged), reasons, judged)


def _judge(decision: Decision, row: Row, facts: Facts | None, today: date | None) -> RowJudgement:
    if row.get("choice") not in ("defer", "adopt"):
        return RowJudgement("not_met", ["Decide: defer or adopt."])
    problems = _missing(row)
    if str(row.get("trigger") or "").strip():
        problems += _trigger_problems(row, facts, today)
    hint = _out_of_time(decision, row["choice"], facts)
    verdict: Verdict = "not_met" if problems else "warn" if hint else "met"
    return RowJudgement(verdict, problems + ([hint] if hint else []))


def _missing(row: Row) -> list[str]:
    wanted = {"reason": "a reason", "owner": "an owner", "trigger": "a trigger that says when to look again"}
    problems = [f"Give {name}." for key, name in wanted.items() if not str(row.get(key) or "").strip()]
    if row.get("owner") and row.get("owner_id", 0) is None:
        problems.append(
            f"“{row['owner']}” is nobody here: choose an owner among the people of this installation."
        )
    return problems


def _trigger_problems(row: Row, facts: Facts | None, today: date | None) -> list[str]:
    try:
        tree = parse(str(row["trigger"]))
    except TriggerError as error:
        return [f"The trigger cannot be read. {error}"]
    if facts is None:
        return []
    reading = evaluate(tree, facts, before=facts, today=today or date.min)
    if reading.reached:
        return [f"The trigger is reached already: {reading.why}. Choose one that lies ahead, or adopt."]
    return [reading.problem] if "zero" in reading.problem else []


def _out_of_time(decision: Decision, choice: str, facts: Facts | None) -> str:
    """What the checklist's own rule for this decision says against it, if it has one that can be computed."""
    if facts is None or decision.reached_when is None:
        return ""
    due = holds(decision.reached_when, facts)
    if choice == "defer" and due:
        return f"Time to look again: {decision.defer_until}."
    if choice == "adopt" and due is False:
        return (
            f"This is early: most teams wait until {decision.defer_until}. If it earns its keep for you, "
            "leave it; the reason is on record. If not, putting it off frees time for the sections before."
        )
    return ""


def look_again(
    spec: Mapping[str, Any], judgement: Mapping[str, Any], decision: str, why: str
) -> dict[str, Any]:
    """Return a stored judgement (as JSON) with the warning that the trigger of `decision` is reached.

    `spec` is that of a register, or anything else for an answer that was deferred as a whole. The decision is
    named under `look_again`, once.
    """
    reached = {**judgement.get("look_again", {}), decision: why}
    rows = [dict(row) for row in judgement.get("rows", [])]
    text = f"Time to look again: {why}."
    title = ""
    for spot, each in enumerate(spec.get("decisions", ())):
        if each["slug"] == decision and spot < len(rows):
            rows[spot]["verdict"] = worst([rows[spot]["verdict"], "warn"])
            rows[spot]["reasons"] = [*rows[spot]["reasons"], text]
            title = f"{each['title']}: "
    return {
        **asdict(Judgement("met", [])),
        **judgement,
        "verdict": worst([judgement.get("verdict") or "met", "warn"]),
        "reasons": [*judgement.get("reasons", []), title + text],
        "rows": rows,
        "look_again": reached,
    }
