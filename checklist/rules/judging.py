"""Judging attestations, measures and drills against their specs. Pure functions."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from checklist.rules.judgement import Judgement
from checklist.rules.rows import check_number, clean_row, read_moment
from checklist.rules.specs import AttestationSpec, DrillSpec, MeasureSpec

SpecData = Mapping[str, Any]

_CLOCK_SKEW: Final = timedelta(minutes=5)
_BETWEEN_COMMANDS: Final = {";", ";;", "&", "&&", "||", "\n"}


def judge_attestation(spec: SpecData, note: str) -> Judgement:
    """Whether “met” may be said with this note: the note must be there where the spec requires it."""
    attestation = AttestationSpec.model_validate(dict(spec))
    if attestation.note_required and not note.strip():
        return Judgement("not_met", [f"Write down in the note: {attestation.note_label}."])
    return Judgement("met", [])


def judge_measure(spec: SpecData, number: float | Decimal | None) -> Judgement:
    """Judge a number, in the spec's unit, against limit and target. None: nothing was measured yet."""
    measure = MeasureSpec.model_validate(dict(spec))
    try:
        value = check_number(
            float(number) if isinstance(number, Decimal) else number, integer=measure.integer
        )
    except ValueError as error:
        return Judgement("not_met", [str(error)])
    exact, said = Decimal(str(value)), f"{value:,} {measure.unit}"
    if measure.limit is None:
        return Judgement("met", [f"Recorded: {said}."])
    sign = 1 if measure.direction == "at_least" else -1
    at, beyond = ("at least", "fewer") if sign == 1 else ("at most", "more")
    if (exact - Decimal(str(measure.limit))) * sign < 0:
        return Judgement("not_met", [f"{said}; {at} {measure.limit:,} needed."])
    if measure.target is not None and (exact - Decimal(str(measure.target))) * sign < 0:
        return Judgement("warn", [f"{said} is enough, but {beyond} than the target of {measure.target:,}."])
    return Judgement("met", [f"{said}; {at} {measure.limit:,} needed."])


def judge_drill(spec: SpecData, record: Mapping[str, Any], *, now: datetime) -> Judgement:
    """Judge the record of a drill. Every reason it is not met is given, not only the first.

    The record holds operator, witness, started_at and finished_at (ISO 8601), outcome (passed or failed),
    log, answers and grades (right or wrong, by question slug), commands (a text or a list), fields (by key)
    and the title of the result as artifact. `now` must be aware.
    """
    drill = DrillSpec.model_validate(dict(spec))
    duration, problems = _duration(record, now)
    problems += _people_and_outcome(record)
    if duration is not None:
        problems += _time_limits(drill, duration, read_moment(record.get("finished_at")), now)
    problems += _questions(drill, record.get("answers") or {}, record.get("grades") or {})
    if drill.max_commands is not None:
        problems += _commands(drill.max_commands, record.get("commands"))
    problems += _fields(drill, record.get("fields") or {}, duration)
    if drill.artifact and not str(record.get("artifact") or "").strip():
        problems.append(f"Attach {drill.artifact}.")
    if problems or duration is None:
        return Judgement("not_met", problems)
    return Judgement("met", [f"Passed in {duration_in_words(duration.total_seconds())}."])


def _duration(record: Mapping[str, Any], now: datetime) -> tuple[timedelta | None, list[str]]:
    started, finished = read_moment(record.get("started_at")), read_moment(record.get("finished_at"))
    if started is None or finished is None:
        return None, ["Record when the drill started and when it finished."]
    if finished < started:
        return None, ["The drill cannot finish before it starts."]
    if finished > now + _CLOCK_SKEW:
        return None, ["The drill cannot finish in the future."]
    return finished - started, []


