"""Evidence: add, replace and withdraw it, look at it, download it."""

from __future__ import annotations

import re
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from readiness.downloads import send_file
from readiness.errors import DomainError, Invalid, NotFound
from readiness.http import redirect, render_page, wants_fragment, with_toast
from reviews import access, storage
from reviews.actions import evidence as actions
from reviews.filetypes import BY_EXTENSION, FileType
from reviews.forms.evidence import EvidenceForm
from reviews.models import Answer, Evidence
from reviews.queries.sheet import load_sheet
from reviews.states import EvidenceKind
from reviews.views.items import item_url

PREVIEW_BYTES: Final = 256 * 1024
_ID: Final = re.compile(r"[0-9]{1,18}")
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]?")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str) -> HttpResponse:
    """Show the form, or attach what it holds: a link, a file or a note."""
    row = access.answer(request, slug, number, section_slug, item_slug, "evidence.add")
    if request.method != "POST":
        form = EvidenceForm(initial={"replaces": request.GET.get("replaces", "")}, item_slug=item_slug)
        return _draw_form(request, row, form)
    form = EvidenceForm(request.POST, request.FILES, item_slug=item_slug)
    if not form.is_valid():
        return _draw_form(request, row, form, status=422)
    try:
        added = _attach(request, row, form)
    except Invalid as error:
        form.refuse(error)
        return _draw_form(request, row, form, status=error.status)
    except DomainError as error:
        form.add_error(None, error.message)
        return _draw_form(request, row, form, status=error.status)
    if not wants_fragment(request):
        messages.success(request, f"“{added.title}” is attached.")
        return redirect(request, f"{item_url(row)}#evidence")
    response = _draw_panel(request, row)
    response.headers["HX-Trigger"] = '{"answer-changed": true}'
    return with_toast(response, f"“{added.title}” is attached.")


@login_required
@require_safe
def panel(request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str) -> HttpResponse:
    """Answer an item's list of evidence, which fetches itself anew, or with `?whole` the panel around it."""
    row = access.answer(request, slug, number, section_slug, item_slug)
    if request.GET.get("whole"):
        return _draw_panel(request, row)
    return render(request, "reviews/evidence/_list.html", _context(request, row))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str, evidence_id: int
) -> HttpResponse:
    """Ask first, then take evidence back."""
    row = access.answer(request, slug, number, section_slug, item_slug, "evidence.withdraw")
    found = _find(row, evidence_id)
    if request.method != "POST":
        return render(
            request, "reviews/evidence/withdraw.html", {**_context(request, row), "evidence": found}
        )
    actions.withdraw(access.actor(request), row.review_id, found.pk)
    messages.success(request, f"“{found.title}” is withdrawn. It stays in the record and no longer counts.")
    return redirect(request, f"{item_url(row)}#evidence")


@login_required
@require_safe
def preview(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str, evidence_id: int
) -> HttpResponse:
    """Show one piece of evidence: what it is, and as far as that is safe what is in it."""
    row = access.answer(request, slug, number, section_slug, item_slug)
    found = _find(row, evidence_id)
    context = {
        **_context(request, row),
        "evidence": found,
        "shown_as": _type_of(found).preview if found.file else "",
    }
    if context["shown_as"] == "text":
        context |= _read_text(found)
    return render_page(request, "reviews/evidence/preview.html", None, context)


@login_required
@require_safe
def content(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str, evidence_id: int
) -> HttpResponseBase:
    """Send an image or a PDF to be shown by the browser, sandboxed; anything else is not shown, only sent."""
    row = access.answer(request, slug, number, section_slug, item_slug)
    found = _find(row, evidence_id)
    if _type_of(found).preview == "text":
        raise NotFound("This file is not shown by itself. Download it, or read it on its page.")
    return _send(request, found, inline=True)


