"""Ask for, decide on and end waivers. Waived never counts as met."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from readiness.accounts.rights import Actor
from readiness.errors import Invalid, NotFound, WrongState
from reviews.actions.base import Change, answer_of, changing, clean_text, section_of
from reviews.actions.revisions import write_revision
from reviews.models import Answer, Review, ReviewSection, Waiver
from reviews.queries.authors import answer_authors, section_authors
from reviews.states import AnswerState, ReviewStatus, SectionStatus, WaiverStatus

MAX_DAYS = 180
_LIVE = (WaiverStatus.REQUESTED, WaiverStatus.GRANTED)


def request_waiver(
    actor: Actor,
    section: ReviewSection,
    *,
    reason: str,
    compensating_control: str,
    expires_on: date,
    item_slug: str | None = None,
) -> Waiver:
    """Ask for permission to launch with an item not met or, without `item_slug`, to approve out of order.

    `expires_on` is after today and at most 180 days away.
    """
    texts = {
        "reason": clean_text(reason, "reason", "The reason", required=True),
        "compensating_control": clean_text(
            compensating_control, "compensating_control", "The compensating control", required=True
        ),
    }
    check_expiry(expires_on)
    with changing(section.review_id, actor, "waiver.request", section=section) as change:
        row = section_of(change.review, section.slug)
        answer = answer_of(change.review, item_slug) if item_slug else None
        _require_waivable(row, answer)
        if Waiver.objects.filter(section=row, answer=answer, status__in=_LIVE).exists():
            raise WrongState("A waiver for this is asked for or granted already.")
        waiver = Waiver.objects.create(
            review=change.review,
            section=row,
            answer=answer,
            expires_on=expires_on,
            requested_by_id=actor.id,
            requested_at=change.at,
            **texts,
        )
        _record(change, "person:waiver:requested", "Asked for a waiver of", waiver, row, answer)
        change.touch(row)
    return waiver


def decide_waiver(actor: Actor, waiver_id: int, *, grant: bool, note: str = "") -> Waiver:
    """Grant or refuse a waiver. Granted, it turns its item's answer to waived until it expires."""
    text = clean_text(note, "note", "The note", required=not grant)
    found = _waiver(waiver_id)

    def subject() -> dict[str, Any]:
        of_item = found.answer_id
        authors = answer_authors(of_item) if of_item else section_authors(found.section_id)
        return {"requester_id": found.requested_by_id, "authors": authors}

    with changing(found.review_id, actor, "waiver.decide", section=found.section, subject=subject) as change:
        waiver, row, answer = _locked(change, waiver_id)
        if waiver.status != WaiverStatus.REQUESTED:
            raise WrongState(f"This waiver is {waiver.get_status_display().lower()} already.")
        if grant:
            check_expiry(waiver.expires_on)
        waiver.status = WaiverStatus.GRANTED if grant else WaiverStatus.REFUSED
        waiver.decided_by_id, waiver.decided_at, waiver.decision_note = actor.id, change.at, text
        waiver.save(update_fields=["status", "decided_by", "decided_at", "decision_note"])
        if answer and grant:
            _set_state(change, answer, AnswerState.WAIVED)
        verb, words = ("granted", "Granted the waiver of") if grant else ("refused", "Refused the waiver of")
        _record(change, f"person:waiver:{verb}", words, waiver, row, answer)
        change.touch(row)
    return waiver


def withdraw_waiver(actor: Actor, waiver_id: int) -> Waiver:
    """Take a waiver back; a waived item is not met again."""
    found = _waiver(waiver_id)
    with changing(found.review_id, actor, "waiver.withdraw", section=found.section) as change:
        waiver, row, answer = _locked(change, waiver_id)
        if waiver.status not in _LIVE:
            raise WrongState(f"This waiver is {waiver.get_status_display().lower()} already.")
        _end(change, waiver, row, answer, WaiverStatus.WITHDRAWN)
        _record(change, "person:waiver:withdrawn", "Withdrew the waiver of", waiver, row, answer)
    return waiver


