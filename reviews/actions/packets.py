"""Hand a packet to a worker and take the PDF: short transactions around a long rendering.

Sign-off made the row, so nothing is lost with a broker or a worker. Who makes a packet renews a short lease
all the while; whoever lets it run out is taken to be dead, and the packet is made by the next. The number
of the attempt proves at the end that the packet is still one's own, so it comes once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from readiness.accounts.rights import Actor
from readiness.errors import NotFound
from reviews import events, permissions, storage
from reviews.actions.base import lock_review
from reviews.actions.fit_checks import lock_fit_check
from reviews.models import FitCheck, Packet, Review
from reviews.packets.render import RenderedPacket
from reviews.packets.schema import content_hash
from reviews.permissions import Subject
from reviews.states import PacketStatus

MAX_ATTEMPTS: Final = 3
LEASE: Final = timedelta(seconds=30)
# How long a packet may wait for a worker before it is queued once more, in case the broker lost it.
QUEUED_WITHIN: Final = timedelta(seconds=60)
_FIRST_LOOK: Final = timedelta(seconds=15)
_PAUSE: Final = timedelta(seconds=20)
_PICK_UP: Final = 100
_MOST_ERROR: Final = 500

# What a packet is about.
Holder = Review | FitCheck


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker needs to make a packet: the snapshot's bytes, and which attempt this is."""

    packet_id: int
    attempt: int
    content: bytes


def request_packet(actor: Actor, review_id: int) -> Packet:
    """Ask again for a packet that could not be made; the caller then queues the task with its id.

    One that is under way or made is returned as it is. Raises NotFound without a sign-off, Refused without
    the right `packet.retry`.
    """
    with transaction.atomic():
        review = lock_review(review_id)
        permissions.allowed(actor, "packet.retry", Subject(team_id=review.service.team_id)).require()
        packet = Packet.objects.select_for_update().filter(snapshot__review=review).first()
        if packet is None:
            raise NotFound("This review is not signed off, so there is no packet to make yet.")
        _queue_again(actor, review, packet)
    return packet


def request_fit_packet(actor: Actor, fit_check_id: int) -> Packet:
    """The same for the packet of a signed fit check."""
    with transaction.atomic():
        row = lock_fit_check(fit_check_id)
        permissions.allowed(actor, "packet.retry", Subject(team_id=row.service.team_id)).require()
        packet = Packet.objects.select_for_update().filter(snapshot__fit_check=row).first()
        if packet is None:
            raise NotFound("This fit check is not signed, so there is no packet to make yet.")
        _queue_again(actor, row, packet)
    return packet


def _queue_again(actor: Actor, holder: Holder, packet: Packet) -> None:
    if packet.status == PacketStatus.FAILED:
        packet.status, packet.attempts, packet.error = PacketStatus.QUEUED, 0, ""
        packet.requested_at, packet.leased_until = timezone.now(), None
        packet.save()
        _record(holder, actor, "person:packet:requested", "Asked for the packet again")


def claim_packet(packet_id: int) -> Claim | None:
    """Take a packet for this worker; None when another has it, or when nothing is left to do.

    A packet whose makers died three times, or whose snapshot is not what was frozen, is closed as failed.
    """
    with transaction.atomic():
        now = timezone.now()
        free = Q(status=PacketStatus.QUEUED) | Q(status=PacketStatus.RENDERING, leased_until__lt=now)
        rows = Packet.objects.select_for_update(of=("self",), skip_locked=True).select_related("snapshot")
        packet = rows.filter(free, pk=packet_id).first()
        if packet is None:
            return None
        why_not = _why_not(packet)
        packet.status, packet.leased_until = PacketStatus.RENDERING, now + LEASE
        packet.attempts += 1
        packet.save(update_fields=["status", "leased_until", "attempts"])
        claim = Claim(packet.pk, packet.attempts, bytes(packet.snapshot.content))
    if why_not:
        fail_packet(claim, why_not, again=False)
        return None
    return claim


def renew_lease(claim: Claim) -> bool:
    """Say that the maker is alive; False when the packet is no longer its own."""
    mine = Packet.objects.filter(pk=claim.packet_id, attempts=claim.attempt, status=PacketStatus.RENDERING)
    return mine.update(leased_until=timezone.now() + LEASE) == 1


