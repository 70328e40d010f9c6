"""Pages to read checklists and to compare their versions."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from checklist import queries
from checklist.forms import CompareForm
from readiness.http import render_page

_PER_PAGE = 50


@login_required
@require_safe
def checklist_list(request: HttpRequest) -> HttpResponse:
    """Every checklist that has a published version."""
    page = Paginator(queries.checklists(), _PER_PAGE).get_page(request.GET.get("page"))
    return render_page(request, "checklist/list.html", None, {"page": page})


@login_required
@require_safe
def version(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponse:
    """One version of a checklist in full; without a number the latest."""
    versions = queries.published_versions(slug)
    shown = queries.pick_version(versions, number)
    context = {
        "checklist": shown.checklist,
        "version": shown,
        "versions": versions,
        "sections": queries.sections_with_items(shown),
    }
    return render_page(request, "checklist/version.html", None, context)


@login_required
@require_safe
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """What changed between two versions of a checklist."""
    versions = queries.published_versions(slug)
    form = CompareForm(request.GET, versions)
    context = {"checklist": versions[0].checklist, "versions": versions, "form": form}
    if not form.is_valid():
        return render_page(request, "checklist/compare.html", None, context, status=422)
    old, new = form.chosen()
    context |= {"old": old, "new": new, "difference": queries.compare_versions(old, new)}
    return render_page(request, "checklist/compare.html", None, context)
