"""The review workspace: the sequence, one section's items, and what stands in the way."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from reviews import access
from reviews.queries.sheet import load_sheet
from reviews.states import SectionStatus


@login_required
@require_safe
def review(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Go to the first section that is not approved, or the last one."""
    row = access.review(request, slug, number)
    sections = list(row.sections.all())
    here = next((each for each in sections if each.status != SectionStatus.APPROVED), sections[-1])
    here.review = row
    return redirect(here)


@login_required
@require_safe
def section(request: HttpRequest, slug: str, number: int, section_slug: str) -> HttpResponse:
    """Show one section in the workspace."""
    row = access.section(request, slug, number, section_slug)
    return render(request, "reviews/section.html", {"review": row.review, "sheet": load_sheet(row)})
