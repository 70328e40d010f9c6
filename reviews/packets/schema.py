"""The snapshot, schema version 1: everything a packet shows, frozen when a review is signed off.

The stored bytes are canonical JSON (RFC 8785), so equal content has equal bytes and one SHA-256. Every field
is always present. Names of people are kept as they were at the time: a packet outlives the accounts in it.

Conventions: times are RFC 3339 in UTC with `Z`, days are `YYYY-MM-DD`, hashes are lower-case hex without a
prefix, measured numbers are decimal strings (binary fractions would not survive another language's parser).
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import rfc8785
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError

SCHEMA_VERSION = 1

Timestamp = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

ItemState = Literal["met", "not_met", "not_applicable", "waived", "deferred", "unanswered"]
Grade = Literal["machine", "witnessed", "attested", "asserted"]
OutcomeName = Literal["pass", "warn", "fail", "unknown", "error", "not_applicable"]
Severity = Literal["blocker", "advisory"]
ItemKind = Literal["attestation", "measure", "drill", "inventory", "register"]
FindingState = Literal["open", "fixed", "verified"]
SignOffVerdict = Literal["ready", "ready_with_waivers", "not_ready"]


class UnreadableSnapshotError(ValueError):
    """The bytes are not a snapshot that this version can read; the message says why."""


class Frozen(BaseModel):
    """A part of a snapshot: no unknown fields, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Generator(Frozen):
    """The program that froze the snapshot."""

    name: str
    version: str


class ServiceRecord(Frozen):
    """The reviewed Service as it was at sign-off."""

    slug: str
    name: str
    team: str
    tier: str
    description: str
    production_url: str
    repository_url: str


class ReviewRecord(Frozen):
    """Which Review this is."""

    number: int = Field(ge=1)
    url: str
    started_at: Timestamp
    started_by: str


class ChecklistRecord(Frozen):
    """The published ChecklistVersion that was answered."""

    slug: str
    title: str
    version: int = Field(ge=1)
    content_hash: Sha256


class FactRecord(Frozen):
    """One profile fact, with the label and the words that readers saw."""

    name: str
    label: str
    value: bool | int | str | None
    words: str


class Fit(Frozen):
    """The fit check's verdict with its reasons."""

    verdict: Literal["fits", "fits_with_cautions", "does_not_fit"]
    reasons: tuple[str, ...] = ()


class Judgement(Frozen):
    """What the rules said of an answer's data; `verdict` is empty where an item has no rule."""

    verdict: str = ""
    reasons: tuple[str, ...] = ()


class EvidenceRecord(Frozen):
    """One piece of Evidence that stood at sign-off (superseded pieces are in the audit trail)."""

    id: str
    kind: str
    grade: Grade
    title: str
    url: str = ""
    body: str = ""
    file_name: str = ""
    size: int | None = Field(default=None, ge=0)
    sha256: Sha256 | None = None
    media_type: str = ""
    added_by: str
    added_at: Timestamp
    observed_on: Day
    valid_until: Day | None = None
    outcome: OutcomeName | None = None


class ProbeRunRecord(Frozen):
    """The latest finished run of one Probe for an Item."""

    probe: str
    title: str
    version: str
    outcome: OutcomeName
    summary: str
    finished_at: Timestamp
    facts_hash: str = ""
    config_hash: str = ""


class Ruling(Frozen):
    """A reviewer's decision where a person and a Probe disagreed."""

    probe: str
    decision: str
    reason: str
    by: str
    at: Timestamp


class WaiverRecord(Frozen):
    """Permission to launch with an Item not met."""

    reason: str
    compensating_control: str
    requested_by: str
    approved_by: str
    approved_at: Timestamp
    expires_on: Day


class DeferralRecord(Frozen):
    """A deliberate "not yet" with the trigger that says when to look again."""

    reason: str
    trigger: str


class Recorded(Frozen):
    """One recorded value as a reader sees it: with the item's own label, written out."""

    label: str
    text: str


class DrillRecord(Frozen):
    """One drill that ended. All are listed; `counts` marks the one that decided the answer.

    `standing` says how well it is borne out, `borne_out_by` which deployment did so.
    """

    id: int
    ended_at: Timestamp
    stopped_at: Timestamp | None = None
    duration_ms: int | None = Field(default=None, ge=0)
    took: str = ""
    runner: str
    witness: str
    source: str
    outcome: str = ""
    verdict: str = ""
    standing: str
    counts: bool = False
    borne_out_by: str = ""
    why: str = ""