def expire_waiver(waiver_id: int, today: date) -> bool:
    """End a granted waiver whose last day is over. Does nothing to another; returns whether it ended.

    In a signed-off review the answers stay as they were signed, but the sign-off goes stale.
    """
    found = _waiver(waiver_id)
    with changing(found.review_id, None, "waiver.expire") as change:
        waiver, row, answer = _locked(change, waiver_id)
        if waiver.status != WaiverStatus.GRANTED or waiver.expires_on >= today:
            return False
        if change.review.is_open:
            _end(change, waiver, row, answer, WaiverStatus.EXPIRED)
        else:
            _expire_signed_off(change, waiver)
        _record(change, "system:waiver:expired", "The waiver expired of", waiver, row, answer)
    return True


def waivers_to_expire(today: date) -> list[int]:
    """Ids of granted waivers whose last day was before `today`, in reviews that still count. One query."""
    rows = Waiver.objects.filter(status=WaiverStatus.GRANTED, expires_on__lt=today)
    return list(rows.exclude(review__status=ReviewStatus.WITHDRAWN).values_list("pk", flat=True))


def check_expiry(expires_on: date) -> None:
    """Refuse an end that is not after today or more than 180 days away."""
    today = timezone.localdate()
    if expires_on <= today:
        message = "The end has to be after today."
    elif expires_on > today + timedelta(days=MAX_DAYS):
        message = (
            f"A waiver lasts at most {MAX_DAYS} days: choose {today + timedelta(days=MAX_DAYS)} or earlier."
        )
    else:
        return
    raise Invalid(message, {"expires_on": [message]})


def _waiver(waiver_id: int) -> Waiver:
    row = Waiver.objects.select_related("section__section").filter(pk=waiver_id).first()
    if row is None:
        raise NotFound("This waiver does not exist any more.")
    return row


def _locked(change: Change, waiver_id: int) -> tuple[Waiver, ReviewSection, Answer | None]:
    waiver = Waiver.objects.select_related("section__section", "answer__item").get(pk=waiver_id)
    row = section_of(change.review, waiver.section.slug)
    if waiver.answer is not None:
        waiver.answer.section, waiver.answer.review = row, change.review
    return waiver, row, waiver.answer


def _require_waivable(row: ReviewSection, answer: Answer | None) -> None:
    if answer is None:
        if row.position == 1 or row.status == SectionStatus.APPROVED:
            raise WrongState("This section needs no waiver of the order.")
        return
    if answer.section_id != row.pk:
        raise Invalid("This item belongs to another section.")
    if not answer.applicable:
        raise WrongState("This item does not apply to this service, so it needs no waiver.")
    if answer.state != AnswerState.NOT_MET:
        raise WrongState("Only an item that is answered “not met” can be waived. Answer it first.")


def _set_state(change: Change, answer: Answer, state: str) -> None:
    """A waiver moves the state without anybody writing an answer, so the revision has no author."""
    answer.state = state
    answer.revision += 1
    answer.save(update_fields=["state", "revision"])
    write_revision(answer, change, None)


def _end(change: Change, waiver: Waiver, row: ReviewSection, answer: Answer | None, status: str) -> None:
    waiver.status = status
    waiver.save(update_fields=["status"])
    if answer and answer.state == AnswerState.WAIVED:
        _set_state(change, answer, AnswerState.NOT_MET)
    change.touch(row)


def _expire_signed_off(change: Change, waiver: Waiver) -> None:
    waiver.status = WaiverStatus.EXPIRED
    waiver.save(update_fields=["status"])
    review: Review = change.review
    sign_off = getattr(review, "sign_off", None)
    if sign_off and sign_off.stale_at is None:
        sign_off.stale_at = change.at
        sign_off.stale_reason = f"A waiver ended on {waiver.expires_on}."
        sign_off.save(update_fields=["stale_at", "stale_reason"])


def _record(
    change: Change, verb: str, words: str, waiver: Waiver, row: ReviewSection, answer: Answer | None
) -> None:
    about = f"“{answer.item.title}”" if answer else f"the order for {row.section.title}"
    change.record(
        verb,
        f"{words} {about}",
        section=row.slug,
        item=answer.item.slug if answer else "",
        data={
            "waiver": waiver.pk,
            "status": waiver.status,
            "reason": waiver.reason,
            "compensating_control": waiver.compensating_control,
            "expires_on": waiver.expires_on.isoformat(),
            "decision_note": waiver.decision_note,
        },
    )
