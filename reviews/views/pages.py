"""The workspace's two pages, drawn alike for a look and after a refused form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse

from checklist.models import Item
from readiness.errors import Conflict, DomainError
from readiness.http import render_page
from reviews import access
from reviews.forms import acts
from reviews.forms.answers import ItemCard
from reviews.forms.tables import table_of
from reviews.models import Answer, ReviewSection
from reviews.queries.drills import load_panel
from reviews.queries.items import load_item_page, source_of
from reviews.queries.rows import missing_rows
from reviews.queries.workspace import Workspace, load_sections, load_workspace

Typed = Mapping[str, str]
SHOW = {"todo": "To do", "problems": "Problems"}


def section_page(
    request: HttpRequest,
    section: ReviewSection,
    sections: list[ReviewSection] | None = None,
    *,
    forms: Mapping[str, Form] | None = None,
    typed: Mapping[str, Typed] | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    """Draw a section's page. `forms` holds refused forms by name, `typed` refused answers by item slug."""
    sections = sections or load_sections(section.review)
    here = next(each for each in sections if each.pk == section.pk)
    work = load_workspace(access.actor(request), section.review, sections, here)
    cards = _cards(work, typed or {}, error)
    context = {
        "work": work,
        "review": section.review,
        "section": here,
        "cards": _shown(cards, request.GET.get("show", "")),
        "show": request.GET.get("show", ""),
        "has_decisions": work.may_answer and any(card.is_register_of_one for card in cards),
        "counts": {"all": len(cards), **{name: len(_shown(cards, name)) for name in SHOW}},
        "error": error,
        "changes": error.current if isinstance(error, Conflict) and not typed else None,
        **acts.section_forms(work, forms or {}),
    }
    return render_page(
        request, "reviews/section.html", "reviews/section.html", context, error.status if error else 200
    )


def item_page(
    request: HttpRequest,
    answer: Answer,
    *,
    forms: Mapping[str, Form] | None = None,
    typed: Typed | None = None,
    error: DomainError | None = None,
    edit: str = "",
    typed_row: Typed | None = None,
    row_conflict: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Draw an item's page: guidance, answer, evidence, probes, waiver, findings and history.

    `edit` and `typed_row` are a refused row of a table, `row_conflict` two versions of one.
    """
    page = load_item_page(access.actor(request), answer)
    context: dict[str, Any] = {
        "page": page,
        "work": page.work,
        "review": answer.review,
        "section": answer.section,
        "card": ItemCard(page.sheet, typed or {}, error if typed else None),
        "error": error,
        "row_conflict": row_conflict,
        **_table(request, answer, edit, typed_row),
        "history_page": request.GET.get("page", "1"),
        **acts.item_forms(page, forms or {}),
    }
    if answer.item.kind == Item.Kind.DRILL:
        context["drills"] = load_panel(page.sheet.answer)
    return render_page(request, "reviews/item.html", None, context, error.status if error else 200)


def _table(request: HttpRequest, answer: Answer, edit: str, typed: Typed | None) -> dict[str, Any]:
    """The table of an inventory, in which the address names a filter and the row to edit."""
    if answer.item.kind != Item.Kind.INVENTORY:
        return {}
    get = request.GET if request.method == "GET" else {}
    source = source_of(answer)
    show, row = get.get("rows", ""), edit or get.get("edit", "")
    return {
        "table": table_of(answer, source=source, show=show, edit=row, typed=typed),
        "source": source,
        "missing": missing_rows(answer),
        "deleted": get.get("deleted", ""),
    }


def _cards(work: Workspace, typed: Mapping[str, Typed], error: DomainError | None) -> list[ItemCard]:
    return [
        ItemCard(sheet, typed.get(sheet.item.slug, {}), error if sheet.item.slug in typed else None)
        for sheet in work.sheet.items
    ]


def _shown(cards: list[ItemCard], show: str) -> list[ItemCard]:
    if show == "todo":
        return [card for card in cards if card.sheet.answer.applicable and card.problems]
    if show == "problems":
        return [card for card in cards if card.is_problem]
    return cards
