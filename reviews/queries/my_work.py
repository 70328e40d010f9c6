"""What waits for one person, over all services. A fixed number of queries; every list is bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.urls import reverse
from django.utils import timezone

from readiness.accounts.rights import Actor
from reviews.models import (
    AnswerRevision,
    Approval,
    Finding,
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
    FindingStatus,
    RunStatus,
    SectionStatus,
    WaiverStatus,
)

MOST = 20
ENDS_SOON = timedelta(days=30)
_OPEN = sorted(OPEN_REVIEW)
_SECTION = ("section", "review__service")


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that waits: where it is, what to do there, and since when."""

    url: str
    title: str
    hint: str
    service: str
    since: datetime | date | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Tasks of one kind, the longest waiting first; `total` may be more than are listed."""

    key: str
    title: str
    icon: str
    tasks: list[Task]
    total: int

    @property
    def rest(self) -> int:
        """How many are not listed."""
        return self.total - len(self.tasks)


@dataclass
class MyWork:
    """All groups that hold something."""

    groups: list[Group] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many things wait."""
        return sum(group.total for group in self.groups)


def load_my_work(actor: Actor) -> MyWork:
    """What waits for `actor`, by kind. One query a kind, eight at most."""
    kinds: list[Callable[[Actor], Group]] = []
    if actor.is_accountable:
        kinds.append(_to_sign)
    if actor.is_reviewer:
        kinds += [_to_approve, _to_rule]
    if actor.is_reviewer or actor.is_accountable:
        kinds.append(_to_decide)
    if actor.is_reviewer:
        kinds.append(_to_verify)
    if actor.member_team_ids:
        kinds += [_to_answer, _findings, _ending_waivers]
    return MyWork([group for group in (kind(actor) for kind in kinds) if group.tasks])


def _group(key: str, title: str, icon: str, rows: QuerySet, task: Callable[..., Task]) -> Group:  # type: ignore[type-arg]
    """Take the first rows and, in the same query, how many there are."""
    found = list(rows.annotate(in_all=Window(Count("pk")))[:MOST])
    return Group(key, title, icon, [task(row) for row in found], found[0].in_all if found else 0)


def _open_sections() -> QuerySet[ReviewSection]:
    return ReviewSection.objects.filter(review__status__in=_OPEN).select_related(*_SECTION)


def _my_roles(actor: Actor, prefix: str) -> Q:
    """Sections that the actor may review: they ask for one of their roles, or for none in particular."""
    lookup = f"{prefix}section__reviewer_roles"
    return Q(**{f"{lookup}__overlap": sorted(actor.reviewer_roles)}) | Q(**{f"{lookup}__len": 0})


def _to_answer(actor: Actor) -> Group:
    rows = _open_sections().filter(
        review__service__team_id__in=actor.member_team_ids,
        status__in=[SectionStatus.OPEN, SectionStatus.CHANGES_REQUESTED, SectionStatus.STALE],
    )

    def task(row: ReviewSection) -> Task:
        return Task(
            row.get_absolute_url(),
            row.section.title,
            _team_hint(row),
            str(row.review.service),
            row.review.changed_at,
        )

    ordered = rows.order_by("review__changed_at", "review_id", "position")
    return _group("answer", "To answer and submit", "pencil", ordered, task)


def _team_hint(row: ReviewSection) -> str:
    left = row.applicable - row.answered
    if row.status == SectionStatus.CHANGES_REQUESTED:
        return "A reviewer asks for changes"
    if row.status == SectionStatus.STALE:
        return "Changed after its approval"
    if left:
        return f"{left} of {row.applicable} to answer or confirm"
    if row.blocked:
        return f"{row.blocked} blocker{'s' if row.blocked > 1 else ''} not met"
    return "Ready to submit"


def _to_approve(actor: Actor) -> Group:
    earlier = ReviewSection.objects.filter(
        review=OuterRef("review"), position__lt=OuterRef("position")
    ).exclude(status=SectionStatus.APPROVED)
    mine = Approval.objects.filter(section=OuterRef("pk"), reviewer_id=actor.id, stale_at__isnull=True)
    wrote = AnswerRevision.objects.filter(section=OuterRef("pk"), author_id=actor.id)
    waived = Waiver.objects.filter(section=OuterRef("pk"), answer__isnull=True, status=WaiverStatus.GRANTED)
    rows = (
        _open_sections()
        .filter(_my_roles(actor, ""), status__in=[SectionStatus.SUBMITTED, SectionStatus.STALE])
        .filter(~Exists(mine), ~Exists(wrote), ~Exists(earlier) | Exists(waived))
        .order_by("submitted_at", "pk")
    )

    def task(row: ReviewSection) -> Task:
        hint = (
            "Changed after its approval" if row.status == SectionStatus.STALE else "Waits for your approval"
        )
        return Task(
            row.get_absolute_url(), row.section.title, hint, str(row.review.service), row.submitted_at
        )

    return _group("approve", "To approve", "eye", rows, task)


