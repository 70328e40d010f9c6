"""How a packet puts things in words. Plain functions of strings: no locale, no time zone, no settings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from .figures import Figures
from .schema import Recorded, Snapshot

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MOST_CHARACTERS: Final = 100_000
MOST_LINES: Final = 600
_KILO: Final = 1024
_WHOLE_FROM: Final = 10

STATES: Final = {
    "met": "✓ Met",
    "not_met": "✗ Not met",
    "not_applicable": "\N{EN DASH} Not applicable",
    "waived": "◐ Waived",
    "deferred": "→ Deferred",
    "unanswered": "○ Not answered",
}
# A shape beside each word: grades must be told apart in black and white, too.
GRADES: Final = {
    "machine": "■ machine",
    "witnessed": "◆ witnessed",
    "attested": "● attested",
    "asserted": "○ asserted",
}
EVIDENCE_FIGURES: Final = {
    "machine": "machine-verified",
    "witnessed": "witnessed",
    "attested": "attested",
    "asserted": "asserted",
}
STATE_FIGURES: Final = {
    "met": "met",
    "waived": "waived",
    "deferred": "deferred",
    "not_applicable": "not applicable",
    "not_met": "not met",
    "unanswered": "not answered",
}
FIT: Final = {
    "fits": "The checklist fits",
    "fits_with_cautions": "The checklist fits, with cautions",
    "does_not_fit": "The checklist does not fit",
}
FINDINGS: Final = {"open": "Open", "fixed": "Fixed, not verified", "verified": "Verified"}
OUTCOMES: Final = {"not_applicable": "not applicable"}
KINDS: Final = {"note": "note", "push": "pushed from CI", "probe_run": "probe run"}

# Characters that print nothing or turn the reading order of what follows: a name must not read as another.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]"
)
# Without a place to break, laying a run out takes time that grows with the square of its length.
_ENDLESS = re.compile(r"[^\s\u200b]{100}(?=[^\s\u200b])")


def clean(text: str) -> str:
    """Return `text` without unseen characters, and with a place to break in every 100 without a space."""
    return _ENDLESS.sub(lambda run: run.group() + "\u200b", _UNSEEN.sub("", text.replace("\r\n", "\n")))


def printed_part(text: str) -> tuple[str, str]:
    """Return as much of a long text as is printed, and in words what is left out ("" when nothing is)."""
    lines = text[:MOST_CHARACTERS].split("\n", MOST_LINES)
    printed = "\n".join(lines[:MOST_LINES])
    left = len(text) - len(printed)
    return printed, f"The last {left:,} characters of this text are" if left else ""


def line(text: str) -> str:
    """Return `text` cleaned and on one line."""
    return " ".join(clean(text).split())


def on_day(value: str) -> str:
    """Return the day of a date or timestamp of the snapshot: "23 Nov 2026"."""
    return f"{int(value[8:10])} {_MONTHS[int(value[5:7]) - 1]} {value[:4]}"


def at_minute(value: str) -> str:
    """Return a timestamp of the snapshot to the minute: "23 Nov 2026, 14:02 UTC"."""
    return f"{on_day(value)}, {value[11:16]} UTC"


def size(number: int) -> str:
    """Return a size in bytes in words; 1 KB is 1,024 bytes."""
    if number < _KILO:
        return f"{number} bytes"
    value, units = number / _KILO, ["MB", "KB"]
    while value >= _KILO and len(units) > 1:
        value, units = value / _KILO, units[:-1]
    return f"{value:.0f} {units[-1]}" if value >= _WHOLE_FROM else f"{value:.1f} {units[-1]}"


def short(digest: str, digits: int = 16) -> str:
    """Return the first digits of a hash; the whole of it is in the attached snapshot."""
    return digest[:digits]


def grouped(digest: str, by: int = 8) -> str:
    """Return a hash in groups, so that two people can compare it aloud."""
    return " ".join(digest[start : start + by] for start in range(0, len(digest), by))


def counted(number: int, one: str, many: str = "") -> str:
    """Return "1 waiver", "2 waivers"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def verdict(snapshot: Snapshot, waivers: int) -> str:
    """Return the verdict of the sign-off as the cover says it."""
    if snapshot.signoff.verdict == "ready_with_waivers":
        return f"Ready, with {counted(waivers, 'waiver')}"
    return "Ready" if snapshot.signoff.verdict == "ready" else "Not ready"


def items_in_words(figures: Figures) -> str:
    """Return "58 items: 53 met, 2 waived, 3 not applicable"."""
    parts = [f"{figures.states[key]} {word}" for key, word in STATE_FIGURES.items() if key in figures.states]
    return f"{counted(figures.items, 'item')}: {', '.join(parts)}" if parts else "no items"


def evidence_in_words(figures: Figures) -> str:
    """Return "112 pieces: 61 machine-verified, 5 witnessed, 40 attested, 6 asserted"."""
    parts = [
        f"{figures.evidence[key]} {word}" for key, word in EVIDENCE_FIGURES.items() if key in figures.evidence
    ]
    return f"{counted(figures.evidence_total, 'piece')}: {', '.join(parts)}" if parts else "none"


def recorded_line(values: Sequence[Recorded]) -> str:
    """Return recorded values on one line, each after its label."""
    return line(" · ".join(f"{value.label}: {value.text}" for value in values))


def sentences(*texts: str) -> str:
    """Return what people typed as one line of sentences, each with the full stop that it may lack."""
    found = [line(text).strip() for text in texts]
    return " ".join(text if text.endswith((".", "!", "?", "…")) else f"{text}." for text in found if text)
