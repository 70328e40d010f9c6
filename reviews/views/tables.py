"""Rows of an inventory, one at a time: save, add, delete, bring back; for scripts and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from checklist.models import Item
from readiness.accounts.rights import Actor
from readiness.errors import Conflict, Invalid, NotFound, WrongState
from readiness.http import redirect, wants_fragment, with_toast
from reviews import access
from reviews.actions import rows as actions
from reviews.actions.base import ReviewRef
from reviews.forms import tables
from reviews.forms.answers import ItemCard, flat
from reviews.models import Answer
from reviews.queries.sheet import ItemSheet
from reviews.table_rows import seen_of
from reviews.views.acting import keeping
from reviews.views.items import item_url
from reviews.views.pages import item_page

Address = tuple[str, int, str, str]
Write = Callable[[Actor, ReviewRef], tuple[Answer, str]]


@login_required
@require_POST
def add(request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str) -> HttpResponse:
    """Add a row."""
    return _write(
        request,
        (slug, number, section_slug, item_slug),
        tables.NEW,
        lambda actor, ref: actions.add_row(actor, ref, item_slug, _typed(request)),
    )


@login_required
@require_safe
def show(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str, row_id: str
) -> HttpResponse:
    """One row as it is stored: what a script puts back for an edit that is given up."""
    answer = access.answer(request, slug, number, section_slug, item_slug)
    if not wants_fragment(request):
        return redirect(request, f"{item_url(answer)}#row-{row_id}")
    return _row(request, answer, row_id)


@login_required
@require_POST
def save(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str, row_id: str
) -> HttpResponse:
    """Save a row."""
    seen = request.POST.get("seen", "")
    return _write(
        request,
        (slug, number, section_slug, item_slug),
        row_id,
        lambda actor, ref: actions.save_row(actor, ref, item_slug, row_id, _typed(request), seen),
    )


@login_required
@require_POST
def delete(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str, row_id: str
) -> HttpResponse:
    """Delete a row, and offer to bring it back."""
    ref = ReviewRef(slug, number, section_slug)
    try:
        answer = actions.delete_row(
            access.actor(request), ref, item_slug, row_id, request.POST.get("seen", "")
        )
    except Conflict as error:
        return _conflict(request, (slug, number, section_slug, item_slug), row_id, error)
    if wants_fragment(request):
        return _changed(request, answer, "reviews/tables/_deleted.html", {"row_id": row_id})
    return redirect(request, f"{item_url(answer)}?deleted={answer.revision}#table")


@login_required
@require_POST
def restore(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str, revision: int
) -> HttpResponse:
    """Bring back what was deleted in one revision."""
    access.answer(request, slug, number, section_slug, item_slug, "answer.save")
    ref = ReviewRef(slug, number, section_slug)
    answer, ids = actions.restore_rows(access.actor(request), ref, item_slug, revision)
    if wants_fragment(request) and len(ids) == 1:
        return _row(request, answer, ids[0])
    messages.success(request, "It is back.")
    return redirect(request, f"{item_url(answer)}#table")


def _typed(request: HttpRequest) -> Callable[[Item], dict[str, str]]:
    """How the action reads the typed cells, once it knows the columns."""
    return lambda item: tables.read_row(item, flat(request.POST))


def _write(request: HttpRequest, address: Address, row_id: str, act: Write) -> HttpResponse:
    try:
        answer, saved = act(access.actor(request), ReviewRef(*address[:3]))
    except Conflict as error:
        return _conflict(request, address, row_id, error)
    except (Invalid, WrongState) as error:
        if wants_fragment(request):
            raise  # the inputs stay as they are; the message goes to the status region
        answer = access.answer(request, *address)
        typed = tables.read_row(answer.item, flat(request.POST))
        return keeping(
            request,
            lambda error: item_page(request, answer, error=error, edit=row_id, typed_row=typed),
            error,
        )
    if not wants_fragment(request):
        return redirect(request, f"{item_url(answer)}#row-{saved}")
    return _row(request, answer, saved)


def _row(request: HttpRequest, answer: Answer, row_id: str) -> HttpResponse:
    table = tables.table_of(answer)
    row = table.row(row_id)
    if row is None:
        raise NotFound("This row is not there any more. Reload the page to see the table as it is.")
    return _changed(request, answer, "reviews/tables/_row_saved.html", {"table": table, "row": row})


def _changed(request: HttpRequest, answer: Answer, template: str, more: dict[str, Any]) -> HttpResponse:
    """A fragment for one row, with what else the edit changed on the page out of band."""
    context = {
        "card": ItemCard(ItemSheet(answer)),
        "answer": answer,
        "table": tables.table_of(answer),
        "review": answer.review,
        "section": answer.section,
        "may_edit": True,
        **more,
    }
    response = render(request, template, context)
    response.headers["HX-Trigger"] = "answer-changed"
    return response


def _conflict(request: HttpRequest, address: Address, row_id: str, error: Conflict) -> HttpResponse:
    """Both versions of the row side by side, and a choice; nothing is stored and nothing lost."""
    answer = access.answer(request, *address)
    found: actions.RowConflict = error.current
    table = tables.table_of(answer)
    conflict = {
        "row_id": row_id,
        "stored": found.stored,
        "seen": seen_of(found.stored) if found.stored else "",
        "differences": tables.differences(table.columns, found.stored or {}, found.typed),
        "typed": tables.as_typed(table.columns, found.typed),
        "deleting": not found.typed,
        "message": error.message,
    }
    if not wants_fragment(request):
        return item_page(request, answer, error=error, row_conflict=conflict)
    context = {
        "conflict": conflict,
        "table": table,
        "review": answer.review,
        "section": answer.section,
        "card": ItemCard(ItemSheet(answer)),
    }
    response = render(request, "reviews/tables/_conflict_row.html", context, status=409)
    return with_toast(response, error.message, "warn")