class ItemRecord(Frozen):
    """An Item, its Answer and all that the Answer rests on. `note` is Markdown as typed.

    `data` is what was recorded, for programs; `recorded` is the same for readers: a line for the plain
    values and one for each row, in the order of the checklist.
    """

    slug: str
    title: str
    severity: Severity
    kind: ItemKind
    applicable: bool
    not_applicable_reason: str = ""
    state: ItemState
    note: str = ""
    reason: str = ""
    data: dict[str, JsonValue] = Field(default_factory=dict)
    recorded: tuple[tuple[Recorded, ...], ...] = ()
    judgement: Judgement = Judgement()
    answered_by: str = ""
    answered_at: Timestamp | None = None
    evidence: tuple[EvidenceRecord, ...] = ()
    probe_runs: tuple[ProbeRunRecord, ...] = ()
    drills: tuple[DrillRecord, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    waiver: WaiverRecord | None = None
    deferral: DeferralRecord | None = None


class ApprovalRecord(Frozen):
    """A reviewer's acceptance of one Section at one content digest."""

    by: str
    roles: tuple[str, ...] = ()
    at: Timestamp
    note: str = ""
    digest: Sha256


class FindingRecord(Frozen):
    """A gap that a reviewer raised in a Section; `item` is a slug, empty for the Section as a whole."""

    title: str
    detail: str = ""
    blocking: bool
    status: FindingState
    item: str = ""
    owner: str = ""
    due_on: Day | None = None
    raised_by: str
    raised_at: Timestamp
    fix_note: str = ""
    fixed_by: str = ""
    fixed_at: Timestamp | None = None
    verified_by: str = ""
    verified_at: Timestamp | None = None


class SectionRecord(Frozen):
    """A Section in checklist order; `digest` is the content digest that its approvals hold.

    `order_waiver` is the permission to approve it before the Sections in front of it.
    """

    position: int = Field(ge=1)
    slug: str
    title: str
    question: str = ""
    items: tuple[ItemRecord, ...]
    approvals: tuple[ApprovalRecord, ...] = ()
    findings: tuple[FindingRecord, ...] = ()
    order_waiver: WaiverRecord | None = None
    digest: Sha256


class SignOffRecord(Frozen):
    """The accountable person's decision on the whole Review at one content digest."""

    by: str
    at: Timestamp
    verdict: SignOffVerdict
    note: str = ""
    digest: Sha256


class ValidUntil(Frozen):
    """The first day on which something that the sign-off rests on goes stale, and what."""

    date: Day
    reason: str


class EventRecord(Frozen):
    """One Event with all that its hash covers, so that the chain can be checked without the server."""

    seq: int = Field(ge=1)
    at: Timestamp
    actor_id: int | None = None
    actor: str
    verb: str
    section: str = ""
    item: str = ""
    summary: str
    data: dict[str, JsonValue] = Field(default_factory=dict)
    hash: Sha256


class EventTrail(Frozen):
    """The review's whole chain of Events up to the sign-off, oldest first; `head` is the last link's hash."""

    stream: str
    service_id: int
    review_id: int
    head: Sha256
    entries: tuple[EventRecord, ...] = ()


class Snapshot(Frozen):
    """The whole snapshot. Counts are never stored: `reviews.packets.figures` computes them."""

    schema_version: Literal[1] = 1
    generator: Generator
    service: ServiceRecord
    review: ReviewRecord
    checklist: ChecklistRecord
    facts: tuple[FactRecord, ...] = ()
    fit: Fit
    sections: tuple[SectionRecord, ...]
    signoff: SignOffRecord
    valid_until: ValidUntil | None = None
    events: EventTrail


def timestamp(moment: datetime) -> str:
    """Return an aware `moment` as RFC 3339 in UTC with `Z`; microseconds are kept when there are any.

    Raises ValueError for a naive datetime: its zone would be a guess.
    """
    if moment.tzinfo is None:
        raise ValueError("A snapshot needs aware datetimes; this one has no time zone.")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def day(value: date) -> str:
    """Return `value` as YYYY-MM-DD."""
    return value.isoformat()


def canonical(snapshot: Snapshot) -> bytes:
    """Return the canonical JSON (RFC 8785) of `snapshot`: equal content, equal bytes.

    Raises ValueError where JSON cannot carry a value exactly (an integer beyond 2**53, a lone surrogate).
    """
    return rfc8785.dumps(snapshot.model_dump(mode="json"))


def content_hash(content: bytes) -> str:
    """Return the SHA-256 of the stored bytes as lower-case hex."""
    return hashlib.sha256(content).hexdigest()


def parse(content: bytes) -> Snapshot:
    """Read a snapshot from its stored bytes.

    Raises UnreadableSnapshotError when the bytes are not JSON, are of another schema version, or break the
    schema; the message names the first field that is wrong.
    """
    try:
        raw: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnreadableSnapshotError(f"This is not a snapshot: it is not JSON ({error}).") from error
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if type(version) is not int:
        raise UnreadableSnapshotError("This is not a snapshot: it has no schema version.")
    if version != SCHEMA_VERSION:
        raise UnreadableSnapshotError(
            f"This snapshot has schema version {version}; this program reads version {SCHEMA_VERSION}. "
            "Use the version of Readiness that made it, or a newer one."
        )
    try:
        return Snapshot.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "snapshot"
        raise UnreadableSnapshotError(f"This snapshot is damaged: {where}: {first['msg']}.") from error
