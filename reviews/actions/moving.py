"""Move open reviews to another version of their checklist, exactly as planned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db import transaction
from django.db.models import F

from checklist.actions import rows_of
from checklist.draft_actions import editing, publish_draft
from checklist.models import ChecklistVersion, Item, Section
from checklist.queries import sections_with_items
from readiness.accounts.rights import Actor
from readiness.errors import Conflict, WrongState
from reviews.actions.base import Change, changing, lock_review
from reviews.actions.drills import end_drills
from reviews.actions.revisions import write_revision
from reviews.models import Answer, AnswerRevision, Approval, ProbeRun, Review, ReviewSection
from reviews.moving import ItemMove, Plan, SectionMove
from reviews.queries.moving import plan_moves
from reviews.states import RunStatus, WaiverStatus, review_status

_CHANGED: Final = "What would happen is not what you looked at any more. Look at it again, then decide."
# Positions of a review's sections are unique: they step aside while they are dealt anew.
_ASIDE: Final = 1000


def publish_and_move(
    actor: Actor, slug: str, expected_hash: str, moves: Mapping[int, str]
) -> tuple[ChecklistVersion, list[Plan]]:
    """Publish a draft and move open reviews to the new version, all or nothing.

    `moves` maps the ids of the reviews to the digests of the plans that the person saw. Raises Conflict when
    the draft or one of the plans is another by now.
    """
    with editing(actor, slug) as tree:
        plans: list[Plan] = []
        if tree.content is not None:
            plans = _agreed([lock_review(pk) for pk in sorted(moves)], rows_of(tree.content), moves)
        version = publish_draft(actor, slug, expected_hash)
        for plan in plans:
            _move(actor, plan, version)
    return version, plans


def move_review(actor: Actor, review_id: int, version: ChecklistVersion, seen_digest: str) -> Plan:
    """Move one open review to a published version. Raises Conflict when the plan is not the one seen."""
    with transaction.atomic():
        review = lock_review(review_id)
        if version.checklist_id != review.checklist_id or version.pk == review.version_id:
            raise WrongState("This review is on that version already.")
        plans = _agreed([review], sections_with_items(version), {review_id: seen_digest})
        _move(actor, plans[0], version)
    return plans[0]


def _agreed(
    reviews: list[Review], target: list[tuple[Section, list[Item]]], seen: Mapping[int, str]
) -> list[Plan]:
    """The plans of locked reviews, if they are those that were seen."""
    if any(not review.is_open for review in reviews):
        raise Conflict("A review was signed off or withdrawn meanwhile. Look at the list again, then decide.")
    plans = plan_moves(reviews, target)
    if any(plan.digest != seen[plan.review] for plan in plans):
        raise Conflict(_CHANGED)
    return plans


def _move(actor: Actor, plan: Plan, version: ChecklistVersion) -> None:
    with changing(plan.review, actor, "review.move") as change:
        _Mover(change, plan, version).run()


class _Mover:
    """Carries out one plan on a locked review. Nothing is decided here."""

    def __init__(self, change: Change, plan: Plan, version: ChecklistVersion) -> None:
        self.change = change
        self.plan = plan
        self.version = version
        self.review = change.review
        self.asked = {section.slug: section for section in version.sections.all()}
        self.items = {item.slug: item for item in version.items.all()}
        self.rows = {row.slug: row for row in self.review.sections.select_related("section")}

    def run(self) -> None:
        before = self.review.version
        self.review.version = self.version
        self._open_sections()
        self._move_answers()
        self._settle_held()
        self._close_sections()
        statuses = list(self.review.sections.values_list("status", flat=True))
        self.review.status = review_status(statuses)
        counts = self.plan.counts
        words = (
            f"{counts['carried']} answers carried, {counts['changed']} changed, {counts['orphaned']} orphaned"
        )
        self.change.record(
            "person:review:moved",
            f"Moved from version {before.number} to {self.version.number}: {words}",
            data={
                "from": before.number,
                "to": self.version.number,
                "plan": self.plan.digest,
                **{
                    fate: [item.slug for item in self.plan.items if item.fate == fate]
                    for fate in ("changed", "added", "orphaned")
                },
            },
        )

    def _open_sections(self) -> None:
        """Name the new sections, in their new order; those that are gone step aside for good."""
        self.review.sections.update(position=F("position") + _ASIDE)
        for move in self.plan.sections:
            if move.fate == "orphaned":
                continue
            section = self.asked[move.slug]
            if move.fate == "added":
                row = ReviewSection(review=self.review, slug=move.slug)
                self.rows[move.slug] = row
            row = self.rows[move.slug]
            row.section, row.position = section, section.position
            row.review = self.review
            row.save()

    def _move_answers(self) -> None:
        answers = {
            answer.item.slug: answer for answer in self.review.answers.select_related("item", "section")
        }
        for move in self.plan.items:
            if move.fate == "orphaned":
                self._orphan(answers[move.slug])
        for move in self.plan.items:
            if move.fate == "added":
                Answer.objects.create(
                    review=self.review,
                    section=self.rows[move.section],
                    item=self.items[move.slug],
                    applicable=move.applicable,
                )
            elif move.fate != "orphaned":
                self._carry(answers[move.slug], move)

    def _orphan(self, answer: Answer) -> None:
        end_drills(self.change, answer, "The item is no longer asked.")
        answer.orphaned_at = self.change.at
        answer.save(update_fields=["orphaned_at"])
        ProbeRun.objects.filter(answer=answer).exclude(status=RunStatus.DONE).update(
            status=RunStatus.DONE, finished_at=self.change.at, summary="The item is no longer asked."
        )
        answer.change_requests.filter(resolved_at__isnull=True).update(answer=None)

    def _carry(self, answer: Answer, move: ItemMove) -> None:
        answer.item = self.items[move.slug]
        answer.applicable, answer.to_confirm = move.applicable, move.to_confirm
        if move.judgement is not None:
            answer.judgement = move.judgement
        if answer.section.slug != move.section:
            answer.section = self.rows[move.section]
            _take_along(answer)
        if answer.state != move.after:
            answer.state = move.after
            answer.revision += 1
            answer.answered_at = self.change.at
        answer.save()
        if move.before != move.after:
            write_revision(answer, self.change, None)

    def _settle_held(self) -> None:
        for held in self.plan.settled:
            if held.kind == "waiver":
                self.review.waivers.filter(pk=held.pk).update(status=WaiverStatus.WITHDRAWN)
                text = f"The waiver of “{held.title}” ended: it is no longer asked"
                self.change.record("system:waiver:withdrawn", text, data={"waiver": held.pk})
            elif held.kind == "finding":
                row = self.rows[held.section]
                self.review.findings.filter(pk=held.pk).update(answer=None, section=row)

    def _close_sections(self) -> None:
        for move in self.plan.sections:
            row = self.rows[move.slug]
            if move.stale:
                self._make_stale(row, move)
            if move.fate == "orphaned":
                row.change_requests.filter(resolved_at__isnull=True).update(resolved_at=self.change.at)
                row.orphaned_at = self.change.at
                row.save(update_fields=["orphaned_at"])
            elif move.fate == "added" or move.reasons:
                self.change.touch(row)

    def _make_stale(self, row: ReviewSection, move: SectionMove) -> None:
        reason = f"Version {self.version.number} of the checklist: {'; '.join(move.reasons)}."
        standing = Approval.objects.filter(section=row, stale_at__isnull=True)
        ids = list(standing.values_list("pk", flat=True))
        standing.update(stale_at=self.change.at, stale_reason=reason[:300])
        if move.after != row.status:
            self.change.set_status(row, move.after)
        self.change.record(
            "system:approval:stale",
            f"{len(ids)} approval{'' if len(ids) == 1 else 's'} of {move.title} went stale",
            section=row.slug,
            data={"approvals": ids, "reasons": list(move.reasons)},
        )


def _take_along(answer: Answer) -> None:
    """Rows that name both an answer and its section follow the answer; what was written once stays."""
    for relation in Answer._meta.related_objects:  # noqa: SLF001  # Django's documented API
        model = relation.related_model
        names = {one.name: one for one in model._meta.concrete_fields}  # noqa: SLF001
        section = names.get("section")
        if model is not AnswerRevision and section and section.related_model is ReviewSection:
            rows = model._base_manager.filter(**{relation.field.name: answer.pk})  # noqa: SLF001
            rows.update(section=answer.section)
