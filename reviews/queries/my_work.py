"""What waits for one person, over all services. A fixed number of queries; every list is bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Count, F, QuerySet, Window
from django.urls import reverse
from django.utils import timezone

from readiness.accounts.rights import Actor
from reviews.models import (
    CapacityReview,
    Deferral,
    Drill,
    Finding,
    FitCheck,
    ProbeRun,
    Review,
    ReviewSection,
    Waiver,
)
from reviews.queries import waiting
from reviews.queries.capacity import overdue_reviews
from reviews.states import (
    DrillStatus,
    SectionStatus,
    WaiverStatus,
)

MOST = 20
ENDS_SOON = timedelta(days=30)
_SECTION = ("section", "review__service")
_ON_ITEM = ("answer__item", "section__section", "review__service")


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
    """What waits for `actor`, by kind. One query a kind, eleven at most."""
    kinds: list[Callable[[Actor], Group]] = [_drills] if actor.is_authenticated else []
    if actor.is_accountable:
        kinds += [_to_sign, _fit_to_sign]
    if actor.is_reviewer:
        kinds += [_to_approve, _to_rule]
    if actor.is_reviewer or actor.is_accountable:
        kinds.append(_to_decide)
    if actor.is_reviewer:
        kinds.append(_to_verify)
    if actor.member_team_ids:
        kinds += [_to_answer, _findings, _ending_waivers, _overdue_headroom]
    kinds.append(_to_look_at_again)
    return MyWork([group for group in (kind(actor) for kind in kinds) if group.tasks])


def _group(key: str, title: str, icon: str, rows: QuerySet, task: Callable[..., Task]) -> Group:  # type: ignore[type-arg]
    """Take the first rows and, in the same query, how many there are."""
    found = list(rows.annotate(in_all=Window(Count("pk")))[:MOST])
    return Group(key, title, icon, [task(row) for row in found], found[0].in_all if found else 0)


def _drills(actor: Actor) -> Group:
    rows = waiting.drills_to_run(actor).select_related("answer__item", "review__service", "runner")

    def task(row: Drill) -> Task:
        if row.status == DrillStatus.STOPPED:
            hint = f"You watched {row.runner}: grade it"
        elif row.runner_id == actor.id:
            hint = "You run it"
        else:
            hint = f"You watch {row.runner}"
        url = row.get_absolute_url()
        return Task(url, row.answer.item.title, hint, str(row.review.service), row.arranged_at)

    return _group("drills", "Drills", "clock", rows.order_by("arranged_at", "pk"), task)


def _to_answer(actor: Actor) -> Group:
    rows = waiting.sections_to_answer(actor).select_related(*_SECTION)

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
    rows = waiting.sections_to_approve(actor).select_related(*_SECTION).order_by("submitted_at", "pk")

    def task(row: ReviewSection) -> Task:
        hint = (
            "Changed after its approval" if row.status == SectionStatus.STALE else "Waits for your approval"
        )
        return Task(
            row.get_absolute_url(), row.section.title, hint, str(row.review.service), row.submitted_at
        )

    return _group("approve", "To approve", "eye", rows, task)


def _to_rule(actor: Actor) -> Group:
    rows = waiting.runs_to_rule_on(actor).select_related("answer__item", "section", "review__service")

    def task(row: ProbeRun) -> Task:
        url = _item_url(row.review, row.section, row.answer.item.slug) + "#rulings"
        return Task(url, row.answer.item.title, row.summary, str(row.review.service), row.finished_at)

    return _group("rule", "To rule on", "pulse", rows.order_by("finished_at", "pk"), task)


def _to_decide(actor: Actor) -> Group:
    rows = waiting.waivers_to_decide(actor).select_related(*_ON_ITEM)

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
    rows = waiting.findings_to_verify(actor).select_related(*_ON_ITEM).order_by("fixed_at", "pk")
    return _group(
        "verify", "Findings to verify", "flag", rows, lambda row: _finding_task(row, "Marked as fixed")
    )


def _findings(actor: Actor) -> Group:
    rows = waiting.own_findings(actor).select_related(*_ON_ITEM)

    def task(row: Finding) -> Task:
        return _finding_task(row, f"Due {row.due_on}" if row.due_on else "You own it")

    ordered = rows.order_by(F("due_on").asc(nulls_last=True), "pk")
    return _group("findings", "Findings that you own", "flag", ordered, task)


def _ending_waivers(actor: Actor) -> Group:
    soon = timezone.localdate() + ENDS_SOON
    rows = (
        Waiver.objects.filter(requested_by_id=actor.id, status=WaiverStatus.GRANTED, expires_on__lte=soon)
        .select_related(*_ON_ITEM)
        .order_by("expires_on", "pk")
    )

    def task(row: Waiver) -> Task:
        title = row.answer.item.title if row.answer else f"Order of {row.section.section.title}"
        return Task(_waiver_url(row), title, f"Ends on {row.expires_on}", str(row.review.service))

    return _group("ending", "Your waivers that end soon", "clock", rows, task)


def _overdue_headroom(actor: Actor) -> Group:
    rows = overdue_reviews(actor).select_related("service").order_by("due_on", "pk")

    def task(row: CapacityReview) -> Task:
        url = reverse("reviews:capacity", args=[row.service.slug])
        hint = f"Last held on {row.held_on:%-d %b %Y}, due by {row.due_on:%-d %b %Y}"
        return Task(url, "Review the headroom", hint, str(row.service), row.due_on)

    return _group("headroom", "Monthly reviews that are overdue", "stale", rows, task)


def _to_sign(actor: Actor) -> Group:
    rows = waiting.reviews_to_sign(actor).select_related("service", "checklist")

    def task(row: Review) -> Task:
        url = reverse("reviews:sign_off", args=[row.service.slug, row.number])
        return Task(
            url,
            f"{row.checklist.title}, review {row.number}",
            "Every section is approved",
            str(row.service),
            row.changed_at,
        )

    return _group("sign", "To sign off", "seal", rows.order_by("changed_at", "pk"), task)


def _fit_to_sign(actor: Actor) -> Group:
    rows = waiting.fit_checks_to_sign(actor).select_related("service").order_by("recorded_at", "pk")

    def task(row: FitCheck) -> Task:
        return Task(
            row.get_absolute_url(),
            "The checklist does not fit",
            "Waits for your signature",
            str(row.service),
            row.recorded_at,
        )

    return _group("fit", "Fit checks to sign", "seal", rows, task)


def _to_look_at_again(actor: Actor) -> Group:
    rows = waiting.own_deferrals(actor).select_related("service").order_by("reopened_at", "pk")

    def task(row: Deferral) -> Task:
        return Task(row.get_absolute_url(), row.title, row.reopened_why, str(row.service), row.reopened_at)

    return _group("deferrals", "Deferrals to look at again", "later", rows, task)


def _finding_task(row: Finding, hint: str) -> Task:
    item = row.answer.item.slug if row.answer else ""
    url = _item_url(row.review, row.section, item) + f"#finding-{row.pk}"
    return Task(url, row.title, hint, str(row.review.service), row.raised_at)


def _waiver_url(row: Waiver) -> str:
    return _item_url(row.review, row.section, row.answer.item.slug if row.answer else "") + "#waiver"


def _item_url(review: Review, section: ReviewSection, item: str) -> str:
    where = [review.service.slug, review.number, section.slug]
    return reverse("reviews:item", args=[*where, item]) if item else reverse("reviews:section", args=where)