@login_required
@require_safe
def download(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str, evidence_id: int
) -> HttpResponseBase:
    """Send a file as an attachment."""
    row = access.answer(request, slug, number, section_slug, item_slug)
    return _send(request, _find(row, evidence_id), inline=False)


def _attach(request: HttpRequest, row: Answer, form: EvidenceForm) -> Evidence:
    actor, item, typed = access.actor(request), row.item.slug, form.cleaned_data
    if typed["kind"] == EvidenceKind.LINK:
        return actions.add_link(actor, row.review_id, item, typed["url"], form.about)
    if typed["kind"] == EvidenceKind.NOTE:
        return actions.add_note(actor, row.review_id, item, typed["body"], form.about)
    upload = typed["file"]
    stored = storage.store(upload, max_bytes=settings.EVIDENCE_MAX_BYTES, name=upload.name)
    return actions.add_file(actor, row.review_id, item, stored, upload.name, form.about)


def _find(row: Answer, evidence_id: int) -> Evidence:
    rows = row.evidence.select_related("file", "added_by", "ended_by", "superseded_by", "probe_run")
    found = rows.filter(pk=evidence_id).first()
    if found is None:
        raise NotFound("There is no such evidence on this item.")
    return found


def _type_of(found: Evidence) -> FileType:
    """The type that the name says; it was held against the content when the file came in."""
    if found.file is None:
        raise NotFound("This evidence has no file.")
    extension = found.file_name.rpartition(".")[2].lower()
    return BY_EXTENSION.get(extension) or FileType(found.file.media_type, "", "text")


def _send(request: HttpRequest, found: Evidence, *, inline: bool) -> HttpResponseBase:
    kind = _type_of(found)
    assert found.file is not None  # noqa: S101  # _type_of refuses evidence without a file
    return send_file(
        request,
        storage.open_file(found.file),
        name=found.file_name,
        media_type=kind.media_type,
        size=found.file.size,
        etag=found.file.sha256,
        inline=inline,
    )


def _read_text(found: Evidence) -> dict[str, Any]:
    assert found.file is not None  # noqa: S101  # the caller looked
    with storage.open_file(found.file) as handle:
        head = handle.read(PREVIEW_BYTES)
    text = head.decode("utf-8-sig", errors="replace")
    return {"text": _COLOURS.sub("", text), "cut": found.file.size > PREVIEW_BYTES, "shown_bytes": len(head)}


def _context(request: HttpRequest, row: Answer) -> dict[str, Any]:
    verbs = access.verbs(request, row)
    return {
        "review": row.review,
        "section": row.section,
        "item": row.item,
        "sheet": load_sheet(row.section, of_item=row).items[0],
        "can_edit": bool(verbs["evidence.add"]) and row.applicable,
        "by_hand": actions.BY_HAND,
        "item_url": item_url(row),
    }


def _draw_panel(
    request: HttpRequest, row: Answer, form: EvidenceForm | None = None, status: int = 200
) -> HttpResponse:
    context = {**_context(request, row), "form": form, "focus": True}
    response = render(request, "reviews/evidence/_panel.html", context, status=status)
    if status >= 400:  # noqa: PLR2004  # htmx swaps in an error only where the answer names its place
        response.headers["HX-Retarget"] = f"#evidence-{row.item.slug}"
        response.headers["HX-Reswap"] = "outerHTML"
    return response


def _draw_form(request: HttpRequest, row: Answer, form: EvidenceForm, status: int = 200) -> HttpResponse:
    """The form on a page of its own, or in its place in the panel."""
    form.point()
    if wants_fragment(request):
        return _draw_panel(request, row, form, status)
    context = {**_context(request, row), "form": form, "replaced": _replaced(row, form)}
    return render(request, "reviews/evidence/add.html", context, status=status)


def _replaced(row: Answer, form: EvidenceForm) -> Evidence | None:
    value = str(form["replaces"].value() or "")
    return row.evidence.filter(pk=value).first() if _ID.fullmatch(value) else None
