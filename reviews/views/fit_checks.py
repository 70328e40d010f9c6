"""A recorded “does not fit”: read, sign, withdraw, and its one-page packet."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from checklist.facts import FACTS
from checklist.rules import fit_contradictions
from readiness.downloads import send_file
from readiness.errors import DomainError, NotFound
from readiness.http import redirect, render_page
from readiness.tasks import enqueue
from reviews import access, permissions, storage, tasks
from reviews.actions import fit_checks as actions
from reviews.actions.packets import request_fit_packet
from reviews.forms.acts import ReasonForm
from reviews.forms.fit_checks import SignFitForm
from reviews.models import FitCheck, Packet, Snapshot
from reviews.packets import words
from reviews.permissions import Subject
from reviews.queries.on_call import people_on_call
from reviews.states import FitCheckStatus, PacketStatus
from reviews.views.acting import act
from reviews.views.packet import state_of


@login_required
@require_safe
def fit_check(request: HttpRequest, slug: str, fit_id: int) -> HttpResponse:
    """Show the record and how far its packet is; htmx gets the latter alone."""
    return _page(request, _row(request, slug, fit_id))


@login_required
@require_POST
def sign(request: HttpRequest, slug: str, fit_id: int) -> HttpResponse:
    """Sign it, and have its packet made once that is committed."""
    row = _row(request, slug, fit_id, "fit.sign")
    form = SignFitForm(request.POST, prefix="sign")

    def do(typed: dict[str, Any]) -> None:
        packet = actions.sign_fit_check(
            access.actor(request), row.pk, typed["note"], seen_digest=typed["digest"]
        )
        enqueue(tasks.render_packet, packet.pk)

    return act(
        request,
        form,
        do,
        done="Signed. Its page is being made.",
        to=row.get_absolute_url(),
        again=lambda error: _page(request, _row(request, slug, fit_id), sign_form=form, error=error),
    )


@login_required
@require_POST
def withdraw(request: HttpRequest, slug: str, fit_id: int) -> HttpResponse:
    """Take the record back."""
    row = _row(request, slug, fit_id, "fit.withdraw")
    form = ReasonForm(request.POST, prefix="withdraw")
    return act(
        request,
        form,
        lambda typed: actions.withdraw_fit_check(access.actor(request), row.pk, typed["reason"]),
        done="Withdrawn. It stays readable.",
        to=row.get_absolute_url(),
        again=lambda error: _page(request, _row(request, slug, fit_id), withdraw_form=form, error=error),
    )


@login_required
@require_POST
def retry(request: HttpRequest, slug: str, fit_id: int) -> HttpResponse:
    """Ask once more for a packet that could not be made."""
    row = _row(request, slug, fit_id, "packet.retry")
    packet = request_fit_packet(access.actor(request), row.pk)
    if packet.status == PacketStatus.QUEUED:
        enqueue(tasks.render_packet, packet.pk)
        messages.success(request, "The packet is queued again.")
    return redirect(request, row.get_absolute_url())


@login_required
@require_safe
def download(request: HttpRequest, slug: str, fit_id: int) -> HttpResponseBase:
    """Send the PDF as an attachment."""
    row = _row(request, slug, fit_id, "packet.view")
    packet = Packet.objects.select_related("file").filter(snapshot__fit_check=row).first()
    if packet is None or packet.status != PacketStatus.DONE or packet.file is None:
        raise NotFound("The packet is not made yet. Its page says how far it is.")
    return send_file(
        request,
        storage.open_file(packet.file),
        name=f"{slug}-fit-check-{row.pk}.pdf",
        media_type="application/pdf",
        size=packet.file.size,
        etag=packet.file.sha256,
    )


@login_required
@require_safe
def snapshot(request: HttpRequest, slug: str, fit_id: int) -> HttpResponseBase:
    """Send the snapshot itself, byte for byte as it was frozen."""
    row = _row(request, slug, fit_id, "packet.view")
    found = Snapshot.objects.filter(fit_check=row).first()
    if found is None:
        raise NotFound("This fit check is not signed, so there is no snapshot yet.")
    content = bytes(found.content)
    return send_file(
        request,
        BytesIO(content),
        name=f"{slug}-fit-check-{row.pk}-snapshot.json",
        media_type="application/json",
        size=len(content),
        etag=found.sha256,
    )


def _row(request: HttpRequest, slug: str, fit_id: int, verb: str = "service.view") -> FitCheck:
    rows = FitCheck.objects.select_related("service__team", "version__checklist", "recorded_by", "signed_by")
    row = rows.filter(service__slug=slug, pk=fit_id).first()
    if row is None:
        raise NotFound("There is nothing at this address, or you may not see it.")
    about = Subject(team_id=row.service.team_id, requester_id=row.recorded_by_id)
    permissions.allowed(access.actor(request), verb, about).require()
    return row


def _page(
    request: HttpRequest,
    row: FitCheck,
    *,
    sign_form: SignFitForm | None = None,
    withdraw_form: ReasonForm | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    about = Subject(team_id=row.service.team_id, requester_id=row.recorded_by_id)
    may = {
        verb: permissions.allowed(access.actor(request), verb, about)
        for verb in ("fit.sign", "fit.withdraw", "packet.retry", "review.start")
    }
    waits = row.status == FitCheckStatus.RECORDED
    initial = {"digest": row.digest}
    context: dict[str, Any] = {
        "row": row,
        "service": row.service,
        "facts": [(fact.label, fact.label_of(row.facts.get(fact.name))) for fact in FACTS],
        "warnings": _warnings(row) if row.is_live else [],
        "waits": waits,
        "may_sign": may["fit.sign"],
        "may_start": may["review.start"],
        "sign_form": (sign_form or SignFitForm(initial=initial, prefix="sign"))
        if waits and may["fit.sign"]
        else None,
        "withdraw_form": (withdraw_form or ReasonForm(prefix="withdraw"))
        if waits and may["fit.withdraw"]
        else None,
        "retry": may["packet.retry"],
        "error": error,
        **_packet(row),
    }
    status = error.status if error else 200
    fragment = "reviews/_packet_state.html" if context["packet"] else None
    return render_page(request, "reviews/fit_check.html", fragment, context, status)


def _packet(row: FitCheck) -> dict[str, Any]:
    packet = Packet.objects.select_related("file", "snapshot").filter(snapshot__fit_check=row).first()
    if packet is None:
        return {"packet": None}
    args = [row.service.slug, row.pk]
    return {
        "packet": packet,
        **state_of(packet),
        "digest": words.grouped(packet.snapshot.sha256),
        "state_url": row.get_absolute_url(),
        "download_url": reverse("reviews:fit_download", args=args),
        "retry_url": reverse("reviews:fit_retry", args=args),
    }


def _warnings(row: FitCheck) -> list[str]:
    people = people_on_call(row.service_id)
    return fit_contradictions(row.facts, row.service.facts, people_on_call=people)
