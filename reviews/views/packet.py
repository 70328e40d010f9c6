"""The packet of a signed-off review: how far it is, what it says, download, and once more when it failed."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from readiness.downloads import send_file
from readiness.errors import NotFound
from readiness.http import redirect, render_page, wants_fragment, with_toast
from readiness.tasks import enqueue
from reviews import access, permissions, storage, tasks
from reviews.actions.packets import request_packet
from reviews.models import Packet, Review, Snapshot
from reviews.packets import figures, schema, words
from reviews.permissions import Subject
from reviews.states import PacketStatus

_TAKEN_WITHIN: Final = timedelta(seconds=10)


@login_required
@require_safe
def packet(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show the packet and what it says; htmx gets only how far it is, each second until it is made."""
    review = access.review(request, slug, number, "packet.view")
    row = Packet.objects.select_related("file").filter(snapshot__review=review).first()
    retry = permissions.allowed(access.actor(request), "packet.retry", Subject(review.service.team_id))
    context: dict[str, Any] = {"review": review, "packet": row, "retry": retry}
    if row is not None:
        addresses = {
            f"{name}_url": reverse(f"reviews:{view}", args=[slug, number])
            for name, view in (
                ("state", "packet"),
                ("download", "packet_download"),
                ("retry", "packet_retry"),
            )
        }
        context |= {**state_of(row), **addresses}
        if not wants_fragment(request):
            context |= _summary(review)
    response = render_page(request, "reviews/packet.html", "reviews/_packet_state.html", context)
    # Asked for by the page while it waits, so this is said once.
    if wants_fragment(request) and row is not None and row.status == PacketStatus.DONE:
        return with_toast(response, "The packet is made.")
    return response


def state_of(row: Packet) -> dict[str, bool]:
    """Whether a packet is under way, and whether it waits for a worker that does not come."""
    moving = row.status in {PacketStatus.QUEUED, PacketStatus.RENDERING}
    waiting = row.status == PacketStatus.QUEUED and timezone.now() - row.requested_at > _TAKEN_WITHIN
    return {"moving": moving, "is_untaken": waiting}


@login_required
@require_POST
def retry(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Ask once more for a packet that could not be made."""
    review = access.review(request, slug, number, "packet.retry")
    row = request_packet(access.actor(request), review.pk)
    if row.status == PacketStatus.QUEUED:
        enqueue(tasks.render_packet, row.pk)
        messages.success(request, "The packet is queued again.")
    return redirect(request, reverse("reviews:packet", args=[slug, number]))


@login_required
@require_safe
def download(request: HttpRequest, slug: str, number: int) -> HttpResponseBase:
    """Send the PDF as an attachment."""
    review = access.review(request, slug, number, "packet.view")
    row = Packet.objects.select_related("file").filter(snapshot__review=review).first()
    if row is None or row.status != PacketStatus.DONE or row.file is None:
        raise NotFound("The packet is not made yet. Its page says how far it is.")
    return send_file(
        request,
        storage.open_file(row.file),
        name=f"{slug}-review-{number}-packet.pdf",
        media_type="application/pdf",
        size=row.file.size,
        etag=row.file.sha256,
    )


@login_required
@require_safe
def snapshot(request: HttpRequest, slug: str, number: int) -> HttpResponseBase:
    """Send the snapshot itself, byte for byte as it was frozen."""
    review = access.review(request, slug, number, "packet.view")
    row = Snapshot.objects.filter(review=review).first()
    if row is None:
        raise NotFound("This review is not signed off, so there is no snapshot yet.")
    content = bytes(row.content)
    return send_file(
        request,
        BytesIO(content),
        name=f"{slug}-review-{number}-snapshot.json",
        media_type="application/json",
        size=len(content),
        etag=row.sha256,
    )


def _summary(review: Review) -> dict[str, Any]:
    row = Snapshot.objects.get(review=review)
    said = schema.parse(bytes(row.content))
    counted = figures.count(said)
    waivers = [(item.title, item.waiver) for _, item in figures.waived(said)]
    waivers += [
        (f"Section {section.position} out of order: {section.title}", section.order_waiver)
        for section in said.sections
        if section.order_waiver
    ]
    return {
        "snapshot": row,
        "said": said,
        "signed_by": said.signoff.by,
        "items": words.items_in_words(counted),
        "evidence": words.evidence_in_words(counted),
        "drills": counted.drills,
        "waivers": [(title, words.on_day(waiver.expires_on) if waiver else "") for title, waiver in waivers],
        "valid_until": words.on_day(said.valid_until.date) if said.valid_until else "",
        "deferred": [item for _, item in figures.deferred(said)],
        "digest": words.grouped(row.sha256),
    }
