"""Sign a review off, and freeze its snapshot in the same transaction."""

from __future__ import annotations

from typing import Any

from readiness.accounts.rights import Actor
from readiness.errors import Conflict, Invalid, WrongState
from reviews.actions.base import Change, changing, clean_text
from reviews.models import Packet, Review, SignOff, Snapshot
from reviews.packets import schema
from reviews.queries.authors import review_authors
from reviews.queries.content import digest_of, section_content
from reviews.queries.sheet import SectionSheet, load_review_sheets
from reviews.snapshots import build_snapshot
from reviews.states import ReviewStatus, SectionStatus, Verdict, WaiverStatus


def review_digest(sheets: list[SectionSheet]) -> str:
    """SHA-256 over the content of all sections: what a sign-off stands for."""
    return digest_of([[sheet.section.slug, digest_of(section_content(sheet))] for sheet in sheets])


def verdict_for(sheets: list[SectionSheet]) -> str:
    """Return the positive verdict that the content allows: ready, or ready with waivers."""
    waivers = [sheet.order_waiver for sheet in sheets]
    waivers += [item.waiver for sheet in sheets for item in sheet.items]
    in_force = any(waiver and waiver.status == WaiverStatus.GRANTED for waiver in waivers)
    return Verdict.READY_WITH_WAIVERS if in_force else Verdict.READY


def standing_in_the_way(sheets: list[SectionSheet]) -> str | None:
    """Say what keeps a review from being signed off, or None."""
    for sheet in sheets:
        section = sheet.section
        title = section.section.title
        if section.status != SectionStatus.APPROVED:
            return f"{title} is not approved: it is {section.get_status_display().lower()}."
        if sheet.problems:
            return f"{title}: {sheet.problems[0].text}"
        digest = digest_of(section_content(sheet))
        if any(approval.content_id != digest for approval in sheet.valid_approvals):
            return f"{title} changed after its approval."
    return None


def sign_off(actor: Actor, review_id: int, *, ready: bool, note: str, seen_digest: str) -> SignOff:
    """Decide on a whole review at the content that the signer saw, and freeze the snapshot.

    Whether “ready” means with waivers follows from the content. Raises WrongState while a section is not
    approved, Conflict when the content changed since, Refused to whoever wrote any of it.
    """
    text = clean_text(note, "note", "The note")
    if not ready and not text:
        raise Invalid("Say why it is not ready.", {"note": ["Say why it is not ready."]})

    def subject() -> dict[str, Any]:
        return {"authors": review_authors(review_id)}

    with changing(review_id, actor, "review.sign_off", subject=subject) as change:
        review = change.review
        sheets = load_review_sheets(review)
        why_not = standing_in_the_way(sheets)
        if why_not:
            raise WrongState(f"This review cannot be signed off yet. {why_not}")
        digest = review_digest(sheets)
        if digest != seen_digest:
            raise Conflict("The review changed after you opened this page. Read it again, then sign.")
        verdict = verdict_for(sheets) if ready else Verdict.NOT_READY
        row = SignOff.objects.create(
            review=review, by_id=actor.id, at=change.at, verdict=verdict, note=text, digest=digest
        )
        _supersede_earlier(change)
        review.status, review.ended_at = ReviewStatus.SIGNED_OFF, change.at
        change.record(
            "person:review:signed_off",
            f"Signed off review {review.number}: {row.get_verdict_display().lower()}",
            data={"verdict": verdict, "digest": digest, "note": text},
        )
        # The snapshot holds the chain up to and including the sign-off.
        change.flush()
        _freeze(change, row, sheets)
    return row


def _freeze(change: Change, row: SignOff, sheets: list[SectionSheet]) -> None:
    content = schema.canonical(build_snapshot(change.review, row, sheets))
    snapshot = Snapshot.objects.create(
        review=change.review,
        content=content,
        sha256=schema.content_hash(content),
        schema_version=schema.SCHEMA_VERSION,
        created_at=change.at,
    )
    Packet.objects.create(snapshot=snapshot, requested_at=change.at)
    change.record(
        "system:snapshot:frozen",
        f"Froze the snapshot {snapshot.sha256[:12]}",
        data={"sha256": snapshot.sha256, "size": len(content)},
    )


def _supersede_earlier(change: Change) -> None:
    review = change.review
    earlier = Review.objects.filter(
        service_id=review.service_id, checklist_id=review.checklist_id, status=ReviewStatus.SIGNED_OFF
    ).exclude(pk=review.pk)
    numbers = list(earlier.values_list("number", flat=True))
    if numbers:
        earlier.update(status=ReviewStatus.SUPERSEDED)
        change.record(
            "system:review:superseded",
            f"Supersedes review {', '.join(str(number) for number in numbers)}",
            data={"numbers": numbers},
        )
