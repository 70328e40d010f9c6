"""Add, replace and withdraw evidence. Rows are only ever ended, never changed or removed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import rfc8785
from django.utils import timezone

from readiness.accounts.rights import Actor
from readiness.errors import Invalid, NotFound, WrongState
from reviews.actions.base import Change, answer_of, changing, clean_text
from reviews.filetypes import clean_name
from reviews.links import clean_url, short_url
from reviews.models import Answer, Drill, Evidence, StoredFile
from reviews.states import EvidenceGrade, EvidenceKind

MAX_LIVE: Final = 50
MAX_TITLE: Final = 200
_EARLIEST: Final = date(1990, 1, 1)
# What a person added, a person may take back. A probe's or a drill's record is replaced by the next one only.
BY_HAND: Final = frozenset({EvidenceKind.LINK.value, EvidenceKind.FILE.value, EvidenceKind.NOTE.value})


@dataclass(frozen=True, slots=True)
class About:
    """What is said of any evidence by hand.

    `title` may be empty: one is made of the content. `observed_on` is the day of what it shows, today when
    not given. `replaces` is the id of live evidence on the same item that this takes the place of.
    """

    title: str = ""
    observed_on: date | None = None
    replaces: int | None = None


def add_link(actor: Actor, review_id: int, item_slug: str, url: str, about: About) -> Evidence:
    """Attach an http or https link. Raises Invalid naming the field; see `_add` for the rest."""
    return _add(actor, review_id, item_slug, make_link(url, about.title), about)


def add_file(
    actor: Actor, review_id: int, item_slug: str, stored: StoredFile, name: str, about: About
) -> Evidence:
    """Attach a file that `storage.store` has taken. `name` is what the sender calls it."""
    return _add(actor, review_id, item_slug, make_file(stored, name, about.title), about)


def add_note(actor: Actor, review_id: int, item_slug: str, body: str, about: About) -> Evidence:
    """Attach a note in Markdown."""
    return _add(actor, review_id, item_slug, make_note(body, about.title), about)


def make_link(url: str, title: str = "") -> Evidence:
    """A link as evidence, not saved yet. Raises Invalid naming the field."""
    address = clean_url(url)
    shown = _title(title, short_url(address))
    content = hashlib.sha256(rfc8785.dumps({"title": shown, "url": address})).hexdigest()
    grade = EvidenceGrade.ATTESTED
    return Evidence(kind=EvidenceKind.LINK, grade=grade, url=address, sha256=content, title=shown)


def make_file(stored: StoredFile, name: str, title: str = "") -> Evidence:
    """A stored file as evidence, not saved yet."""
    shown = clean_name(name)
    return Evidence(
        kind=EvidenceKind.FILE,
        grade=EvidenceGrade.ATTESTED,
        file=stored,
        file_name=shown,
        sha256=stored.sha256,
        title=_title(title, shown),
    )


def make_note(body: str, title: str = "") -> Evidence:
    """A note in Markdown as evidence, not saved yet."""
    text = clean_text(body, "body", "The note", required=True)
    content = hashlib.sha256(text.encode()).hexdigest()
    first = text.splitlines()[0].lstrip("#>*- ").strip()
    shown, grade = _title(title, first or "Note"), EvidenceGrade.ASSERTED
    return Evidence(kind=EvidenceKind.NOTE, grade=grade, body=text, sha256=content, title=shown)


def withdraw(actor: Actor, review_id: int, evidence_id: int) -> Evidence:
    """Take evidence back: it stays in the record and no longer counts. Withdrawing twice is no error."""
    with changing(review_id, actor, "evidence.withdraw") as change:
        row = _row(change, evidence_id)
        if row.ended_at is not None:
            return row
        _require_by_hand(row, "withdrawn")
        end(change, row)
        answer = answer_of(change.review, row.answer.item.slug)
        change.record(
            "person:evidence:withdrawn",
            f"Withdrew “{row.title}” from “{answer.item.title}”",
            section=answer.section.slug,
            item=answer.item.slug,
            data={"evidence": row.pk, "sha256": row.sha256},
        )
        change.touch(answer.section)
    return row


def _add(actor: Actor, review_id: int, item_slug: str, row: Evidence, about: About) -> Evidence:
    """Save `row` on the item, in place of what it replaces.

    The same content with the same title and day again is no second piece: the first is returned, so that a
    lost reply can be repeated. Raises Invalid, or WrongState where the item takes no more.
    """
    row.observed_on = _day(about.observed_on)
    with changing(review_id, actor, "evidence.add") as change:
        answer = answer_of(change.review, item_slug)
        if not answer.applicable:
            raise WrongState("This item does not apply to this service, so it takes no evidence.")
        same = _twin(answer, row)
        if same is not None and same.pk != about.replaces:
            return same
        old = _replaced(change, answer, about.replaces)
        if old is None and answer.evidence.filter(ended_at__isnull=True).count() >= MAX_LIVE:
            raise WrongState(
                f"This item has {MAX_LIVE} pieces of evidence, the most it takes. "
                "Withdraw or replace one that is out of date first."
            )
        attach(change, answer, row, actor.id)
        if old is not None:
            end(change, old, row)
        _record_added(change, answer, row, old)
        change.touch(answer.section)
    return row


def attach(change: Change, answer: Answer, row: Evidence, added_by: int | None) -> None:
    """Save new evidence on an answer of the locked review; the item says how long it counts."""
    days = answer.item.evidence_lifetime_days
    row.review, row.answer = change.review, answer
    row.valid_until = row.observed_on + timedelta(days=days) if days else None
    row.added_by_id, row.added_at = added_by, change.at
    row.save(force_insert=True)


def _record_added(change: Change, answer: Answer, row: Evidence, old: Evidence | None) -> None:
    verb, words = ("added", "Added") if old is None else ("superseded", f"Replaced “{old.title}” by")
    change.record(
        f"person:evidence:{verb}",
        f"{words} “{row.title}” as evidence of “{answer.item.title}”",
        section=answer.section.slug,
        item=answer.item.slug,
        data={
            "evidence": row.pk,
            "kind": row.kind,
            "grade": row.grade,
            "title": row.title,
            "sha256": row.sha256,
            "observed_on": row.observed_on.isoformat(),
            **({"url": row.url} if row.url else {}),
            **({"file_name": row.file_name} if row.file_name else {}),
            **({"replaces": old.pk} if old is not None else {}),
        },
    )


def end(change: Change, row: Evidence, by: Evidence | None = None) -> None:
    """End live evidence: withdrawn, or in favour of `by`."""
    row.ended_at, row.ended_by_id = change.at, change.actor.id if change.actor else None
    row.superseded_by = by
    row.save(update_fields=["ended_at", "ended_by", "superseded_by"])


def _twin(answer: Answer, row: Evidence) -> Evidence | None:
    live = answer.evidence.filter(ended_at__isnull=True, kind=row.kind, sha256=row.sha256)
    return live.filter(title=row.title, observed_on=row.observed_on).first()


def _replaced(change: Change, answer: Answer, evidence_id: int | None) -> Evidence | None:
    if evidence_id is None:
        return None
    old = _row(change, evidence_id)
    if old.answer_id != answer.pk:
        raise NotFound("The evidence to replace is not on this item.")
    if old.ended_at is not None:
        raise WrongState(
            f"“{old.title}” was replaced or withdrawn already. "
            "Add yours as a new piece, if it is still needed."
        )
    _require_by_hand(old, "replaced")
    return old


def _row(change: Change, evidence_id: int) -> Evidence:
    row = Evidence.objects.select_related("answer__item").filter(review=change.review, pk=evidence_id).first()
    if row is None:
        raise NotFound("This evidence does not exist in this review.")
    return row


def _require_by_hand(row: Evidence, done: str) -> None:
    if row.kind not in BY_HAND:
        raise WrongState(
            f"A {row.get_kind_display().lower()} is not {done} by hand. "
            "Run it again: the new one takes its place."
        )
    if Drill.objects.filter(artifact=row).exists():
        raise WrongState(f"“{row.title}” is the result of a drill and stays with it, so it is not {done}.")


def _title(given: str, otherwise: str) -> str:
    typed = clean_text(given, "title", "The title", most=MAX_TITLE)
    title = typed or "".join(char for char in otherwise if char.isprintable())[:MAX_TITLE]
    if any(mark in title for mark in "\n\t"):
        raise Invalid("The title is one line.", {"title": ["The title is one line. Remove the line breaks."]})
    if not title.isprintable():  # such as marks that turn the reading order
        message = "The title holds characters that cannot be shown. Type it anew."
        raise Invalid(message, {"title": [message]})
    return title


def _day(given: date | None) -> date:
    today = timezone.localdate()
    if given is None:
        return today
    if given > today:
        raise _bad_day(f"{given:%-d %b %Y} is in the future. Evidence shows what was seen: choose that day.")
    if given < _EARLIEST:
        raise _bad_day(f"The year {given.year} cannot be right. Choose the day of what the evidence shows.")
    return given


def _bad_day(message: str) -> Invalid:
    return Invalid(message, {"observed_on": [message]})
