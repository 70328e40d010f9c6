"""Save and confirm answers: autosaved by htmx, or by a plain form."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from readiness.errors import Conflict, DomainError, Invalid, WrongState
from readiness.http import redirect, wants_fragment
from reviews import access
from reviews.actions.answers import confirm_answer, save_answer
from reviews.actions.base import ReviewRef
from reviews.forms.answers import AnswerForm, ItemCard, flat, labels_of
from reviews.models import Answer
from reviews.queries.sheet import ItemSheet, load_sheet
from reviews.views.acting import keeping
from reviews.views.pages import item_page, section_page


@login_required
@require_POST
def save(request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str) -> HttpResponse:
    """Save an answer. The action asks the rights under its lock, so nothing is fetched twice."""
    ref = ReviewRef(slug, number, section_slug)
    try:
        form = AnswerForm(request.POST)
        revision = form.seen_revision()
        saved = save_answer(access.actor(request), ref, item_slug, form.said, revision)
    except (Invalid, Conflict, WrongState) as error:
        return _refused(request, access.answer(request, slug, number, section_slug, item_slug), error)
    return _saved(request, saved)


@login_required
@require_POST
def confirm(request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str) -> HttpResponse:
    """Confirm an answer that was carried over."""
    try:
        revision = AnswerForm(request.POST).seen_revision()
        ref = ReviewRef(slug, number, section_slug)
        saved = confirm_answer(access.actor(request), ref, item_slug, revision)
    except (Invalid, Conflict, WrongState) as error:
        return _refused(request, access.answer(request, slug, number, section_slug, item_slug), error)
    return redirect(request, _back(request, saved))


def _saved(request: HttpRequest, answer: Answer) -> HttpResponse:
    if not wants_fragment(request):
        return redirect(request, _back(request, answer))
    card = ItemCard(ItemSheet(answer))
    response = render(request, "reviews/items/_saved.html", {"card": card, "answer": answer})
    response.headers["HX-Trigger"] = "answer-changed"
    return response


def _refused(request: HttpRequest, answer: Answer, error: DomainError) -> HttpResponse:
    """Show the error beside what was typed: as a fragment, or on the page that the form stands on."""
    typed = flat(request.POST)
    if wants_fragment(request):
        if isinstance(error, WrongState):
            raise error  # the form stays as it is; the message goes to the status region
        sheet = load_sheet(answer.section, of_item=answer).items[0]
        context = {"card": ItemCard(sheet, typed, error), "error": error, "stored": answer}
        return render(request, "reviews/items/_refused.html", context, status=error.status)

    def again(error: DomainError) -> HttpResponse:
        if request.POST.get("page") == "item":
            return item_page(request, answer, typed=typed, error=error)
        return section_page(request, answer.section, typed={answer.item.slug: typed}, error=error)

    return keeping(request, again, error, labels=labels_of(answer.item, typed))


def _back(request: HttpRequest, answer: Answer) -> str:
    section = answer.section
    if request.POST.get("page") == "item":
        return reverse(
            "reviews:item",
            args=[section.review.service.slug, section.review.number, section.slug, answer.item.slug],
        )
    return f"{section.get_absolute_url()}#item-{answer.item.slug}"
