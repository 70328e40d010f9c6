"""The services as a matrix: filters in the address, figures on top, one page of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from readiness.http import render_page
from readiness.templatetags.ui import status
from reviews import access, permissions
from reviews.models import Service
from reviews.permissions import Subject
from reviews.queries.portfolio import (
    SHOWS,
    SOON_DAYS,
    SORTS,
    Choice,
    Column,
    Figures,
    Portfolio,
    Row,
    load_portfolio,
)
from reviews.standing import Badge, badge, cell, next_step

_NOTHING: Final = '<span class="tone-quiet">\u2013</span>'
_SEGMENTS: Final = ("all", "mine", "waiting", "not-ready")


@dataclass(frozen=True, slots=True)
class Line:
    """A row as the template prints it."""

    url: str
    name: str
    tier: int
    team: str
    badge: SafeString
    cells: SafeString
    next_step: str


@login_required
@require_safe
def services(request: HttpRequest) -> HttpResponse:
    """Show the services that the reader may see."""
    actor = access.actor(request)
    permissions.allowed(actor, "service.list", Subject()).require()
    choice = Choice.read(request.GET)
    portfolio = load_portfolio(actor, choice, request.GET.get("page", "1"))
    context = {
        "portfolio": portfolio,
        "choice": choice,
        "lines": _lines(portfolio),
        "cards": _cards(portfolio.figures),
        "segments": _segments(request, portfolio),
        "showing": "" if choice.show in _SEGMENTS else SHOWS[choice.show],
        "sorts": SORTS,
        "tiers": Service.Tier.choices,
        "may_create": actor.is_admin or bool(actor.member_team_ids),
    }
    return render_page(request, "reviews/services.html", "reviews/services_list.html", context)


def _lines(portfolio: Portfolio) -> list[Line]:
    # A page has 450 cells: their addresses come from one look-up, and badges that are alike are made once.
    service_url = reverse("reviews:service", args=["a-service"])
    section_url = reverse("reviews:section", args=["a-service", 0, "a-section"])
    badges: dict[Badge, SafeString] = {}
    lines = []
    for row in portfolio.rows:
        shown = badge(row.standing)
        if shown not in badges:
            badges[shown] = status(*shown)
        url = service_url.replace("a-service", row.slug)
        section = section_url.replace("/a-service/", f"/{row.slug}/").replace("/0/", f"/{row.review_number}/")
        cells = _cells(row, portfolio.columns, section)
        lines.append(Line(url, row.name, row.tier, row.team, badges[shown], cells, next_step(row.standing)))
    return lines


def _cells(row: Row, columns: list[Column], address: str) -> SafeString:
    """The cells of one row. Titles are escaped here; slugs and figures hold nothing to escape."""
    by_slug = {section.slug: section for section in row.standing.sections}
    parts = []
    for column in columns:
        section = by_slug.get(column.slug)
        inner = _NOTHING
        if section is not None:
            css, text, title = cell(section)
            url = address.replace("a-section", section.slug)
            inner = f'<a class="{css}" href="{url}" title="{escape(title)}">{text}</a>'
        parts.append(f'<td class="cell" data-label="{escape(column.short_title)}">{inner}</td>')
    return mark_safe("".join(parts))  # noqa: S308 (escaped above, part by part)


def _cards(figures: Figures) -> list[tuple[str, int, str]]:
    """The figures on top: (segment that lists them, number, words)."""
    days = (timezone.now() - figures.waiting_since).days if figures.waiting_since else 0
    waits = "since today" if days == 0 else f"{days} day{'' if days == 1 else 's'}"
    oldest = f"; oldest waits {waits}" if figures.waiting_since else ""
    noun = "service" if figures.total == 1 else "services"
    ends = "waiver ends" if figures.waivers_ending == 1 else "waivers end"
    return [
        ("ready", figures.ready, f"ready, of {figures.total} {noun}"),
        ("in-review", figures.in_review, f"in review{oldest}"),
        ("stale", figures.stale, "with stale sign-offs"),
        ("waivers", figures.waivers_ending, f"{ends} within {SOON_DAYS} days"),
    ]


def _segments(request: HttpRequest, portfolio: Portfolio) -> list[dict[str, Any]]:
    """The segments with their counts; each keeps the other filters of the address."""
    rest = [(name, value) for name, value in request.GET.items() if name not in {"show", "page"}]
    names = [*_SEGMENTS, *(["archived"] if portfolio.figures.counts["archived"] else [])]
    return [
        {
            "label": SHOWS[name],
            "count": portfolio.figures.counts[name],
            "current": name == portfolio.choice.show,
            "query": "?" + urlencode([*rest, ("show", name)]),
        }
        for name in names
    ]
