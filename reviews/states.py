"""The life of a review as plain data: statuses, and which verb is possible in which status.

Source of the rules: the life of a review in docs/product.md. Rights are another matter: see `permissions`.
"""

from __future__ import annotations

from typing import Final

from django.db.models import TextChoices


class ReviewStatus(TextChoices):
    """Where a whole review stands."""

    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    SIGNED_OFF = "signed_off", "Signed off"
    WITHDRAWN = "withdrawn", "Withdrawn"
    SUPERSEDED = "superseded", "Superseded"


class SectionStatus(TextChoices):
    """Where one section of a review stands."""

    OPEN = "open", "Open"
    SUBMITTED = "submitted", "Submitted"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    APPROVED = "approved", "Approved"
    STALE = "stale", "Stale"


class AnswerState(TextChoices):
    """What the team says about an item."""

    UNANSWERED = "unanswered", "Not answered"
    MET = "met", "Met"
    NOT_MET = "not_met", "Not met"
    NOT_APPLICABLE = "not_applicable", "Not applicable"
    WAIVED = "waived", "Waived"
    DEFERRED = "deferred", "Deferred"


class EvidenceKind(TextChoices):
    """How a proof came to be."""

    LINK = "link", "Link"
    FILE = "file", "File"
    NOTE = "note", "Note"
    PROBE_RUN = "probe_run", "Probe run"
    DRILL = "drill", "Drill"
    PUSH = "push", "Pushed from CI"


class EvidenceGrade(TextChoices):
    """How strong a proof is, strongest first."""

    MACHINE = "machine", "Machine-verified"
    WITNESSED = "witnessed", "Witnessed"
    ATTESTED = "attested", "Attested"
    ASSERTED = "asserted", "Asserted"


class WaiverStatus(TextChoices):
    """Where a waiver stands. Only a granted one lets an item or a section pass."""

    REQUESTED = "requested", "Asked for"
    GRANTED = "granted", "Granted"
    REFUSED = "refused", "Refused"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"


class FindingStatus(TextChoices):
    """Where a finding stands. Only `verified` closes it."""

    OPEN = "open", "Open"
    FIXED = "fixed", "Fixed, to be verified"
    VERIFIED = "verified", "Verified"


class RunStatus(TextChoices):
    """Where a probe run stands."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"


class DrillStatus(TextChoices):
    """Where a drill stands. Graded and abandoned ones are history and never change."""

    READY = "ready", "Ready to start"
    RUNNING = "running", "Running"
    STOPPED = "stopped", "To be graded"
    GRADED = "graded", "Graded"
    ABANDONED = "abandoned", "Abandoned"


class DrillSource(TextChoices):
    """Where the record of a drill comes from."""

    PAGE = "page", "Run here"
    RECORDED = "recorded", "Recorded afterwards"


class DeploymentKind(TextChoices):
    """What a pipeline did."""

    DEPLOY = "deploy", "Deploy"
    ROLLBACK = "rollback", "Rollback"


class PacketStatus(TextChoices):
    """Where the rendering of a packet stands."""

    QUEUED = "queued", "Queued"
    RENDERING = "rendering", "Rendering"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Verdict(TextChoices):
    """The accountable person's decision."""

    READY = "ready", "Ready"
    READY_WITH_WAIVERS = "ready_with_waivers", "Ready, with waivers"
    NOT_READY = "not_ready", "Not ready"


class RulingDecision(TextChoices):
    """Whom a reviewer believes when a person and a probe disagree."""

    PERSON = "person", "The answer stands"
    PROBE = "probe", "The probe is right"


class DeferralState(TextChoices):
    """Where a decision of the register stands. `reopened`: its trigger was reached; decide again."""

    DEFERRED = "deferred", "Deferred"
    REOPENED = "reopened", "Look again"
    ADOPTED = "adopted", "Adopted"
    CLOSED = "closed", "Closed"


class FitCheckStatus(TextChoices):
    """Where the record that a checklist does not fit stands."""

    RECORDED = "recorded", "Waits for a signature"
    SIGNED = "signed", "Signed"
    WITHDRAWN = "withdrawn", "Withdrawn"
    SUPERSEDED = "superseded", "Superseded"


LIVE_FIT_CHECK: Final = frozenset({FitCheckStatus.RECORDED.value, FitCheckStatus.SIGNED.value})
OPEN_REVIEW: Final = frozenset(
    {ReviewStatus.DRAFT.value, ReviewStatus.IN_REVIEW.value, ReviewStatus.CHANGES_REQUESTED.value}
)
DECIDED: Final = frozenset(
    {
        AnswerState.MET.value,
        AnswerState.NOT_MET.value,
        AnswerState.NOT_APPLICABLE.value,
        AnswerState.WAIVED.value,
        AnswerState.DEFERRED.value,
    }
)
# What a member may set by hand. `waived` comes only from a granted waiver.
ANSWERABLE: Final = DECIDED - {AnswerState.WAIVED.value} | {AnswerState.UNANSWERED.value}
# A blocker in one of these does not stand in the way of its section.
PASSING: Final = frozenset(
    {
        AnswerState.MET.value,
        AnswerState.NOT_APPLICABLE.value,
        AnswerState.WAIVED.value,
        AnswerState.DEFERRED.value,
    }
)

