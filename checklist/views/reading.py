"""Pages to read checklists, to compare their versions and to take one out as YAML."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from checklist import draft_queries, queries
from checklist.export import to_yaml
from checklist.forms import CompareForm
from checklist.schema import Content
from readiness.accounts.rights import actor_of, allowed
from readiness.http import render_page

_PER_PAGE = 50


@login_required
@require_safe
def checklist_list(request: HttpRequest) -> HttpResponse:
    """Every checklist that has a published version."""
    page = Paginator(queries.checklists(), _PER_PAGE).get_page(request.GET.get("page"))
    may_edit = allowed(actor_of(request.user), "checklist.edit")
    context = {"page": page, "may_edit": may_edit, "drafts": draft_queries.drafts() if may_edit else []}
    return render_page(request, "checklist/list.html", None, context)


@login_required
@require_safe
def version(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponse:
    """One version of a checklist in full; without a number the latest."""
    versions = queries.published_versions(slug)
    shown = queries.pick_version(versions, number)
    may_edit = allowed(actor_of(request.user), "checklist.edit")
    context = {
        "checklist": shown.checklist,
        "version": shown,
        "versions": versions,
        "sections": queries.sections_with_items(shown),
        "may_edit": may_edit,
        "draft": draft_queries.drafts().filter(checklist__slug=slug).first() if may_edit else None,
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
    context |= {
        "old": old,
        "new": new,
        "old_url": reverse("checklist:version", args=[slug, old.number]),
        "new_url": reverse("checklist:version", args=[slug, new.number]),
        "difference": queries.compare_versions(old, new),
    }
    return render_page(request, "checklist/compare.html", None, context)


@login_required
@require_safe
def export(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One version as a YAML file, for `manage.py checklist load` or for another installation."""
    del request
    version = queries.published_version(slug, number)
    return as_file(queries.content_of(version), f"{slug}-v{number}.yaml")


def as_file(content: Content, name: str) -> HttpResponse:
    """A checklist as a download."""
    response = HttpResponse(to_yaml(content), content_type="application/yaml; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
