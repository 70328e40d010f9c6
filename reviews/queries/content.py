"""What an approval of a section stands for: its content, the digest of that, and differences."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import rfc8785

from reviews.models import Evidence, Waiver
from reviews.queries.sheet import ItemSheet, SectionSheet
from reviews.states import EvidenceKind, RunStatus, WaiverStatus

LABELS = {
    "applicable": "applies",
    "state": "answer",
    "note": "note",
    "reason": "reason",
    "trigger": "trigger",
    "data": "recorded values",
    "evidence": "evidence",
    "probes": "probe outcomes",
    "waiver": "waiver",
    "look_again": "decision to look at again",
}


def section_content(sheet: SectionSheet) -> dict[str, Any]:
    """Return what an approval rests on as plain JSON: answers, evidence, outcomes, waivers."""
    content: dict[str, Any] = {"items": {item.item.slug: _item_content(item) for item in sheet.items}}
    # Only while one is granted: an approval in its turn rests on no waiver of the order.
    if sheet.order_waiver is not None and sheet.order_waiver.status == WaiverStatus.GRANTED:
        content["order_waiver"] = _waiver_content(sheet.order_waiver)
    return content


def _item_content(item: ItemSheet) -> dict[str, Any]:
    answer = item.answer
    content = {
        "title": item.item.title,
        "applicable": answer.applicable,
        "state": answer.state,
        "note": answer.note,
        "reason": answer.reason,
        "trigger": answer.trigger,
        "data": answer.data,
        "evidence": [_evidence_content(row) for row in item.evidence],
        "probes": {run.probe: run.outcome for run in item.runs if run.status == RunStatus.DONE},
        "waiver": _waiver_content(item.waiver),
    }
    # Only while there is one: content without reopened decisions keeps the digest that it always had.
    reopened = answer.judgement.get("look_again")
    return {**content, "look_again": reopened} if reopened else content


def _evidence_content(row: Evidence) -> dict[str, Any]:
    if row.kind == EvidenceKind.PROBE_RUN:
        # Each run leaves a new piece. What an approval rests on is the outcome, which stands under `probes`.
        return {"kind": row.kind, "title": row.title}
    until = row.valid_until.isoformat() if row.valid_until else None
    content = {"kind": row.kind, "title": row.title, "sha256": row.sha256, "valid_until": until}
    # A deployment that bears a drill out raises its grade by a new piece with the same hash, which takes
    # nothing away from what was approved.
    return content if row.kind == EvidenceKind.DRILL else {"id": row.pk, **content}


def _waiver_content(waiver: Waiver | None) -> dict[str, Any] | None:
    if waiver is None:
        return None
    return {
        "id": waiver.pk,
        "status": waiver.status,
        "reason": waiver.reason,
        "compensating_control": waiver.compensating_control,
        "expires_on": waiver.expires_on.isoformat(),
    }


def digest_of(content: Any) -> str:
    """SHA-256 of the canonical JSON (RFC 8785) of `content`, as lower-case hex."""
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one item that is not what it was. `field` is in words for people."""

    item: str
    title: str
    field: str
    before: Any
    after: Any


def difference(before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    """Return what changed between two contents of one section, in the order of the newer one."""
    old, new = before["items"], after["items"]
    found: list[Difference] = []
    for slug in [*new, *(slug for slug in old if slug not in new)]:
        was, now = old.get(slug, {}), new.get(slug, {})
        title = (now or was)["title"]
        found.extend(
            Difference(slug, title, label, was.get(key), now.get(key))
            for key, label in LABELS.items()
            if was.get(key) != now.get(key)
        )
    order = (before.get("order_waiver"), after.get("order_waiver"))
    if order[0] != order[1]:
        found.append(Difference("", "This section", "waiver of the order", *order))
    return found
