"""What waits for one person, as query sets: one for each kind of task. Nothing is run here.

My work lists their rows; the list of services asks which reviews they belong to.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from readiness.accounts.rights import Actor
from reviews.models import (
    AnswerRevision,
    Approval,
    Deferral,
    Drill,
    Finding,
    FitCheck,
    ProbeRun,
    Review,
    ReviewSection,
    Ruling,
    Waiver,
)
from reviews.rules import disagrees
from reviews.states import (
    OPEN_REVIEW,
    AnswerState,
    DeferralState,
    DrillStatus,
    FindingStatus,
    FitCheckStatus,
    RunStatus,
    SectionStatus,
    WaiverStatus,
)

_OPEN = sorted(OPEN_REVIEW)
_FOR_TEAM = (SectionStatus.OPEN, SectionStatus.CHANGES_REQUESTED, SectionStatus.STALE)
_FOR_REVIEWERS = (SectionStatus.SUBMITTED, SectionStatus.STALE)


def reviews_waiting_for(actor: Actor) -> QuerySet[Review]:
    """Open reviews in which anything waits for `actor`."""
    kinds: list[QuerySet[Any]] = []
    if actor.is_reviewer:
        kinds += [sections_to_approve(actor), runs_to_rule_on(actor), findings_to_verify(actor)]
    if actor.is_reviewer or actor.is_accountable:
        kinds.append(waivers_to_decide(actor))
    if actor.member_team_ids:
        kinds += [sections_to_answer(actor), own_findings(actor)]
    waits = Q(pk__in=[])
    for rows in kinds:
        waits |= Q(pk__in=rows.values("review_id"))
    if actor.is_accountable:
        waits |= Q(pk__in=reviews_to_sign(actor).values("pk"))
    return Review.objects.filter(waits, status__in=_OPEN)


def _my_roles(actor: Actor, prefix: str = "") -> Q:
    """Sections that the actor may review: they ask for one of their roles, or for none in particular."""
    lookup = f"{prefix}section__reviewer_roles"
    return Q(**{f"{lookup}__overlap": sorted(actor.reviewer_roles)}) | Q(**{f"{lookup}__len": 0})


def sections_to_answer(actor: Actor) -> QuerySet[ReviewSection]:
    """Sections that the actor's teams have to answer, or to submit (again)."""
    return ReviewSection.objects.filter(
        review__status__in=_OPEN,
        review__service__team_id__in=actor.member_team_ids,
        status__in=_FOR_TEAM,
    )


def sections_to_approve(actor: Actor) -> QuerySet[ReviewSection]:
    """Sections that the actor could approve now: in order, in role, and not their own work."""
    earlier = ReviewSection.objects.filter(
        review=OuterRef("review"), position__lt=OuterRef("position")
    ).exclude(status=SectionStatus.APPROVED)
    lifted = Waiver.objects.filter(section=OuterRef("pk"), answer__isnull=True, status=WaiverStatus.GRANTED)
    given = Approval.objects.filter(section=OuterRef("pk"), reviewer_id=actor.id, stale_at__isnull=True)
    wrote = AnswerRevision.objects.filter(section=OuterRef("pk"), author_id=actor.id)
    return ReviewSection.objects.filter(
        _my_roles(actor),
        ~Exists(given),
        ~Exists(wrote),
        ~Exists(earlier) | Exists(lifted),
        status__in=_FOR_REVIEWERS,
        review__status__in=_OPEN,
    )


def runs_to_rule_on(actor: Actor) -> QuerySet[ProbeRun]:
    """The newest runs of probes that contradict an answer, where no reviewer has ruled on just that."""
    newer = ProbeRun.objects.filter(
        answer=OuterRef("answer"), probe=OuterRef("probe"), status=RunStatus.DONE, pk__gt=OuterRef("pk")
    )
    ruled = Ruling.objects.filter(
        answer=OuterRef("answer"),
        probe=OuterRef("probe"),
        outcome=OuterRef("outcome"),
        answer_revision=OuterRef("answer__revision"),
    )
    clash = Q(pk__in=[])
    for state in (AnswerState.MET, AnswerState.NOT_MET):
        for outcome in ("pass", "fail"):
            if disagrees(state, outcome):
                clash |= Q(answer__state=state, outcome=outcome)
    return ProbeRun.objects.filter(
        _my_roles(actor, "section__"),
        clash,
        ~Exists(newer),
        ~Exists(ruled),
        status=RunStatus.DONE,
        review__status__in=_OPEN,
        answer__orphaned_at__isnull=True,
    )


def waivers_to_decide(actor: Actor) -> QuerySet[Waiver]:
    """Waivers asked for by somebody else, on answers that the actor did not write."""
    wrote = AnswerRevision.objects.filter(answer=OuterRef("answer"), author_id=actor.id)
    rows = Waiver.objects.filter(~Exists(wrote), status=WaiverStatus.REQUESTED, review__status__in=_OPEN)
    if not actor.is_accountable:
        rows = rows.filter(_my_roles(actor, "section__"))
    return rows.exclude(requested_by_id=actor.id)


def findings_to_verify(actor: Actor) -> QuerySet[Finding]:
    """Findings that somebody else marked as fixed."""
    return Finding.objects.filter(
        _my_roles(actor, "section__"), status=FindingStatus.FIXED, review__status__in=_OPEN
    ).exclude(fixed_by_id=actor.id)


def drills_to_run(actor: Actor) -> QuerySet[Drill]:
    """Drills that wait for the actor: to start or go on with, or to be graded by them."""
    runs = Q(runner_id=actor.id, status__in=(DrillStatus.READY, DrillStatus.RUNNING))
    watches = Q(witness_id=actor.id, status__in=(DrillStatus.READY, DrillStatus.RUNNING, DrillStatus.STOPPED))
    return Drill.objects.filter(runs | watches, review__status__in=_OPEN)


def own_findings(actor: Actor) -> QuerySet[Finding]:
    """Findings that the actor has to fix."""
    return Finding.objects.filter(owner_id=actor.id, status=FindingStatus.OPEN, review__status__in=_OPEN)


def own_deferrals(actor: Actor) -> QuerySet[Deferral]:
    """Decisions of the register that the actor owns and whose trigger was reached."""
    return Deferral.objects.filter(owner_id=actor.id, state=DeferralState.REOPENED)


def fit_checks_to_sign(actor: Actor) -> QuerySet[FitCheck]:
    """Records of “does not fit” by somebody else that wait for an accountable person."""
    return FitCheck.objects.filter(status=FitCheckStatus.RECORDED).exclude(recorded_by_id=actor.id)


def reviews_to_sign(actor: Actor) -> QuerySet[Review]:
    """Reviews with every section approved, of which the actor wrote nothing."""
    unfinished = ReviewSection.objects.filter(review=OuterRef("pk")).exclude(status=SectionStatus.APPROVED)
    wrote = AnswerRevision.objects.filter(answer__review=OuterRef("pk"), author_id=actor.id)
    return Review.objects.filter(~Exists(unfinished), ~Exists(wrote), status__in=_OPEN)
