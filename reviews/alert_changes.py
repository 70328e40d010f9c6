"""What the inventory of alerts proposes to change elsewhere: as CSV and as a ticket. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from checklist.rules.alerts import alert_totals, counted, proposed_tier
from reviews.imports.csv import guarded

_HEAD: Final = ("Alert", "Tier now", "Do", "Tier then", "Fired, last 7 days", "Acted on", "Why", "Runbook")
_PARTS: Final = (
    ("delete", "Delete"),
    ("suppress", "Suppress"),
    ("downgrade", "Downgrade"),
    ("runbook", "Link a runbook"),
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One alert and what is to become of it: delete, suppress, downgrade, or runbook for one to be linked."""

    row: Mapping[str, Any]
    act: str
    reason: str

    @property
    def tier(self) -> str:
        """Its tier now."""
        return str(self.row.get("tier") or "")

    @property
    def tier_then(self) -> str:
        """Its tier afterwards; "" when it is deleted."""
        return proposed_tier(self.tier, self.act)


def proposals(rows: Sequence[Mapping[str, Any]], judged: Sequence[Mapping[str, Any]]) -> list[Proposal]:
    """Return what is to be changed, the weightiest first; `judged` are the verdicts that go with `rows`."""
    found = []
    for row, verdict in zip(rows, judged, strict=False):
        act = verdict.get("recommendation") or ""
        if act in ("", "keep"):
            if row.get("tier") != "page" or row.get("runbook"):
                continue
            act = "runbook"
        found.append(Proposal(row, act, " ".join(verdict.get("reasons", ()))))
    order = [act for act, _ in _PARTS]
    return sorted(found, key=lambda each: order.index(each.act))


def as_csv(found: Sequence[Proposal]) -> str:
    """The proposals as CSV with a byte order mark, for spreadsheets; no cell is run as a formula."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(_HEAD)
    words = dict(_PARTS)
    for each in found:
        row = each.row
        figures = (row.get("fired"), row.get("acted_on"))
        cells = (row.get("alert"), each.tier, words[each.act], each.tier_then, *figures, each.reason)
        writer.writerow([guarded("" if cell is None else str(cell)) for cell in (*cells, row.get("runbook"))])
    return "\ufeff" + buffer.getvalue()


def as_ticket(service: str, found: Sequence[Proposal], address: str) -> str:
    """The proposals as text for a ticket, in Markdown with a box to tick for each alert.

    Arguments: `service` the name of the service, `address` that of the inventory.
    """
    if not found:
        return f"The alerts of {service} need no change: {address}\n"
    totals = alert_totals([each.row for each in found], [each.act for each in found])
    lines = [
        f"# Clean up the alerts of {_plain(service)}",
        "",
        f"{counted(len(found), 'alert')} to change: {totals[:1].lower()}{totals[1:]} From {address}",
    ]
    for act, title in _PARTS:
        part = [each for each in found if each.act == act]
        if part:
            lines += ["", f"## {title}", ""]
            lines += [
                f"- [ ] **{_plain(each.row.get('alert'))}** ({each.tier or 'no tier'}): {each.reason}"
                for each in part
            ]
    lines += ["", "Done when each is changed where alerts are defined, and in the inventory.", ""]
    return "\n".join(lines)


def _plain(text: Any) -> str:
    """A name on one line that Markdown takes for text."""
    return re.sub(r"([\\`*_\[\]<>#])", r"\\\1", " ".join(str(text or "unnamed").split()))
