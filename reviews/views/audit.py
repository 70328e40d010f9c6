"""The audit record: of everything, and of one review with its chain verified."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from readiness.http import render_page
from reviews import access, events, permissions
from reviews.models import Review
from reviews.permissions import Subject
from reviews.queries.audit import AuditFilter, actor_names, audit_page

KINDS = {
    "person:answer": "Answers",
    "person:evidence": "Evidence",
    "probe:": "Probes",
    "person:section": "Sections",
    "person:waiver": "Waivers",
    "person:finding": "Findings",
    "person:ruling": "Rulings",
    "person:review": "Reviews",
    "person:service": "Services",
    "person:team": "Teams",
    "person:people": "People",
    "system:": "By Readiness itself",
}


# Events that one request checks: a second or two. `manage.py audit verify` has no limit.
MAX_VERIFIED = 20_000


@login_required
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Show the whole record; `?verify=1` checks its chains."""
    permissions.allowed(access.actor(request), "audit.view", Subject()).require()
    return _page(request, None)


@login_required
@require_safe
def review_audit(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show one review's record, and whether its chain holds."""
    return _page(request, access.review(request, slug, number))


def _page(request: HttpRequest, review: Review | None) -> HttpResponse:
    wanted = _wanted(request)
    context: dict[str, Any] = {
        "review": review,
        "page": audit_page(wanted, review),
        "wanted": wanted,
        "kinds": KINDS,
        "actors": actor_names("") if review is None else [],
        "query": _query_without_before(request),
    }
    if review is None and request.GET.get("verify"):
        context["verified"] = events.verify_up_to(MAX_VERIFIED)
    if review is not None:
        stream = events.review_stream(review.pk)
        context["broken"] = events.verify_stream(stream, review.event_count, review.event_head)
    return render_page(request, "reviews/audit.html", None, context)


def _wanted(request: HttpRequest) -> AuditFilter:
    before = request.GET.get("before", "")
    kind = request.GET.get("kind", "")
    return AuditFilter(
        actor=_text(request, "actor"),
        service=_text(request, "service"),
        kind=kind if kind in KINDS else "",
        item=_text(request, "item"),
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None,  # noqa: PLR2004
    )


def _text(request: HttpRequest, name: str) -> str:
    """A filter's text; without NUL, which PostgreSQL takes in no text."""
    return request.GET.get(name, "").replace("\x00", "")[:160]


def _query_without_before(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("before", None)
    query.pop("verify", None)
    return query.urlencode()
