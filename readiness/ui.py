"""The words, shapes and colours of statuses, and how sizes and times are put in words. Pure."""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal, NamedTuple

Tone = Literal["ok", "bad", "warn", "defer", "info", "quiet"]


class Status(NamedTuple):
    """How a status looks: a word, an icon of static/img/icons.svg and a tone. Colour never stands alone."""

    word: str
    icon: str
    tone: Tone
    moving: bool = False


STATUSES: Final[dict[str, Status]] = {
    # Answers
    "unanswered": Status("Not answered", "circle", "quiet"),
    "met": Status("Met", "check", "ok"),
    "not_met": Status("Not met", "x", "bad"),
    "not_applicable": Status("Not applicable", "dash", "quiet"),
    "waived": Status("Waived", "clock", "warn"),
    "deferred": Status("Deferred", "later", "defer"),
    # Sections and reviews
    "open": Status("Open", "circle", "quiet"),
    "locked": Status("Locked", "lock", "quiet"),
    "submitted": Status("Submitted", "eye", "info"),
    "approved": Status("Approved", "check", "ok"),
    "stale": Status("Stale", "stale", "warn"),
    "waiting": Status("Waiting", "clock", "quiet"),
    "draft": Status("Draft", "pencil", "quiet"),
    "in_review": Status("In review", "eye", "info"),
    "changes_requested": Status("Changes requested", "back", "warn"),
    "signed_off": Status("Signed off", "seal", "ok"),
    "withdrawn": Status("Withdrawn", "slash", "quiet"),
    "superseded": Status("Superseded", "layers", "quiet"),
    # Verdicts
    "ready": Status("Ready", "seal", "ok"),
    "ready_with_waivers": Status("Ready, with waivers", "clock", "warn"),
    "not_ready": Status("Not ready", "x", "bad"),
    "not_reviewed": Status("Not reviewed", "circle", "quiet"),
    # The register, and the fit check
    "reopened": Status("Look again", "triangle", "warn"),
    "adopted": Status("Adopted", "check", "ok"),
    "closed": Status("Closed", "slash", "quiet"),
    "recorded": Status("Waits for a signature", "clock", "info"),
    "signed": Status("Signed", "seal", "ok"),
    "fits": Status("Fits", "check", "ok"),
    "fits_with_cautions": Status("Fits, with cautions", "triangle", "warn"),
    "does_not_fit": Status("Does not fit", "slash", "bad"),
    # Outcomes of probes, and their runs
    "pass": Status("Pass", "check", "ok"),
    "warn": Status("Warning", "triangle", "warn"),
    "fail": Status("Fail", "x", "bad"),
    "unknown": Status("Unknown", "question", "quiet"),
    "error": Status("Probe error", "bolt", "warn"),
    "queued": Status("Queued", "clock", "quiet"),
    "running": Status("Running", "spinner", "info", moving=True),
    # Waivers, findings, packets, checklists
    "asked": Status("Asked for", "clock", "info"),
    "granted": Status("Granted", "check", "ok"),
    "refused": Status("Refused", "x", "bad"),
    "expired": Status("Expired", "stale", "bad"),
    "verified": Status("Verified", "check", "ok"),
    "blocking": Status("Blocking", "stop", "bad"),
    "published": Status("Published", "seal", "ok"),
    "done": Status("Done", "check", "ok"),
    "failed": Status("Failed", "x", "bad"),
}

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_KILO = 1024
_WHOLE_FROM = 10  # from here on no decimals


def relative_words(value: dt.datetime, now: dt.datetime, limit_days: int = 7) -> str:
    """How long ago, or how far ahead, in words: "12 min ago", "in 3 days". "" beyond `limit_days`."""
    seconds = (now - value).total_seconds()
    distance = abs(seconds)
    if distance < _MINUTE:
        return "just now" if seconds >= 0 else "in a moment"
    if distance >= limit_days * _DAY:
        return ""
    if distance < _HOUR:
        words = f"{int(distance // _MINUTE)} min"
    elif distance < _DAY:
        words = f"{int(distance // _HOUR)} h"
    else:
        days = int(distance // _DAY)
        words = "1 day" if days == 1 else f"{days} days"
    return f"{words} ago" if seconds >= 0 else f"in {words}"


def size_words(number: int) -> str:
    """A size in bytes as "312 bytes", "1.4 KB", "20 MB"; 1 KB is 1,024 bytes."""
    if number < _KILO:
        return "1 byte" if number == 1 else f"{number} bytes"
    size = float(number)
    for unit in ("KB", "MB", "GB"):
        size /= _KILO
        if size < _KILO or unit == "GB":
            break
    return f"{size:.0f} {unit}" if size >= _WHOLE_FROM or size == int(size) else f"{size:.1f} {unit}"


_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser_words(user_agent: str) -> str:
    """A browser's User-Agent in a few words: "Firefox on Windows"; its beginning if it is unknown."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or user_agent[:60] or "Unknown browser"


def initials_of(name: str) -> str:
    """Up to two letters for an avatar."""
    words = name.replace("@", " ").split()
    return "".join(word[0] for word in words[:2]).upper()