# verb -> review statuses in which it is possible
REVIEW_VERBS: Final[dict[str, frozenset[str]]] = {
    "answer.save": OPEN_REVIEW,
    "evidence.add": OPEN_REVIEW,
    "evidence.withdraw": OPEN_REVIEW,
    "probe.run": OPEN_REVIEW,
    "section.submit": OPEN_REVIEW,
    "section.approve": OPEN_REVIEW,
    "section.request_changes": OPEN_REVIEW,
    "waiver.request": OPEN_REVIEW,
    "waiver.decide": OPEN_REVIEW,
    "waiver.withdraw": OPEN_REVIEW,
    "waiver.expire": OPEN_REVIEW | {ReviewStatus.SIGNED_OFF.value, ReviewStatus.SUPERSEDED.value},
    "deferral.note": OPEN_REVIEW | {ReviewStatus.SIGNED_OFF.value},
    "review.facts": OPEN_REVIEW,
    "review.move": OPEN_REVIEW,
    "ruling.make": OPEN_REVIEW,
    "finding.raise": OPEN_REVIEW,
    "finding.fix": OPEN_REVIEW,
    "finding.verify": OPEN_REVIEW,
    "drill.arrange": OPEN_REVIEW,
    "drill.record": OPEN_REVIEW,
    "drill.start": OPEN_REVIEW,
    "drill.run": OPEN_REVIEW,
    "drill.log": OPEN_REVIEW,
    "drill.stop": OPEN_REVIEW,
    "drill.grade": OPEN_REVIEW,
    "drill.abandon": OPEN_REVIEW,
    "drill.corroborate": OPEN_REVIEW,
    # The clock of a drill that was left open is closed whatever became of its review.
    "drill.expire": frozenset(ReviewStatus.values),
    "review.sign_off": OPEN_REVIEW,
    "review.withdraw": OPEN_REVIEW,
}

OPEN_DRILL: Final = frozenset({DrillStatus.READY.value, DrillStatus.RUNNING.value, DrillStatus.STOPPED.value})
# verb -> statuses of the drill in which it is possible
DRILL_VERBS: Final[dict[str, frozenset[str]]] = {
    "drill.start": frozenset({DrillStatus.READY.value}),
    "drill.run": frozenset({DrillStatus.RUNNING.value}),
    "drill.log": OPEN_DRILL,
    "drill.stop": frozenset({DrillStatus.RUNNING.value}),
    "drill.grade": frozenset({DrillStatus.STOPPED.value}),
    "drill.abandon": OPEN_DRILL,
    "drill.expire": OPEN_DRILL,
}
_WHY_NOT_DRILL: Final[dict[str, str]] = {
    DrillStatus.READY: "The clock of this drill has not been started yet.",
    DrillStatus.RUNNING: "The clock of this drill is running. Stop it first.",
    DrillStatus.STOPPED: "The clock of this drill is stopped. Its witness grades it now.",
    DrillStatus.GRADED: "This drill is graded, so it stays as it is. Run another one: all are kept.",
    DrillStatus.ABANDONED: "This drill was abandoned, so it stays as it is. Run another one: all are kept.",
}

# (verb, section status) -> next section status
SECTION_TRANSITIONS: Final[dict[tuple[str, str], str]] = {
    ("section.submit", SectionStatus.OPEN): SectionStatus.SUBMITTED,
    ("section.submit", SectionStatus.CHANGES_REQUESTED): SectionStatus.SUBMITTED,
    ("section.submit", SectionStatus.STALE): SectionStatus.SUBMITTED,
    ("section.approve", SectionStatus.SUBMITTED): SectionStatus.APPROVED,
    ("section.request_changes", SectionStatus.SUBMITTED): SectionStatus.CHANGES_REQUESTED,
    ("section.request_changes", SectionStatus.APPROVED): SectionStatus.CHANGES_REQUESTED,
    ("section.request_changes", SectionStatus.STALE): SectionStatus.CHANGES_REQUESTED,
    # Approving again binds to the new content, so the team need not submit again first.
    ("section.approve", SectionStatus.STALE): SectionStatus.APPROVED,
    # A change of content after approval. A submitted section stays submitted: its approvals go stale.
    ("content.change", SectionStatus.APPROVED): SectionStatus.STALE,
}

_WHY_NOT: Final[dict[str, str]] = {
    SectionStatus.OPEN: "This section has not been submitted yet. The team submits it first.",
    SectionStatus.SUBMITTED: "This section is submitted already and waits for its reviewers.",
    SectionStatus.CHANGES_REQUESTED: "Changes were requested here. The team submits the section again first.",
    SectionStatus.APPROVED: "This section is approved already.",
    SectionStatus.STALE: "This section changed after its approval. The team submits it again first.",
}


def review_allows(verb: str, status: str) -> str | None:
    """Return None when `verb` is possible on a review in `status`, else the reason why not."""
    if status in REVIEW_VERBS.get(verb, frozenset()):
        return None
    label = ReviewStatus(status).label.lower()
    return f"This review is {label}, so nothing in it can change any more. Start a new review of the service."


def drill_allows(verb: str, status: str) -> str | None:
    """Return None when `verb` is possible on a drill in `status`, else the reason why not."""
    return None if status in DRILL_VERBS[verb] else _WHY_NOT_DRILL[status]


def section_allows(verb: str, status: str) -> str | None:
    """Return None when `verb` is possible on a section in `status`, else the reason why not."""
    return None if (verb, status) in SECTION_TRANSITIONS else _WHY_NOT[status]


def section_after(verb: str, status: str) -> str:
    """Return the status of a section after `verb`; unchanged when the table has no row for it."""
    return SECTION_TRANSITIONS.get((verb, status), status)


def review_status(section_statuses: list[str]) -> str:
    """Derive the status of an open review from those of its sections."""
    if SectionStatus.CHANGES_REQUESTED in section_statuses:
        return ReviewStatus.CHANGES_REQUESTED
    if any(status != SectionStatus.OPEN for status in section_statuses):
        return ReviewStatus.IN_REVIEW
    return ReviewStatus.DRAFT