def finish_packet(claim: Claim, made: RenderedPacket) -> bool:
    """Keep the PDF; True when it is now the packet, False when another attempt has taken over meanwhile."""
    stored = storage.store_own(made.pdf, "application/pdf")
    with transaction.atomic():
        found = _held(claim)
        if found is None:
            return False
        holder, packet = found
        packet.status, packet.error, packet.leased_until = PacketStatus.DONE, "", None
        packet.file, packet.pages, packet.finished_at = stored, made.pages, timezone.now()
        packet.save()
        summary = f"Made the packet: {made.pages} pages, {made.sha256[:12]}"
        data = {"sha256": made.sha256, "pages": made.pages, "attempt": claim.attempt}
        _record(holder, None, "system:packet:made", summary, data)
    return True


def fail_packet(claim: Claim, reason: str, *, again: bool) -> bool:
    """Let go of a packet that could not be made: for another attempt if `again` and one is left.

    `reason` is a sentence for the page. Returns False when another attempt has taken over meanwhile.
    """
    with transaction.atomic():
        found = _held(claim)
        if found is None:
            return False
        holder, packet = found
        packet.error = reason[:_MOST_ERROR]
        if again and claim.attempt < MAX_ATTEMPTS:
            packet.status = PacketStatus.QUEUED
            packet.leased_until = timezone.now() + _PAUSE * claim.attempt
            packet.save()
            return True
        packet.status, packet.leased_until = PacketStatus.FAILED, None
        packet.save()
        data = {"error": packet.error, "attempt": claim.attempt}
        _record(holder, None, "system:packet:failed", "Could not make the packet", data)
    return True


def packets_to_pick_up() -> list[int]:
    """Ids of packets that a worker should be asked for: never taken, or let go by a maker that died.

    Each is named once in QUEUED_WITHIN, so that a busy queue does not fill up with the same work.
    """
    now = timezone.now()
    # Queued: `leased_until` is the moment before which it need not be queued again.
    fresh = Q(leased_until__isnull=True, requested_at__lt=now - _FIRST_LOOK)
    waiting = Q(status=PacketStatus.QUEUED) & (fresh | Q(leased_until__lt=now))
    dropped = Q(status=PacketStatus.RENDERING, leased_until__lt=now)
    with transaction.atomic():
        rows = Packet.objects.select_for_update(skip_locked=True).filter(waiting | dropped).order_by("id")
        ids = list(rows.values_list("pk", flat=True)[:_PICK_UP])
        Packet.objects.filter(pk__in=ids).update(status=PacketStatus.QUEUED, leased_until=now + QUEUED_WITHIN)
    return ids


def _why_not(packet: Packet) -> str:
    if packet.attempts >= MAX_ATTEMPTS:
        return (
            f"Making the packet was interrupted {packet.attempts} times. Try again; if that happens "
            "once more, ask your operator to look at the memory and the log of the packets worker."
        )
    if content_hash(bytes(packet.snapshot.content)) != packet.snapshot.sha256:
        return (
            "The stored snapshot is not the one that was frozen at the sign-off: its hash differs. Ask your "
            "operator to restore it from a backup."
        )
    return ""


def _held(claim: Claim) -> tuple[Holder, Packet] | None:
    """Lock what the packet is about, and then the packet; None when it is not this claim's any more."""
    ids = Packet.objects.values_list("snapshot__review_id", "snapshot__fit_check_id")
    review_id, fit_check_id = ids.get(pk=claim.packet_id)
    holder: Holder = lock_fit_check(fit_check_id) if fit_check_id else lock_review(review_id)
    packet = Packet.objects.select_for_update().get(pk=claim.packet_id)
    mine = packet.status == PacketStatus.RENDERING and packet.attempts == claim.attempt
    return (holder, packet) if mine else None


def _record(
    holder: Holder, actor: Actor | None, verb: str, summary: str, data: dict[str, Any] | None = None
) -> None:
    """Append an event to the chain of the review, or of the service whose fit was checked."""
    if isinstance(holder, FitCheck):
        about = {"fit_check": holder.pk, **(data or {})}
        events.record(actor, events.Act(verb, summary, data=about), service=holder.service)
        return
    review = holder  # its content is frozen: only the head of the chain moves
    stream = events.review_stream(review.pk)
    acts = [events.Act(verb, summary, data=data or {})]
    events.append(
        review,
        stream,
        actor,
        acts,
        at=timezone.now(),
        service_id=review.service_id,
        review_id=review.pk,
    )
    review.save(update_fields=["event_count", "event_head"])
