"""Who is on call, and as what, from the title of a calendar's event: each paging tool has its own way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from icalendar import Event

from checklist.rules.rota import Role

MAX_NAME: Final = 120
_SECOND: Final = re.compile(r"\b(secondary|second|backup|back-up|l2|level[ -]?2|tier[ -]?2)\b", re.IGNORECASE)
# Words that say what the event is, not who it is about.
_NOISE: Final = re.compile(
    r"\b(on[ -]?call|oncall|primary|secondary|backup|back-up|first|second|level[ -]?[12]|tier[ -]?[12]|l[12]"
    r"|is|rotation|schedule|shift|engineer|pager(duty)?|opsgenie|duty)\b",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"^(?:mailto:)?([^@\s]+)@[^@\s]+$", re.IGNORECASE)
_PARTS: Final = re.compile(r"\s+[-\u2013\u2014|/]\s+|\s*[:;]\s+|\s*[()\[\]]\s*|\s*,\s+")
_EDGES: Final = " -\u2013\u2014:;|/,.()[]\"'"


def title_of(event: Event) -> str:
    """The event's title on one line."""
    return " ".join(_printable(str(event.get("SUMMARY") or "")).split())


def reader(calendar_name: str) -> Callable[[Event], tuple[str, Role]]:
    """Return a function that tells person ("" when nobody is named) and role of an event of this calendar."""
    by_calendar: Role = "secondary" if _SECOND.search(calendar_name) else "primary"
    known = {_key(part) for part in [calendar_name, *_PARTS.split(calendar_name)]} - {""}

    def read(event: Event) -> tuple[str, Role]:
        title = title_of(event)
        role: Role = "secondary" if _SECOND.search(title) else by_calendar
        return (_person(title, known) or _attendee(event))[:MAX_NAME].strip(), role

    return read


def _person(title: str, known: set[str]) -> str:
    """The first part of the title that is a name: not the calendar's name, not words such as “on call”."""
    for part in _PARTS.split(title):
        name = _NOISE.sub(" ", part).strip(_EDGES)
        name = " ".join(name.split())
        if name and _key(part) not in known and _key(name) not in known:
            return _shown(name)
    return ""


def _attendee(event: Event) -> str:
    """The name of the only person invited, where the title names nobody."""
    invited: Any = event.get("ATTENDEE") or []
    people = invited if isinstance(invited, list) else [invited]
    if len(people) != 1:
        return ""
    named = str(getattr(people[0], "params", {}).get("CN", ""))
    return _shown(" ".join(_printable(named or str(people[0])).split()))


def _shown(name: str) -> str:
    """A name to show: of an address only the part before the @, made a name; nobody needs the address."""
    found = _ADDRESS.match(name)
    if not found:
        return name
    words = re.split(r"[._-]+", found[1].split("+")[0])
    return " ".join(word.capitalize() for word in words if word)


def _key(text: str) -> str:
    return " ".join(_NOISE.sub(" ", text).split()).strip(_EDGES).casefold()


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
