"""The parts of a draft: edit, add, remove, move. Two editors of one part meet here."""

from __future__ import annotations

import re
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from checklist import draft_actions as actions
from checklist.draft_queries import draft_of, load_tree
from checklist.drafts import DraftTree, full_item, full_section
from checklist.editor.layout import HEAD, KIND_TITLES, SECTION, item_layout
from checklist.models import DraftItem, DraftSection
from checklist.views.drafts import context_of, draw_outline, editor, outline_url
from checklist.views.part_form import PartForm, handle
from readiness.errors import Conflict, Invalid, NotFound
from readiness.http import redirect, render_page, wants_fragment, with_toast

_N: Final = "[0-9]{1,12}"
_MOVE: Final = re.compile(
    f"item (?P<item>{_N}) (?P<into>{_N}) (?P<spot>{_N})|section (?P<section>{_N}) (?P<place>{_N})"
)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def head(request: HttpRequest, slug: str) -> HttpResponse:
    """Title and summary of the checklist."""
    actor = editor(request)
    tree = load_tree(draft_of(slug))
    form = PartForm(
        layout=HEAD,
        title="Title and summary",
        stored=tree.draft.content,
        full=dict,
        complaints=tree.complaints_of_head,
        save=lambda data, base: actions.save_head(actor, slug, data, base),
        back=outline_url(slug),
    )
    return handle(request, form, context_of(tree, "edit"))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def section(request: HttpRequest, slug: str, pk: int | None = None) -> HttpResponse:
    """Edit a section's own fields, or add a section."""
    actor = editor(request)
    tree = load_tree(draft_of(slug))
    at = next((at for at, row in enumerate(tree.rows) if row.section.pk == pk), None)
    if pk is not None and at is None and request.method != "POST":
        raise NotFound("This section was removed from the draft.")
    part = tree.rows[at].section if at is not None else None
    place = len(tree.rows) if at is None else at
    form = PartForm(
        layout=SECTION,
        title=str(part) if part else "New section",
        stored=part.content if part else None,
        full=full_section,
        complaints=lambda data: tree.complaints_of_section(data, place),
        save=(
            (lambda data, base: actions.save_section(actor, slug, part.pk, data, base))
            if part
            else (lambda data, _: actions.add_section(actor, slug, data))
        ),
        back=outline_url(slug, f"section-{pk}" if pk else ""),
        add_url=reverse("checklist:draft_section_new", args=[slug]),
        gone=pk is not None and part is None,
        problems=tree.problems_of(part) if part else {},
        remove_url=reverse("checklist:draft_section_remove", args=[slug, pk]) if part else "",
    )
    return handle(request, form, context_of(tree, "edit"))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def item_new(request: HttpRequest, slug: str, section_pk: int) -> HttpResponse:
    """Add an item of the kind that the address names to a section."""
    actor = editor(request)
    tree = load_tree(draft_of(slug))
    at = next((at for at, row in enumerate(tree.rows) if row.section.pk == section_pk), None)
    kind = request.POST.get("kind") or request.GET.get("kind") or "attestation"
    if at is None or kind not in KIND_TITLES:
        raise NotFound("This section was removed from the draft, or there is no such kind of item.")
    form = PartForm(
        layout=item_layout(kind),
        title=f"New item in {tree.rows[at].section}",
        kind=kind,
        stored=None,
        full=full_item,
        complaints=lambda data: tree.complaints_of_item(data, at, len(tree.rows[at].items)),
        save=lambda data, _: actions.add_item(actor, slug, section_pk, data),
        back=outline_url(slug, f"section-{section_pk}"),
    )
    return handle(request, form, context_of(tree, "edit"))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def item(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Edit an item. One that somebody removed meanwhile can be added again from what was typed."""
    actor = editor(request)
    tree = load_tree(draft_of(slug))
    found = _item(tree, pk)
    if found is None:
        return _item_gone(request, tree)
    at, spot, part = found
    kind = str(part.content["kind"])
    form = PartForm(
        layout=item_layout(kind),
        title=str(part),
        kind=kind,
        stored=part.content,
        full=full_item,
        complaints=lambda data: tree.complaints_of_item(data, at, spot),
        save=lambda data, base: actions.save_item(actor, slug, pk, data, base),
        back=outline_url(slug, f"item-{pk}"),
        add_url=reverse("checklist:draft_item_new", args=[slug, tree.rows[at].section.pk]),
        problems=tree.problems_of(part),
        remove_url=reverse("checklist:draft_item_remove", args=[slug, pk]),
    )
    return handle(request, form, {**context_of(tree, "edit"), "section": tree.rows[at].section})


def _item(tree: DraftTree, pk: int) -> tuple[int, int, DraftItem] | None:
    for at, row in enumerate(tree.rows):
        for spot, each in enumerate(row.items):
            if each.pk == pk:
                return at, spot, each
    return None


def _item_gone(request: HttpRequest, tree: DraftTree) -> HttpResponse:
    kind = request.POST.get("kind", "")
    if request.method != "POST" or kind not in KIND_TITLES or not tree.rows:
        raise NotFound("This item was removed from the draft.")
    section_pk = request.POST.get("section", "")
    row = next((row for row in tree.rows if str(row.section.pk) == section_pk), tree.rows[-1])
    slug = tree.draft.checklist.slug
    form = PartForm(
        layout=item_layout(kind),
        title=f"New item in {row.section}",
        kind=kind,
        stored=None,
        full=full_item,
        complaints=lambda _: {},
        save=lambda _data, _base: None,
        back=outline_url(slug),
        add_url=reverse("checklist:draft_item_new", args=[slug, row.section.pk]),
        gone=True,
    )
    return handle(request, form, context_of(tree, "edit"))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove_section(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask, then remove a section with its items."""
    tree = _tree(request, slug)
    row = next((row for row in tree.rows if row.section.pk == pk), None)
    return _remove(request, tree, row.section if row else None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove_item(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask, then remove an item."""
    tree = _tree(request, slug)
    found = _item(tree, pk)
    return _remove(request, tree, found[2] if found else None)


def _tree(request: HttpRequest, slug: str) -> DraftTree:
    editor(request)
    return load_tree(draft_of(slug))


def _remove(request: HttpRequest, tree: DraftTree, part: DraftSection | DraftItem | None) -> HttpResponse:
    if part is None:
        raise NotFound("This was removed from the draft already.")
    slug = tree.draft.checklist.slug
    context = {
        **context_of(tree, "edit"),
        "part": part,
        "items": actions.removal_of(tree, part).get("items", []),
        "seen": actions.seal(actions.removal_of(tree, part)),
        "back": outline_url(slug),
    }
    if request.method == "POST":
        try:
            actions.remove_part(editor(request), slug, part, request.POST.get("seen", ""))
        except Conflict as error:
            return render_page(
                request, "checklist/draft/remove.html", None, {**context, "conflict": error}, 409
            )
        messages.success(request, f"Removed “{part}”.")
        return redirect(request, outline_url(slug))
    return render_page(request, "checklist/draft/remove.html", None, context)


@login_required
@require_POST
def move(request: HttpRequest, slug: str) -> HttpResponse:
    """Move a part: `item NUMBER SECTION PLACE` or `section NUMBER PLACE`, places counted from 0."""
    actor = editor(request)
    found = _MOVE.fullmatch(request.POST.get("move", ""))
    if found is None:
        raise Invalid("That is not a place to move to. Reload the page and try again.")
    if found["item"]:
        pk, place = int(found["item"]), int(found["spot"])
        actions.move_item(actor, slug, pk, int(found["into"]), place)
        at = f"item-{pk}"
    else:
        pk, place = int(found["section"]), int(found["place"])
        actions.move_section(actor, slug, pk, place)
        at = f"section-{pk}"
    if wants_fragment(request):
        return with_toast(draw_outline(request, slug), f"Moved to place {place + 1}.")
    return redirect(request, outline_url(slug, at))
