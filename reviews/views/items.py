"""An item's page and what can be done there: waivers, findings, rulings, requests for changes."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from readiness.errors import DomainError
from reviews import access
from reviews.actions.findings import raise_finding
from reviews.actions.rulings import make_ruling
from reviews.actions.sections import request_changes
from reviews.actions.waivers import request_waiver
from reviews.forms.acts import ChangesForm, FindingForm, RulingForm, WaiverForm
from reviews.models import Answer
from reviews.queries.items import team_members
from reviews.views.acting import Again, act
from reviews.views.pages import item_page


def item_url(answer: Answer) -> str:
    """Address of an item's page."""
    review = answer.review
    return reverse(
        "reviews:item", args=[review.service.slug, review.number, answer.section.slug, answer.item.slug]
    )


@login_required
@require_safe
def item(request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str) -> HttpResponse:
    """Show one item with everything around its answer."""
    return item_page(request, access.answer(request, slug, number, section_slug, item_slug))


@login_required
@require_POST
def ask_waiver(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str
) -> HttpResponse:
    """Ask for a waiver of the item."""
    row = access.answer(request, slug, number, section_slug, item_slug, "waiver.request")
    form = WaiverForm(request.POST, prefix="waiver")
    return act(
        request,
        form,
        lambda typed: request_waiver(access.actor(request), row.section, item_slug=item_slug, **typed),
        done="You asked for a waiver. Somebody else decides on it.",
        to=item_url(row),
        again=_again(request, row, waiver=form),
    )


@login_required
@require_POST
def send_back(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str
) -> HttpResponse:
    """Ask for changes on this item; the section goes back to the team."""
    row = access.answer(request, slug, number, section_slug, item_slug, "section.request_changes")
    form = ChangesForm(request.POST, prefix="changes")
    return act(
        request,
        form,
        lambda typed: request_changes(access.actor(request), row.section, typed["reason"], item_slug),
        done="The team has your request.",
        to=item_url(row),
        again=_again(request, row, changes=form),
    )


@login_required
@require_POST
def add_finding(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str
) -> HttpResponse:
    """Raise a finding on this item."""
    row = access.answer(request, slug, number, section_slug, item_slug, "finding.raise")
    form = FindingForm(request.POST, prefix="finding", owners=team_members(row.review.service.team_id))

    def do(typed: dict[str, Any]) -> object:
        owner = typed.pop("owner")
        return raise_finding(access.actor(request), row.section, item_slug=item_slug, owner_id=owner, **typed)

    return act(
        request,
        form,
        do,
        done="The finding is raised.",
        to=item_url(row),
        again=_again(request, row, finding=form),
    )


@login_required
@require_POST
def rule(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str, probe: str
) -> HttpResponse:
    """Rule where the answer and a probe disagree."""
    row = access.answer(request, slug, number, section_slug, item_slug)
    access.decide(request, row.section, "ruling.make", answer=row).require()
    name = f"ruling-{probe}"
    form = RulingForm(request.POST, prefix=name)
    return act(
        request,
        form,
        lambda typed: make_ruling(access.actor(request), row, probe, typed["decision"], typed["reason"]),
        done="Your ruling is recorded.",
        to=item_url(row),
        again=_again(request, row, **{name: form}),
    )


def _again(request: HttpRequest, row: Answer, **forms: Form) -> Again:
    def draw(error: DomainError) -> HttpResponse:
        return item_page(request, row, forms=forms, error=error)

    return draw