def _questions(drill: DrillSpec, answers: Mapping[str, Any], grades: Mapping[str, Any]) -> list[str]:
    problems = []
    for question in drill.questions:
        if not str(answers.get(question.slug) or "").strip():
            problems.append(f"No answer to “{question.text}”")
        elif grades.get(question.slug) == "wrong":
            problems.append(f"The answer to “{question.text}” was wrong.")
        elif grades.get(question.slug) != "right":
            problems.append(f"The witness has not graded the answer to “{question.text}”")
    return problems


def _people_and_outcome(record: Mapping[str, Any]) -> list[str]:
    operator, witness = (str(record.get(key) or "").strip() for key in ("operator", "witness"))
    problems = []
    if not operator:
        problems.append("Say who ran it.")
    if not witness:
        problems.append("Say who watched.")
    elif operator.casefold() == witness.casefold():
        problems.append("Somebody else than the person who ran it must watch.")
    if record.get("outcome") == "failed":
        problems.append("The drill failed.")
    elif record.get("outcome") != "passed":
        problems.append("Say whether the drill passed or failed.")
    return problems


def _time_limits(
    drill: DrillSpec, duration: timedelta, finished: datetime | None, now: datetime
) -> list[str]:
    problems = []
    seconds = duration.total_seconds()
    if drill.max_seconds is not None and seconds > drill.max_seconds:
        problems.append(
            f"It took {duration_in_words(seconds)}; the limit is {duration_in_words(drill.max_seconds)}."
        )
    if drill.under_seconds is not None and seconds >= drill.under_seconds:
        limit = duration_in_words(drill.under_seconds)
        problems.append(f"It took {duration_in_words(seconds)}; it must take under {limit}.")
    if drill.max_age_days is not None and finished is not None:
        age = now - finished
        if age > timedelta(days=drill.max_age_days):
            problems.append(f"It is {age.days} days old; at most {drill.max_age_days} count. Do it again.")
    return problems


def _commands(limit: int, commands: Any) -> list[str]:
    text = "\n".join(commands) if isinstance(commands, list) else str(commands or "")
    count = count_commands(text)
    if count == 0:
        return ["Write down the command that was run."]
    if count > limit:
        return [f"It took {count} commands; at most {limit}. Put them into one script or job."]
    return []


def count_commands(text: str) -> int:
    """How many commands a shell text holds. Pipes make one command; `&&`, `||`, `;` and new lines several."""
    count = 0
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        try:
            tokens = list(lexer)
        except ValueError:  # an open quote: count the line as one command
            tokens = [line]
        in_command = False
        for token in tokens:
            starts = token not in _BETWEEN_COMMANDS
            count += starts and not in_command
            in_command = starts
    return count


def _fields(drill: DrillSpec, raw: Mapping[str, Any], duration: timedelta | None) -> list[str]:
    row, errors = clean_row(drill.fields, raw)
    labels = {field.key: field.label for field in drill.fields}
    problems = [f"{labels.get(key, key)}: {message}" for key, message in errors.items()]
    problems += [
        f"{labels[key]}: no." for key in drill.must_be_true if key not in errors and row[key] is not True
    ]
    for objective in drill.objectives:
        declared = row.get(objective.declared)
        measured = row.get(objective.measured)
        if objective.measured == "duration":
            measured = None if duration is None else duration.total_seconds() / 60
        if isinstance(declared, int | float) and isinstance(measured, int | float) and measured > declared:
            problems.append(f"{objective.label}: {measured:,.4g} minutes, declared {declared:,.4g}.")
    return problems


def duration_in_words(seconds: float) -> str:
    """A duration as "45 seconds" or "6 min 12 s"."""
    # Up to the next tenth: what is over a limit must read as over it.
    minutes, tenths = divmod(math.ceil(round(seconds * 10, 6)), 600)
    rest = f"{tenths / 10:g}"
    if not minutes:
        return f"{rest} second{'' if rest == '1' else 's'}"
    return f"{minutes} min {rest} s" if tenths else f"{minutes} minute{'s' if minutes > 1 else ''}"
