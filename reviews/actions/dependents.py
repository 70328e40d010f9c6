"""Items that follow another inventory: judge them again when its rows change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from readiness.accounts.rights import Actor
from reviews.actions.base import Change
from reviews.actions.revisions import write_revision
from reviews.judging import Context, is_computed, judge, sources_of
from reviews.models import Answer
from reviews.states import AnswerState

# Answers given by hand or by a waiver stay: figures do not overrule a decision.
_BY_HAND = frozenset({AnswerState.NOT_APPLICABLE, AnswerState.DEFERRED, AnswerState.WAIVED})


def context_for(answer: Answer, facts: Mapping[str, Any]) -> Context:
    """Gather what judging `answer` needs from other answers of its review; no query when it needs nothing."""
    wanted = sources_of(answer.item)
    return Context(rows_of=_rows_of(answer.review_id, wanted) if wanted else {}, facts=facts)


def judge_dependents(change: Change, source: Answer) -> None:
    """Judge every item again that reads the rows of `source`; touch the sections of those that moved."""
    rows = change.review.answers.select_related("item", "section__section").filter(item__kind="inventory")
    for answer in rows:
        if source.item.slug not in sources_of(answer.item) or answer.pk == source.pk:
            continue
        answer.review = answer.section.review = change.review
        judged = judge(answer.item, answer.data, answer.note, context_for(answer, change.review.facts))
        state = judged.state if _follows(answer) else answer.state
        if (state, judged.as_json()) == (answer.state, answer.judgement):
            continue
        moved = state != answer.state
        answer.state, answer.judgement = state, judged.as_json()
        if moved:
            answer.revision += 1
            # Rows of its own, carried over, are still for a person to confirm.
            answer.to_confirm = answer.to_confirm and not is_computed(answer.item)
            answer.answered_at = change.at
            shape(answer, change.actor)
        answer.save(
            update_fields=["state", "judgement", "revision", "to_confirm", "answered_at", "shaped_by"]
        )
        if moved:
            write_revision(answer, change, None)
            change.touch(answer.section)


def shape(answer: Answer, actor: Actor | None) -> None:
    """Note that `actor` moved an answer without writing it, so that they do not approve it. Not saved."""
    if actor is not None and actor.id not in answer.shaped_by:
        answer.shaped_by = [*answer.shaped_by, actor.id]


def _follows(answer: Answer) -> bool:
    return answer.state not in _BY_HAND and (is_computed(answer.item) or bool(answer.data))


def _rows_of(review_id: int, slugs: set[str]) -> dict[str, list[dict[str, Any]]]:
    found = Answer.objects.filter(review_id=review_id, item__slug__in=slugs).values_list("item__slug", "data")
    return {slug: data.get("rows", []) for slug, data in found}
