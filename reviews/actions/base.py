"""The frame of every write inside a review: lock, right, state, change, event, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from checklist.models import Item
from readiness.accounts.rights import Actor
from readiness.errors import Invalid, NotFound, WrongState
from reviews import events, permissions
from reviews.models import Answer, Approval, Review, ReviewSection, SectionContent
from reviews.permissions import Subject
from reviews.queries.authors import section_authors
from reviews.queries.content import digest_of, section_content
from reviews.queries.sheet import load_sheet
from reviews.states import (
    PASSING,
    AnswerState,
    SectionStatus,
    review_allows,
    review_status,
    section_after,
)

MAX_TEXT = 20_000


class ReviewRef(NamedTuple):
    """A review as its address names it, and the section in which an item then has to stand."""

    service: str
    number: int
    section: str | None = None


class Change:
    """One unit of work on a locked review. Leaving the frame writes the events and the review's revision."""

    def __init__(self, review: Review, actor: Actor | None) -> None:
        self.review = review
        self.actor = actor
        self.at: datetime = timezone.now()
        self._acts: list[events.Act] = []
        self._touched: dict[int, ReviewSection] = {}
        self._statuses_moved = False
        self._flushed = False

    def record(
        self,
        verb: str,
        summary: str,
        *,
        section: str = "",
        item: str = "",
        data: dict[str, Any] | None = None,
    ) -> None:
        """Note an act; it becomes an Event when the frame closes."""
        self._acts.append(events.Act(verb, summary, section, item, data or {}))

    def touch(self, section: ReviewSection) -> None:
        """Say that the content of `section` changed: figures are counted anew and approvals compared."""
        self._touched[section.pk] = section

    def close(self) -> None:
        """Settle touched sections, derive the review's status, append events, save the review."""
        for section in self._touched.values():
            count_figures(section)
            self._spot_stale(section)
        if not self._acts and not self._touched and not self._flushed:
            return
        if self.review.is_open and self._statuses_moved:
            statuses = list(self.review.sections.values_list("status", flat=True))
            self.review.status = review_status(statuses)
        self.flush()
        self.review.revision += 1
        self.review.changed_at = self.at
        self.review.save()

    def flush(self) -> None:
        """Append the acts noted so far now, for whoever needs the head before the frame closes."""
        events.append(
            self.review,
            events.review_stream(self.review.pk),
            self.actor,
            self._acts,
            at=self.at,
            service_id=self.review.service_id,
            review_id=self.review.pk,
        )
        self._acts = []
        self._flushed = True

    def set_status(self, section: ReviewSection, status: str, *fields: str) -> None:
        """Move a section to `status` and save it together with `fields`."""
        section.status = status
        section.save(update_fields=["status", *fields])
        self._statuses_moved = True

    def _spot_stale(self, section: ReviewSection) -> None:
        """Make approvals stale that were given for other content. Source: docs/product.md, step 5."""
        if section.status in (SectionStatus.OPEN, SectionStatus.CHANGES_REQUESTED):
            return  # neither has an approval that stands
        content = section_content(load_sheet(section))
        digest = digest_of(content)
        keep_content(digest, content)  # a reviewer may be reading it: what changes next can be shown
        standing = list(section.approvals.filter(stale_at__isnull=True))
        stale = [approval for approval in standing if approval.content_id != digest]
        if not stale:
            return
        Approval.objects.filter(pk__in=[approval.pk for approval in stale]).update(
            stale_at=self.at, stale_reason="The content changed after the approval."
        )
        after = section_after("content.change", section.status)
        if after != section.status:
            self.set_status(section, after)
        self.record(
            "system:approval:stale",
            f"{len(stale)} approval{'s' if len(stale) > 1 else ''} of {section.section.title} went stale",
            section=section.slug,
            data={"approvals": [approval.pk for approval in stale], "digest": digest},
        )


