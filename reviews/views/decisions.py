"""Decide on waivers, and take findings to their end. Addressed by the thing itself, from any page."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from readiness.errors import DomainError, Invalid, NotFound
from reviews import access
from reviews.actions.findings import fix_finding, verify_finding
from reviews.actions.waivers import decide_waiver, withdraw_waiver
from reviews.forms.acts import DecideWaiverForm, FixForm
from reviews.models import Answer, Finding, ReviewSection, Waiver
from reviews.views.acting import Again, act
from reviews.views.pages import item_page, section_page

_ABOUT = ("section__section", "section__review__service__team", "answer__item", "answer__answered_by")


@login_required
@require_POST
def decide(request: HttpRequest, waiver_id: int) -> HttpResponse:
    """Grant or refuse a waiver."""
    waiver = Waiver.objects.select_related(*_ABOUT).filter(pk=waiver_id).first()
    section, answer = _place(request, waiver, "waiver.decide")
    form = DecideWaiverForm(request.POST, prefix="decide")
    return act(
        request,
        form,
        lambda typed: decide_waiver(
            access.actor(request), waiver_id, grant=typed["decision"] == "grant", note=typed["note"]
        ),
        done="Your decision is recorded.",
        to=_url(section, answer),
        again=_again(request, section, answer, decide=form),
    )


@login_required
@require_POST
def take_back(request: HttpRequest, waiver_id: int) -> HttpResponse:
    """Withdraw a waiver."""
    waiver = Waiver.objects.select_related(*_ABOUT).filter(pk=waiver_id).first()
    section, answer = _place(request, waiver, "waiver.withdraw")
    return act(
        request,
        None,
        lambda _: withdraw_waiver(access.actor(request), waiver_id),
        done="The waiver is withdrawn.",
        to=_url(section, answer),
        again=_again(request, section, answer),
    )


@login_required
@require_POST
def fix(request: HttpRequest, finding_id: int) -> HttpResponse:
    """Say how a finding was fixed."""
    finding = Finding.objects.select_related(*_ABOUT).filter(pk=finding_id).first()
    section, answer = _place(request, finding, "finding.fix")
    form = FixForm(request.POST, prefix=f"fix-{finding_id}")
    return act(
        request,
        form,
        lambda typed: fix_finding(access.actor(request), finding_id, typed["note"]),
        done="Marked as fixed. A reviewer verifies it next.",
        to=_url(section, answer),
        again=_again(request, section, answer, **{f"fix-{finding_id}": form}),
    )


@login_required
@require_POST
def verify(request: HttpRequest, finding_id: int) -> HttpResponse:
    """Close a fixed finding, or open it again."""
    finding = Finding.objects.select_related(*_ABOUT).filter(pk=finding_id).first()
    section, answer = _place(request, finding, "finding.verify")
    decision = request.POST.get("decision", "")
    if decision not in ("accept", "reopen"):
        raise Invalid("Choose whether the finding is fixed.")
    accept = decision == "accept"
    return act(
        request,
        None,
        lambda _: verify_finding(access.actor(request), finding_id, accept=accept),
        done="The finding is closed." if accept else "The finding is open again.",
        to=_url(section, answer),
        again=_again(request, section, answer),
    )


def _place(
    request: HttpRequest, row: Waiver | Finding | None, verb: str
) -> tuple[ReviewSection, Answer | None]:
    """The section and the answer that `row` stands at, for somebody who may do `verb` with it."""
    if row is None:
        raise NotFound("There is nothing at this address, or you may not see it.")
    requester = row.requested_by_id if isinstance(row, Waiver) else row.fixed_by_id
    access.decide(request, row.section, verb, answer=row.answer, requester_id=requester).require()
    if row.answer is not None:
        row.answer.section, row.answer.review = row.section, row.section.review
    return row.section, row.answer


def _url(section: ReviewSection, answer: Answer | None) -> str:
    if answer is None:
        return section.get_absolute_url()
    review = section.review
    return reverse("reviews:item", args=[review.service.slug, review.number, section.slug, answer.item.slug])


def _again(request: HttpRequest, section: ReviewSection, answer: Answer | None, **forms: object) -> Again:
    def draw(error: DomainError) -> HttpResponse:
        if answer is None:
            return section_page(request, section, forms=forms, error=error)  # type: ignore[arg-type]
        return item_page(request, answer, forms=forms, error=error)  # type: ignore[arg-type]

    return draw
