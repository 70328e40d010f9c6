"""Take a figure over that was worked out elsewhere: a person has looked at it and says so."""

from __future__ import annotations

from checklist.models import Item
from checklist.rules.on_call_figures import Figure
from readiness.accounts.rights import Actor
from readiness.errors import Conflict, NotFound, WrongState
from reviews.actions.answers import Said, save_answer
from reviews.actions.base import ReviewRef
from reviews.models import Answer
from reviews.queries.on_call import FIGURE_ITEMS, SOURCE_START, load_on_call
from reviews.states import AnswerState

_NONE = "There is no figure for this item yet. Plan or import the rota of the service first."


def take_figure(actor: Actor, which: ReviewRef, item_slug: str, *, seen: str, revision: int) -> Answer:
    """Answer an item with the figure that follows from the rota; `seen` is its text as the person saw it.

    Raises WrongState when there is none, and Conflict when it is another by now or somebody saved another
    answer since `revision`. The rest of a note stays.
    """
    rows = Answer.objects.select_related("item", "review__service__team")
    answer = rows.filter(
        review__service__slug=which.service, review__number=which.number, item__slug=item_slug
    ).first()
    if answer is None:
        raise NotFound("There is nothing at this address, or you may not see it.")
    item = answer.item
    if FIGURE_ITEMS.get(item.slug) != item.kind:
        raise WrongState(_NONE)
    figure = load_on_call(answer.review.service, review=answer.review).figure(item.slug, item.spec)
    if figure is None:
        raise WrongState(_NONE)
    if figure.note != seen:
        raise Conflict("The rota changed since you looked at it. Here is the new figure.", figure)
    return save_answer(actor, which, item_slug, _said(answer, figure), revision)


def _said(answer: Answer, figure: Figure) -> Said:
    met = figure.verdict != "not_met"
    state: str = AnswerState.MET if met else AnswerState.NOT_MET
    if answer.state == AnswerState.WAIVED and not met:
        state = AnswerState.WAIVED  # the waiver covers just that
    if answer.item.kind == Item.Kind.MEASURE:
        return Said(state, note=answer.note, data=figure.data)
    return Said(state, note=_with(answer.note, figure.note))


def _with(note: str, paragraph: str) -> str:
    """The note with the figure's paragraph, in place of the one that an earlier figure left."""
    kept = [part for part in note.split("\n\n") if part.strip() and SOURCE_START not in part]
    return "\n\n".join([*kept, paragraph])