@contextmanager
def changing(
    which: int | ReviewRef,
    actor: Actor | None,
    verb: str,
    *,
    section: ReviewSection | None = None,
    subject: Callable[[], dict[str, Any]] | None = None,
) -> Iterator[Change]:
    """Open the frame: lock the review, check the right, then the state; `actor` None is the system itself.

    Raises NotFound or Refused for a missing right and WrongState for a review that is closed. `subject` gives
    what the rule of `verb` wants to know beyond team and section; it is asked under the lock.
    """
    with transaction.atomic():
        review = lock_review(which)
        if actor is not None:
            details: dict[str, Any] = (
                {"section_roles": frozenset(section.section.reviewer_roles)} if section else {}
            )
            if section and subject is None and permissions.weighs_authors(verb):
                details["authors"] = section_authors(section.pk)
            about = Subject(team_id=review.service.team_id, **{**details, **(subject() if subject else {})})
            permissions.allowed(actor, verb, about).require()
        why_not = review_allows(verb, review.status)
        if why_not:
            raise WrongState(why_not)
        change = Change(review, actor)
        yield change
        change.close()


def lock_review(which: int | ReviewRef) -> Review:
    """Lock one review until the end of the transaction, and return it as it is now."""
    rows = Review.objects.select_for_update(of=("self",)).select_related(
        "service__team", "checklist", "version", "started_by"
    )
    if isinstance(which, ReviewRef):
        review = rows.filter(service__slug=which.service, number=which.number).first()
    else:
        review = rows.filter(pk=which).first()
    if review is None:
        raise NotFound("There is nothing at this address, or you may not see it.")
    return review


def section_of(review: Review, slug: str) -> ReviewSection:
    """Return one section of a (locked) review."""
    row = review.sections.select_related("section").filter(slug=slug).first()
    if row is None:
        raise NotFound("This section does not exist in this review.")
    row.review = review
    return row


def answer_of(review: Review, item_slug: str, which: int | ReviewRef | None = None) -> Answer:
    """Return one answer of a (locked) review by its item's slug, with item and section.

    An address in `which` that names another section than the item's is a wrong address.
    """
    rows = Answer.objects.filter(review=review, item__slug=item_slug)
    if isinstance(which, ReviewRef) and which.section is not None:
        rows = rows.filter(section__slug=which.section)
    row = rows.select_related("item", "section__section", "answered_by").first()
    if row is None:
        raise NotFound("This item does not exist in this review's checklist.")
    row.review = row.section.review = review
    return row


def keep_content(digest: str, content: dict[str, Any]) -> None:
    """Keep a content by its digest, so that a later difference can be shown."""
    SectionContent.objects.bulk_create(
        [SectionContent(digest=digest, content=content)], ignore_conflicts=True
    )


def count_figures(section: ReviewSection) -> None:
    """Count a section's figures anew, in one statement whatever the size."""
    rows = Answer.objects.filter(section=OuterRef("pk"), applicable=True).order_by().values("section")
    passing = Q(state__in=sorted(PASSING))
    open_blocker = ~passing & Q(item__severity=Item.Severity.BLOCKER)

    def count(only: Q | None = None) -> Coalesce:
        return Coalesce(Subquery(rows.annotate(n=Count("pk", filter=only)).values("n")), 0)

    ReviewSection.objects.filter(pk=section.pk).update(
        applicable=count(),
        answered=count(~Q(state=AnswerState.UNANSWERED) & Q(to_confirm=False)),
        passing=count(passing),
        blocked=count(open_blocker),
        failing=count(open_blocker & Q(state=AnswerState.NOT_MET)),
    )


def clean_text(value: str, field: str, label: str, *, required: bool = False, most: int = MAX_TEXT) -> str:
    """Strip and check a text; raise Invalid naming `field` if it is missing, too long or has NUL bytes."""
    text = value.replace("\r\n", "\n").strip()
    if "\x00" in text:
        raise Invalid(f"{label}: remove the NUL characters.", {field: ["Remove the NUL characters."]})
    if len(text) > most:
        message = f"{label} has {len(text):,} characters; at most {most:,} fit. Shorten it or attach a file."
        raise Invalid(message, {field: [message]})
    if required and not text:
        raise Invalid(f"{label} is missing.", {field: [f"{label} is missing. Write a sentence or two."]})
    return text
