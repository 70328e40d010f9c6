"""What working a recurrence out would cost, told from the rule itself, before anything is worked out.

The libraries walk a rule from its first day, step by step. What passes the bounds here takes about two
seconds at most.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from icalendar import Event

from checklist.rules.rota import Span
from reviews.imports.rows import Problem

# All series of a file together. The libraries take about 15 µs for a step, 200 µs for an occurrence.
MAX_STEPS: Final = 100_000
# Occurrences of one series within the days that are read.
MAX_EXPECTED: Final = 5_000
MAX_DATES: Final = 2_000
_EARLIEST: Final = date(1990, 1, 1)
_LONGEST: Final = timedelta(days=400)
_HOURS: Final = 24
_WEEK: Final = 7
TOO_OFTEN: Final = (
    "It repeats too often to be worked out. A turn on call lasts days: check the rule, or let it begin later."
)
_FREQUENCIES: Final = {"HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_NO_TURN: Final = {"SECONDLY": "second", "MINUTELY": "minute"}
_SPLITS_DAY: Final = ("BYHOUR", "BYMINUTE", "BYSECOND")
# By these a rule may name days that never come. Only here are they worked out, at this many steps.
_SEARCHED: Final = {"MONTHLY": 40_000, "YEARLY": 12_000}
_NARROWS: Final = ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS")
_ZONE_RULE: Final = re.compile(r"RRULE[^:\n]*:(.*)$", re.IGNORECASE)


def too_costly(event: Event, span: Span) -> tuple[str, int]:
    """Say why an event's recurrence is not worked out, "" when it may be; and how many steps that takes."""
    rules = [*_listed(event.get("RRULE")), *_listed(event.get("EXRULE"))]
    dates = sum(len(each.dts) for name in ("RDATE", "EXDATE") for each in _listed(event.get(name)))
    starts = _start(event)
    why = next((_refused_rule(rule) for rule in rules if _refused_rule(rule)), "")
    if dates > MAX_DATES:
        why = f"It lists {dates:,} single dates; at most {MAX_DATES:,} are read."
    elif starts is None:
        why = "DTSTART is no date. Correct it, or export the calendar again."
    elif rules and starts.date() < _EARLIEST:
        why = f"It repeats since {starts.year}. Let the series begin later."
    elif rules and _length(event) > _LONGEST:
        why = "It repeats and each time lasts over a year: that is no turn. Correct its end."
    if why or starts is None:
        return why, 0
    days = max(0, (span.ends_at - starts).days) + 1
    within = (span.length + _length(event)).days + 1
    steps = sum(_steps(rule, days) + _search(rule) for rule in rules)
    expected = sum(_steps(rule, within) for rule in rules)
    return (TOO_OFTEN, 0) if steps > MAX_STEPS or expected > MAX_EXPECTED else ("", steps)


def _refused_rule(rule: Any) -> str:
    frequency = _frequency(rule)
    if frequency in _NO_TURN:
        return f"It repeats every {_NO_TURN[frequency]}: that is no turn on call. Correct FREQ."
    if frequency not in _FREQUENCIES:
        return "Its rule has no FREQ that is known, such as WEEKLY."
    interval = _first(rule, "INTERVAL")
    if interval != "" and (not isinstance(interval, int) or interval < 1):
        return "Its INTERVAL has to be 1 or more: with 0 it never gets on. Correct it."
    only_some = any(rule.get(name) for name in _NARROWS)
    skips = frequency != "WEEKLY" and _first(rule, "INTERVAL") not in ("", 1)
    if frequency not in _SEARCHED and (only_some or (skips and rule.get("BYDAY"))):
        return "It repeats on certain days only, which may never come. Let it repeat every few weeks instead."
    return ""


def _frequency(rule: Any) -> str:
    return str(_first(rule, "FREQ")).upper()


def _search(rule: Any) -> int:
    """What it takes to find that a day such as 30 February never comes: the search ends in the year 9999."""
    return _SEARCHED.get(_frequency(rule), 0) if any(rule.get(name) for name in _NARROWS) else 0


def _steps(rule: Any, days: int) -> int:
    """How many days or hours a rule is walked through in `days` days; every nth of them is a step too."""
    each_day = 1
    for name in _SPLITS_DAY:
        each_day *= max(1, len(_listed(rule.get(name))))
    if _frequency(rule) == "HOURLY":
        each_day *= _HOURS
    if _frequency(rule) == "WEEKLY":
        weeks = days // _WEEK + 1
        return weeks * max(1, len(_listed(rule.get("BYDAY")))) * each_day
    return days * each_day


def end_the_endless(event: Event, ends_at: datetime) -> None:
    """Give a rule without an end the end of the days that are read, so that no search goes on beyond them."""
    rules = _listed(event.get("RRULE"))
    for rule in rules:
        if not rule.get("COUNT") and not rule.get("UNTIL"):
            rule["UNTIL"] = [_until(event, ends_at)]


def _until(event: Event, ends_at: datetime) -> date | datetime:
    """UNTIL has to be of the kind that DTSTART is: a day, a time, or a time in UTC."""
    starts = event.decoded("DTSTART")
    if not isinstance(starts, datetime):
        return ends_at.date() + timedelta(days=1)
    if starts.tzinfo is None:
        return ends_at.replace(tzinfo=None) + timedelta(days=1)
    return ends_at.astimezone(UTC)


def costly_zone(text: str) -> Problem | None:
    """Refuse definitions of time zones that change more often than once a month: they too are worked out."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        upper = line.strip().upper()
        if upper in ("BEGIN:VTIMEZONE", "END:VTIMEZONE"):
            inside = upper.startswith("BEGIN")
        rule = _ZONE_RULE.match(line) if inside else None
        if rule and re.search(r"INTERVAL=[-+]?0*(;|$|\s)", rule[1], re.IGNORECASE):
            return Problem(
                number, "VTIMEZONE", "Its INTERVAL has to be 1 or more. Export the calendar again."
            )
        if rule and not re.search(r"FREQ=(YEARLY|MONTHLY)\b", rule[1], re.IGNORECASE):
            message = "This time zone changes more than once a month. Export the calendar again."
            return Problem(number, "VTIMEZONE", message)
    return None


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _first(rule: Any, name: str) -> Any:
    values = _listed(rule.get(name))
    return values[0] if values else ""


def _start(event: Event) -> datetime | None:
    return _aware(event.decoded("DTSTART"))


def _aware(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.combine(value, time(), UTC) if isinstance(value, date) else None


def _length(event: Event) -> timedelta:
    if "DURATION" in event:
        found = event.decoded("DURATION")
        return found if isinstance(found, timedelta) else timedelta()
    starts, ends = _start(event), _aware(event.decoded("DTEND")) if "DTEND" in event else None
    return max(timedelta(), ends - starts) if starts and ends else timedelta(days=1)