def _to_rule(actor: Actor) -> Group:
    newer = ProbeRun.objects.filter(
        answer=OuterRef("answer"), probe=OuterRef("probe"), status=RunStatus.DONE, pk__gt=OuterRef("pk")
    )
    ruled = Ruling.objects.filter(
        answer=OuterRef("answer"),
        probe=OuterRef("probe"),
        outcome=OuterRef("outcome"),
        answer_revision=OuterRef("answer__revision"),
    )
    clash = [
        Q(answer__state=state, outcome=outcome)
        for state in (AnswerState.MET, AnswerState.NOT_MET)
        for outcome in ("pass", "fail")
        if disagrees(state, outcome)
    ]
    rows = (
        ProbeRun.objects.filter(_my_roles(actor, "section__"), clash[0] | clash[1])
        .filter(status=RunStatus.DONE, review__status__in=_OPEN)
        .filter(~Exists(newer), ~Exists(ruled))
        .select_related("answer__item", "section", "review__service")
        .order_by("finished_at", "pk")
    )

    def task(row: ProbeRun) -> Task:
        url = _item_url(row.review, row.section, row.answer.item.slug) + "#rulings"
        return Task(url, row.answer.item.title, row.summary, str(row.review.service), row.finished_at)

    return _group("rule", "To rule on", "pulse", rows, task)


def _to_decide(actor: Actor) -> Group:
    rows = Waiver.objects.filter(status=WaiverStatus.REQUESTED, review__status__in=_OPEN)
    if not actor.is_accountable:
        rows = rows.filter(_my_roles(actor, "section__"))
    wrote = AnswerRevision.objects.filter(answer=OuterRef("answer"), author_id=actor.id)
    rows = rows.exclude(requested_by_id=actor.id).filter(~Exists(wrote))
    rows = rows.select_related("answer__item", "section__section", "review__service")

    def task(row: Waiver) -> Task:
        title = row.answer.item.title if row.answer else f"Order of {row.section.section.title}"
        return Task(
            _waiver_url(row),
            title,
            f"Waiver until {row.expires_on}",
            str(row.review.service),
            row.requested_at,
        )

    return _group("decide", "Waivers to decide", "clock", rows.order_by("requested_at", "pk"), task)


def _to_verify(actor: Actor) -> Group:
    rows = (
        Finding.objects.filter(
            _my_roles(actor, "section__"), status=FindingStatus.FIXED, review__status__in=_OPEN
        )
        .exclude(fixed_by_id=actor.id)
        .select_related("answer__item", "section__section", "review__service")
        .order_by("fixed_at", "pk")
    )
    return _group(
        "verify", "Findings to verify", "flag", rows, lambda row: _finding_task(row, "Marked as fixed")
    )


def _findings(actor: Actor) -> Group:
    rows = (
        Finding.objects.filter(owner_id=actor.id, status=FindingStatus.OPEN, review__status__in=_OPEN)
        .select_related("answer__item", "section__section", "review__service")
        .order_by(F("due_on").asc(nulls_last=True), "pk")
    )

    def task(row: Finding) -> Task:
        return _finding_task(row, f"Due {row.due_on}" if row.due_on else "You own it")

    return _group("findings", "Findings that you own", "flag", rows, task)


def _ending_waivers(actor: Actor) -> Group:
    soon = timezone.localdate() + ENDS_SOON
    rows = (
        Waiver.objects.filter(requested_by_id=actor.id, status=WaiverStatus.GRANTED, expires_on__lte=soon)
        .select_related("answer__item", "section__section", "review__service")
        .order_by("expires_on", "pk")
    )

    def task(row: Waiver) -> Task:
        title = row.answer.item.title if row.answer else f"Order of {row.section.section.title}"
        return Task(_waiver_url(row), title, f"Ends on {row.expires_on}", str(row.review.service))

    return _group("ending", "Your waivers that end soon", "clock", rows, task)


def _to_sign(actor: Actor) -> Group:
    unfinished = ReviewSection.objects.filter(review=OuterRef("pk")).exclude(status=SectionStatus.APPROVED)
    wrote = AnswerRevision.objects.filter(answer__review=OuterRef("pk"), author_id=actor.id)
    rows = (
        Review.objects.filter(~Exists(unfinished), ~Exists(wrote), status__in=_OPEN)
        .select_related("service", "checklist")
        .order_by("changed_at", "pk")
    )

    def task(row: Review) -> Task:
        url = reverse("reviews:sign_off", args=[row.service.slug, row.number])
        return Task(
            url,
            f"{row.checklist.title}, review {row.number}",
            "Every section is approved",
            str(row.service),
            row.changed_at,
        )

    return _group("sign", "To sign off", "seal", rows, task)


def _finding_task(row: Finding, hint: str) -> Task:
    item = row.answer.item.slug if row.answer else ""
    url = _item_url(row.review, row.section, item) + f"#finding-{row.pk}"
    return Task(url, row.title, hint, str(row.review.service), row.raised_at)


def _waiver_url(row: Waiver) -> str:
    return _item_url(row.review, row.section, row.answer.item.slug if row.answer else "") + "#waiver"


def _item_url(review: Review, section: ReviewSection, item: str) -> str:
    where = [review.service.slug, review.number, section.slug]
    return reverse("reviews:item", args=[*where, item]) if item else reverse("reviews:section", args=where)
