"""The review workspace: the sequence, one section's items, and what stands in the way."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from readiness.errors import NotFound
from reviews import access
from reviews.forms import acts
from reviews.forms.answers import ItemCard
from reviews.models import Approval, ReviewSection
from reviews.queries.content import difference, section_content
from reviews.queries.sheet import load_sheet
from reviews.queries.workspace import load_sections, load_workspace
from reviews.states import SectionStatus
from reviews.views.pages import section_page


@login_required
@require_safe
def review(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Go to the first section that is not approved, or the last one."""
    row = access.review(request, slug, number)
    sections = load_sections(row)
    here = next((each for each in sections if each.status != SectionStatus.APPROVED), sections[-1])
    return redirect(here)


@login_required
@require_safe
def section(request: HttpRequest, slug: str, number: int, section_slug: str) -> HttpResponse:
    """Show one section in the workspace."""
    row, sections = _find(request, slug, number, section_slug)
    return section_page(request, row, sections)


@login_required
@require_safe
def panel(request: HttpRequest, slug: str, number: int, section_slug: str) -> HttpResponse:
    """Answer what changes with an answer: the panel, the sequence, the figures and each item's hints.

    `?items=a,b` names the items that a filtered page shows: htmx complains of a part that has no place.
    """
    shown = request.GET["items"].split(",") if "items" in request.GET else None
    row, sections = _find(request, slug, number, section_slug)
    work = load_workspace(access.actor(request), row.review, sections, row)
    context = {
        "work": work,
        "review": row.review,
        "section": row,
        "cards": [ItemCard(sheet) for sheet in work.sheet.items if shown is None or sheet.item.slug in shown],
        **acts.section_forms(work, {}),
    }
    return render(request, "reviews/section_update.html", context)


@login_required
@require_safe
def changes(
    request: HttpRequest, slug: str, number: int, section_slug: str, approval_id: int
) -> HttpResponse:
    """Show what changed in a section since one of its approvals."""
    row = access.section(request, slug, number, section_slug)
    approval = (
        Approval.objects.select_related("content", "reviewer").filter(pk=approval_id, section=row).first()
    )
    if approval is None:
        raise NotFound("This approval does not exist in this section.")
    now = section_content(load_sheet(row))
    context = {
        "review": row.review,
        "section": row,
        "approval": approval,
        "changes": difference(approval.content.content, now),
    }
    return render(request, "reviews/changes.html", context)


def _find(
    request: HttpRequest, slug: str, number: int, section_slug: str
) -> tuple[ReviewSection, list[ReviewSection]]:
    """Fetch a section together with its siblings: one query for what the page needs anyway."""
    sections = load_sections(access.review(request, slug, number))
    for row in sections:
        if row.slug == section_slug:
            return row, sections
    raise NotFound("There is no such section in this review.")
