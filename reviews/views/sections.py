"""Submit a section, approve it, send it back, ask to approve it out of order."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from readiness.errors import DomainError
from reviews import access
from reviews.actions.sections import approve_section, request_changes, submit_section
from reviews.actions.waivers import request_waiver
from reviews.forms.acts import ApproveForm, ChangesForm, WaiverForm
from reviews.models import ReviewSection
from reviews.views.acting import Again, act
from reviews.views.pages import section_page


@login_required
@require_POST
def submit(request: HttpRequest, slug: str, number: int, section_slug: str) -> HttpResponse:
    """Hand the section to its reviewers."""
    row = access.section(request, slug, number, section_slug, "section.submit")
    return act(
        request,
        None,
        lambda _: submit_section(access.actor(request), row),
        done=f"{row.section.title} is submitted. Its reviewers see it in their work.",
        to=row.get_absolute_url(),
        again=_again(request, row),
    )


@login_required
@require_POST
def approve(request: HttpRequest, slug: str, number: int, section_slug: str) -> HttpResponse:
    """Approve the section at the content that was on the page."""
    row = access.section(request, slug, number, section_slug, "section.approve")
    form = ApproveForm(request.POST, prefix="approve")
    return act(
        request,
        form,
        lambda typed: approve_section(access.actor(request), row, typed["digest"], typed["note"]),
        done=f"You approved {row.section.title}.",
        to=row.get_absolute_url(),
        again=_again(request, row, approve=form),
    )


@login_required
@require_POST
def send_back(request: HttpRequest, slug: str, number: int, section_slug: str) -> HttpResponse:
    """Ask the team for changes."""
    row = access.section(request, slug, number, section_slug, "section.request_changes")
    form = ChangesForm(request.POST, prefix="changes")
    return act(
        request,
        form,
        lambda typed: request_changes(access.actor(request), row, typed["reason"]),
        done="The team has your request.",
        to=row.get_absolute_url(),
        again=_again(request, row, changes=form),
    )


@login_required
@require_POST
def ask_order_waiver(request: HttpRequest, slug: str, number: int, section_slug: str) -> HttpResponse:
    """Ask for permission to have this section approved before those in front of it."""
    row = access.section(request, slug, number, section_slug, "waiver.request")
    form = WaiverForm(request.POST, prefix="waiver")
    return act(
        request,
        form,
        lambda typed: request_waiver(access.actor(request), row, **typed),
        done="You asked for a waiver of the order.",
        to=row.get_absolute_url(),
        again=_again(request, row, waiver=form),
    )


def _again(request: HttpRequest, row: ReviewSection, **forms: Form) -> Again:
    def draw(error: DomainError) -> HttpResponse:
        return section_page(request, row, forms=forms, error=error)

    return draw
