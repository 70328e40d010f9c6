"""What teams call the tiers of an alert, and what the name of one says of what it reports."""

from __future__ import annotations

import re
from typing import Final

_TIERS: Final[dict[str, tuple[str, ...]]] = {
    "page": (
        *("page", "pager", "critical", "crit", "emergency", "disaster", "fatal", "urgent", "high"),
        *("p0", "p1", "sev0", "sev1", "sev-0", "sev-1", "s1"),
    ),
    "ticket": (
        *("ticket", "warning", "warn", "minor", "major", "medium", "moderate", "low", "average", "notify"),
        *("p2", "p3", "p4", "sev2", "sev3", "sev-2", "sev-3", "s2", "s3"),
    ),
    "suppress": ("suppress", "suppressed", "silenced", "muted", "none", "info", "notice", "debug", "p5"),
}
_ABOUT: Final = (
    (
        "running_out",
        r"cert\w*expir|expir\w*cert|disk|volume|filesystem|headroom|quota|capacity|endoflife|eol|spend|cost|budget(?!burn)|saturat",
    ),
    (
        "instance",
        r"crashloop|podrestart|restarting|instancedown|instancecrash|podnotready|oomkill|nodedown|containerkilled",
    ),
    ("downstream", r"upstream|downstream|thirdparty|dependency\w*(error|timeout)|retry|retries"),
    ("log", r"logerror|errorlog|logged|exceptioncount|loglevel"),
    (
        "resource",
        r"\bcpu|cpu(usage|high|throttl)|high(cpu|memory|load)|memory(usage|high|pressure)|loadaverage|goroutine|gcpause|threadcount",
    ),
)


def tier_of(word: str) -> str:
    """Return the tier that `word` (a severity or priority) stands for, or ""."""
    plain = word.strip().casefold()
    return next((tier for tier, words in _TIERS.items() if plain in words), "")


def about_of(name: str, summary: str = "") -> str:
    """Guess what an alert reports from its name: a value of the column `about`, or ""."""
    plain = re.sub(r"[^a-z]", "", name.casefold())
    if "budgetburn" in plain or "errorrate" in plain or "latency" in plain:
        return "symptom"
    found = next((about for about, pattern in _ABOUT if re.search(pattern, plain)), "")
    return found or ("instance" if re.search(r"crash-?loop", summary, re.IGNORECASE) else "")
