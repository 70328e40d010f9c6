"""Tell those who took part in a review that its packet is made: one mail each, once, with a link."""

from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPException
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

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
            "snapshot__review__service", "snapshot__review__checklist", "snapshot__review__sign_off__by"
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
    review = packet.snapshot.review
    if review is None:
        return []
    verdict = review.sign_off.get_verdict_display()
    subject = f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}Packet of {review}: {verdict}"
    address = reverse("reviews:packet", args=[review.service.slug, review.number])
    context = {"review": review, "packet": packet, "verdict": verdict, "url": settings.BASE_URL + address}
    return [
        EmailMessage(
            " ".join(subject.split()),
            render_to_string("reviews/email/packet.txt", {**context, "person": person}),
            settings.DEFAULT_FROM_EMAIL,
            [person.email],
        )
        for person in participants(review)
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
