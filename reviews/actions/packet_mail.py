"""Tell those who took part in a review that its packet is made: one mail each, once, with a link."""

from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPException
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from readiness.accounts.models import User
from reviews.models import Packet
from reviews.queries.participants import participants
from reviews.states import PacketStatus

logger = logging.getLogger(__name__)

_GIVE_UP: Final = timedelta(days=1)
_MAILED_WITHIN: Final = timedelta(minutes=2)
_PICK_UP: Final = 20


def mail_packet(packet_id: int) -> int:
    """Mail the participants of a made packet; return how many mails went out, 0 when they were sent already.

    While nobody could be reached the packet counts as not mailed, and is tried again for a day. As soon as
    one mail went out it counts as mailed: better one person without a mail than everybody else with two.
    """
    with transaction.atomic():
        rows = Packet.objects.select_for_update(of=("self",), skip_locked=True).select_related(
            "snapshot__review__service",
            "snapshot__review__checklist",
            "snapshot__review__sign_off__by",
            "snapshot__fit_check__service",
            "snapshot__fit_check__version__checklist",
            "snapshot__fit_check__recorded_by",
            "snapshot__fit_check__signed_by",
        )
        packet = rows.filter(pk=packet_id, status=PacketStatus.DONE, mailed_at__isnull=True).first()
        if packet is None:
            return 0
        messages = _messages(packet)
        sent = _send(messages)
        if sent or not messages:
            packet.mailed_at = timezone.now()
            packet.save(update_fields=["mailed_at"])
    return sent


def mails_to_pick_up() -> list[int]:
    """Ids of made packets whose mails have not gone out, from the last day."""
    now = timezone.now()
    rows = Packet.objects.filter(
        status=PacketStatus.DONE,
        mailed_at__isnull=True,
        finished_at__gt=now - _GIVE_UP,
        finished_at__lt=now - _MAILED_WITHIN,
    )
    return list(rows.order_by("id").values_list("pk", flat=True)[:_PICK_UP])


def _messages(packet: Packet) -> list[EmailMessage]:
    review, fit = packet.snapshot.review, packet.snapshot.fit_check
    if review is not None:
        verdict = review.sign_off.get_verdict_display()
        address = reverse("reviews:packet", args=[review.service.slug, review.number])
        context = {"review": review, "packet": packet, "verdict": verdict}
        people = list(participants(review))
        return _to_each(people, f"Packet of {review}: {verdict}", "packet", address, context)
    if fit is not None:
        signed = {person.pk: person for person in (fit.recorded_by, fit.signed_by) if person is not None}
        people = [person for person in signed.values() if person.is_active]
        subject = f"{fit.service}: signed that {fit.version.checklist.title} does not fit"
        return _to_each(people, subject, "fit_packet", fit.get_absolute_url(), {"fit": fit})
    return []


def _to_each(
    people: list[User], subject: str, template: str, address: str, context: dict[str, Any]
) -> list[EmailMessage]:
    line = " ".join(f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}{subject}".split())
    shared = {**context, "url": settings.BASE_URL + address}
    return [
        EmailMessage(
            line,
            render_to_string(f"reviews/email/{template}.txt", {**shared, "person": person}),
            settings.DEFAULT_FROM_EMAIL,
            [person.email],
        )
        for person in people
    ]


def _send(messages: list[EmailMessage]) -> int:
    mails, sent = get_connection(), 0
    try:
        for message in messages:
            message.connection = mails
            try:
                sent += message.send()
            except (OSError, SMTPException):
                logger.exception("A mail about a packet could not be sent")
    finally:
        mails.close()
    return sent
