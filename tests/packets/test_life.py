"""From a sign-off to a made and mailed packet: claimed, interrupted, failed, made, once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core import mail
from django.db import close_old_connections, connection
from django.utils import timezone

from readiness.accounts.rights import actor_of
from readiness.errors import NotFound, Refused
from reviews import events, storage
from reviews.actions import packet_mail, packet_making, packets
from reviews.actions.packet_mail import mail_packet, mails_to_pick_up
from reviews.actions.packet_making import make_packet
from reviews.actions.packets import (
    claim_packet,
    fail_packet,
    finish_packet,
    packets_to_pick_up,
    renew_lease,
    request_packet,
)
from reviews.models import Event, Packet, Review, Snapshot, StoredFile
from reviews.packets.render import RenderedPacket
from reviews.queries.participants import participants
from tests.cast import Cast
from tests.packets import reading
from tests.reviews.builders import make_review, make_service

MADE = RenderedPacket(b"%PDF-1.7 made", 3, "a" * 64)


def now(packet: Packet) -> Packet:
    return Packet.objects.select_related("file").get(pk=packet.pk)


def lapse(packet: Packet) -> None:
    """Let the lease of a dead maker run out."""
    Packet.objects.filter(pk=packet.pk).update(leased_until=timezone.now() - timedelta(seconds=1))


def verbs(review: Review) -> list[str]:
    kept = ("system:packet:", "person:packet:")
    rows = Event.objects.filter(review=review).order_by("seq").values_list("verb", flat=True)
    return [verb for verb in rows if verb.startswith(kept)]


# -- Made --------------------------------------------------------------------------------------------------


def test_the_packet_holds_what_was_signed(review: Review, packet: Packet) -> None:
    assert make_packet(packet.pk) is True
    row = now(packet)
    assert (row.status, row.attempts, row.error, row.leased_until) == ("done", 1, "", None)
    assert row.file is not None
    with storage.open_file(row.file) as handle:
        pdf = handle.read()
    snapshot = Snapshot.objects.get(review=review)
    assert reading.attachments_of(pdf) == {"snapshot.json": bytes(snapshot.content)}
    text = reading.text_of(pdf)
    for words in (
        "Checkout",
        "Ada Accountable",
        "Rita Reviewer",
        "Item 2.2",
        snapshot.sha256[:8],
        "Milo Member",
    ):
        assert words in text
    assert row.pages == len(reading.pages_of(pdf))
    assert verbs(review) == ["system:packet:made"]
    assert events.verify_all()[1] == []


def test_a_made_packet_is_left_alone(review: Review, packet: Packet) -> None:
    make_packet(packet.pk)
    before = now(packet)
    assert make_packet(packet.pk) is False
    assert claim_packet(packet.pk) is None
    assert packets_to_pick_up() == []
    assert (now(packet).file_id, now(packet).finished_at) == (before.file_id, before.finished_at)
    assert verbs(review) == ["system:packet:made"]


def test_the_chain_in_the_packet_is_the_chain_that_was_signed(review: Review, packet: Packet) -> None:
    head = Event.objects.filter(review=review, verb="person:review:signed_off").get().hash
    make_packet(packet.pk)
    row = now(packet)
    assert row.file is not None
    with storage.open_file(row.file) as handle:
        text = reading.text_of(handle.read())
    assert " ".join(head[at : at + 8] for at in range(0, 64, 8)) in text


# -- Claimed -----------------------------------------------------------------------------------------------


def test_a_claimed_packet_is_nobody_elses_until_the_lease_runs_out(packet: Packet) -> None:
    first = claim_packet(packet.pk)
    assert first is not None
    assert claim_packet(packet.pk) is None
    lapse(packet)
    second = claim_packet(packet.pk)
    assert second is not None
    assert (first.attempt, second.attempt) == (1, 2)


def test_the_first_maker_comes_too_late(review: Review, packet: Packet) -> None:
    first = claim_packet(packet.pk)
    lapse(packet)
    second = claim_packet(packet.pk)
    assert first is not None
    assert second is not None
    assert renew_lease(first) is False
    assert finish_packet(first, MADE) is False
    assert fail_packet(first, "Too late.", again=False) is False
    assert now(packet).status == "rendering"
    assert renew_lease(second) is True
    assert finish_packet(second, MADE) is True
    assert finish_packet(second, MADE) is False
    assert verbs(review) == ["system:packet:made"]


def test_a_sign_of_life_keeps_the_lease(packet: Packet) -> None:
    claim = claim_packet(packet.pk)
    assert claim is not None
    Packet.objects.filter(pk=packet.pk).update(leased_until=timezone.now() + timedelta(seconds=1))
    assert renew_lease(claim) is True
    left = now(packet).leased_until
    assert left is not None
    assert left > timezone.now() + timedelta(seconds=20)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_one_packet(review: Review, packet: Packet) -> None:
    results: list[bool] = []
    start = threading.Barrier(2)

    def work() -> None:
        close_old_connections()
        start.wait()
        results.append(make_packet(packet.pk))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(results) == [False, True]
    assert verbs(review) == ["system:packet:made"]
    assert StoredFile.objects.filter(media_type="application/pdf").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_long_rendering_shows_signs_of_life(packet: Packet, monkeypatch: pytest.MonkeyPatch) -> None:
    claimed = threading.Event()

    def slow(_content: bytes) -> RenderedPacket:
        Packet.objects.filter(pk=packet.pk).update(leased_until=timezone.now() + timedelta(seconds=1))
        claimed.wait(1.5)
        assert claim_packet(packet.pk) is None, "the lease ran out under a living maker"
        return MADE

    monkeypatch.setattr(packet_making, "_HEARTBEAT", 0.2)
    monkeypatch.setattr(packet_making, "render_packet", slow)
    assert make_packet(packet.pk) is True


# -- Interrupted and failed --------------------------------------------------------------------------------


def test_three_dead_makers_close_it_with_a_reason(review: Review, packet: Packet) -> None:
    for _ in range(3):
        assert claim_packet(packet.pk) is not None
        lapse(packet)
    assert claim_packet(packet.pk) is None
    row = now(packet)
    assert row.status == "failed"
    assert "interrupted 3 times" in row.error
    assert verbs(review) == ["system:packet:failed"]
    assert packets_to_pick_up() == []


def broken(error: Exception) -> Callable[[bytes], Any]:
    def render(_content: bytes) -> RenderedPacket:
        raise error

    return render


def test_an_error_is_tried_again_later_and_then_shown(
    review: Review, packet: Packet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packet_making, "render_packet", broken(OSError(28, "No space left on device")))
    for attempt in (1, 2):
        assert make_packet(packet.pk) is False
        row = now(packet)
        assert (row.status, row.attempts) == ("queued", attempt)
        assert packets_to_pick_up() == [], "not at once"
        lapse(packet)
        assert packets_to_pick_up() == [packet.pk]
    assert make_packet(packet.pk) is False
    row = now(packet)
    assert row.status == "failed"
    assert "No space left on device" in row.error
    assert "ask your operator" in row.error
    assert verbs(review) == ["system:packet:failed"]


def test_what_takes_too_long_is_not_tried_again_by_itself(
    packet: Packet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packet_making, "render_packet", broken(SoftTimeLimitExceeded()))
    assert make_packet(packet.pk) is False
    assert (now(packet).status, now(packet).attempts) == ("failed", 1)
    assert "took too long" in now(packet).error


def test_a_snapshot_that_is_not_the_frozen_one_is_refused(cast: Cast) -> None:
    row = make_review(actor_of(cast.member), make_service(cast.team, cast.owner))
    altered = Snapshot.objects.create(
        review=row, content=b"{}", sha256="0" * 64, schema_version=1, created_at=timezone.now()
    )
    packet = Packet.objects.create(snapshot=altered, requested_at=timezone.now())
    assert make_packet(packet.pk) is False
    assert now(packet).status == "failed"
    assert "its hash differs" in now(packet).error


def test_asking_again_after_a_failure(cast: Cast, review: Review, packet: Packet) -> None:
    claim = claim_packet(packet.pk)
    assert claim is not None
    fail_packet(claim, "It broke.", again=False)
    row = request_packet(actor_of(cast.member), review.pk)
    assert (row.status, row.attempts, row.error) == ("queued", 0, "")
    assert make_packet(packet.pk) is True
    assert verbs(review) == ["system:packet:failed", "person:packet:requested", "system:packet:made"]
    assert request_packet(actor_of(cast.member), review.pk).status == "done"
    assert events.verify_all()[1] == []


@pytest.mark.parametrize(("role", "error"), [("viewer", Refused), ("stranger", NotFound)])
def test_who_may_not_ask_again(cast: Cast, review: Review, role: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        request_packet(actor_of(cast[role]), review.pk)


def test_a_review_without_a_sign_off_has_no_packet(cast: Cast) -> None:
    row = make_review(actor_of(cast.member), make_service(cast.team, cast.owner))
    with pytest.raises(NotFound, match="not signed off"):
        request_packet(actor_of(cast.member), row.pk)


# -- Picked up ---------------------------------------------------------------------------------------------


def test_a_packet_that_was_never_queued_is_picked_up_once_a_minute(packet: Packet) -> None:
    assert packets_to_pick_up() == [], "its task has just been queued"
    Packet.objects.update(requested_at=timezone.now() - timedelta(seconds=20))
    assert packets_to_pick_up() == [packet.pk]
    assert packets_to_pick_up() == [], "its task waits in the queue now"
    lapse(packet)
    assert packets_to_pick_up() == [packet.pk]


def test_a_packet_of_a_dead_maker_is_picked_up(packet: Packet) -> None:
    claim_packet(packet.pk)
    assert packets_to_pick_up() == []
    lapse(packet)
    assert packets_to_pick_up() == [packet.pk]
    assert now(packet).status == "queued"
    assert make_packet(packet.pk) is True
    assert now(packet).attempts == 2


# -- Mailed ------------------------------------------------------------------------------------------------


def made(packet: Packet) -> None:
    claim = claim_packet(packet.pk)
    assert claim is not None
    assert finish_packet(claim, MADE)


def test_those_who_took_part_get_one_mail_with_a_link(review: Review, packet: Packet) -> None:
    made(packet)
    assert mail_packet(packet.pk) == 3
    assert mail_packet(packet.pk) == 0
    assert sorted(to for message in mail.outbox for to in message.to) == [
        "accountable@example.com",
        "member@example.com",
        "reviewer@example.com",
    ]
    message = mail.outbox[0]
    assert message.subject.endswith("Packet of Checkout, review 1: Ready")
    assert "/services/checkout/reviews/1/packet/" in message.body
    assert not message.attachments
    assert now(packet).mailed_at is not None


def test_no_mail_before_it_is_made_or_to_who_left(cast: Cast, review: Review, packet: Packet) -> None:
    assert mail_packet(packet.pk) == 0
    cast.reviewer.is_active = False
    cast.reviewer.save()
    made(packet)
    assert mail_packet(packet.pk) == 2
    assert [person.email for person in participants(review)] == [
        "accountable@example.com",
        "member@example.com",
    ]


def test_a_mail_server_that_is_away_is_tried_again_for_a_day(
    packet: Packet, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(packet)
    with monkeypatch.context() as away:
        away.setattr(packet_mail.EmailMessage, "send", lambda _self: (_ for _ in ()).throw(OSError("away")))
        assert mail_packet(packet.pk) == 0
    assert now(packet).mailed_at is None
    assert mails_to_pick_up() == []
    Packet.objects.update(finished_at=timezone.now() - timedelta(minutes=5))
    assert mails_to_pick_up() == [packet.pk]
    Packet.objects.update(finished_at=timezone.now() - timedelta(days=2))
    assert mails_to_pick_up() == []
    assert mail_packet(packet.pk) == 3


def test_nobody_gets_two_mails_because_another_was_refused(
    packet: Packet, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(packet)
    original = packet_mail.EmailMessage.send

    def send(self: Any) -> int:
        if self.to == ["member@example.com"]:
            raise OSError("no such mailbox")
        return original(self)

    monkeypatch.setattr(packet_mail.EmailMessage, "send", send)
    assert mail_packet(packet.pk) == 2
    assert mail_packet(packet.pk) == 0
    assert len(mail.outbox) == 2


def test_leases_are_longer_than_the_signs_of_life_are_apart() -> None:
    assert packets.LEASE.total_seconds() >= 2 * packet_making._HEARTBEAT
