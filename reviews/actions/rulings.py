"""Rule where a person and a probe disagree."""

from __future__ import annotations

from typing import Any

from readiness.accounts.rights import Actor
from readiness.errors import Invalid, NotFound, WrongState
from reviews.actions.base import changing, clean_text, section_of
from reviews.models import Answer, Ruling
from reviews.queries.authors import answer_authors
from reviews.queries.sheet import load_sheet
from reviews.states import RulingDecision


def make_ruling(actor: Actor, answer: Answer, probe: str, decision: str, reason: str) -> Ruling:
    """Decide whether the answer or the probe is right, with a reason.

    Holds for this revision of the answer and this outcome of the probe; when either changes, rule again.
    """
    text = clean_text(reason, "reason", "The reason", required=True)
    if decision not in RulingDecision.values:
        raise Invalid("Choose who is right.", {"decision": ["Choose who is right."]})

    def subject() -> dict[str, Any]:
        return {"authors": answer_authors(answer.pk)}

    with changing(answer.review_id, actor, "ruling.make", section=answer.section, subject=subject) as change:
        row = section_of(change.review, answer.section.slug)
        sheet = next(iter(load_sheet(row, of_item=answer).items), None)
        if sheet is None:
            raise NotFound("This item does not exist any more.")
        found = next((each for each in sheet.disagreements if each.probe == probe), None)
        if found is None:
            raise WrongState(
                "The answer and the probe do not disagree any more, so there is nothing to rule on."
            )
        if found.ruled_for:
            raise WrongState(
                "This is ruled on already. A change of the answer or of the outcome opens it again."
            )
        ruling = Ruling.objects.create(
            answer=sheet.answer,
            section=row,
            probe=probe,
            outcome=found.outcome,
            answer_revision=sheet.answer.revision,
            decision=decision,
            reason=text,
            by_id=actor.id,
            at=change.at,
        )
        change.record(
            "person:ruling:made",
            f"Ruled on “{sheet.item.title}”: {ruling.get_decision_display().lower()}",
            section=row.slug,
            item=sheet.item.slug,
            data={"probe": probe, "outcome": found.outcome, "decision": decision, "reason": text},
        )
    return ruling
