"""The packets worker, killed with SIGKILL in the middle of a packet: on restart the packet is made, once."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from readiness import processes
from readiness.accounts.rights import actor_of
from readiness.celery import app
from readiness.tasks import enqueue
from reviews import events, storage, tasks
from reviews.models import Event, Packet, Review, SignOff, Snapshot, StoredFile
from reviews.packets import schema
from tests.cast import Cast
from tests.packets import factory, reading
from tests.reviews.builders import make_review, make_service
from tests.workers import kill, worker

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def empty_queues() -> None:
    """Nothing of an earlier test waits at the broker."""
    with app.connection_for_write() as link:
        for name in ("default", "packets"):
            link.default_channel.queue_purge(name)


@pytest.fixture
def packet(cast: Cast) -> Packet:
    """A packet of a review so large that its making takes seconds."""
    review = make_review(actor_of(cast.member), make_service(cast.team, cast.owner))
    content = factory.content(items=250, section_count=9, events=600)
    at = timezone.now()
    SignOff.objects.create(review=review, by=cast.accountable, at=at, verdict="ready", digest="0" * 64)
    snapshot = Snapshot.objects.create(
        review=review, content=content, sha256=schema.content_hash(content), schema_version=1, created_at=at
    )
    return Packet.objects.create(snapshot=snapshot, requested_at=at)


def wait_for(holds: Callable[[], bool], seconds: float = 150) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def now(packet: Packet) -> Packet:
    return Packet.objects.select_related("file").get(pk=packet.pk)


def test_a_packet_survives_sigkill_of_its_worker(
    packet: Packet, empty_queues: None, tmp_path: Path, settings: Any
) -> None:
    database = str(connection.settings_dict["NAME"])
    place = {"READINESS_DATA": str(tmp_path)}
    settings.STORED_FILES_DIR = tmp_path / "files"
    enqueue(tasks.render_packet, packet.pk)
    with worker(database, place, processes.packets()) as first:
        wait_for(lambda: now(packet).status == "rendering")
        kill(first)
    assert (now(packet).status, now(packet).attempts) == ("rendering", 1)
    assert StoredFile.objects.count() == 0
    # The lease would be over in half a minute; this test does not wait for it.
    Packet.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    with worker(database, place, processes.packets()):
        tasks.pick_up_packets()
        # What the broker hands out again, and whatever else is queued for it, finds the packet taken.
        enqueue(tasks.render_packet, packet.pk)
        enqueue(tasks.render_packet, packet.pk)
        wait_for(lambda: now(packet).status == "done")
        with app.connection_for_write() as link:
            wait_for(lambda: link.default_channel.client.llen("packets") == 0, 20)
    row = now(packet)
    assert row.attempts == 2
    assert row.file is not None
    with storage.open_file(row.file) as handle:
        attached = reading.attachments_of(handle.read())
    assert attached == {"snapshot.json": bytes(row.snapshot.content)}
    assert StoredFile.objects.count() == 1
    review = Review.objects.get()
    assert Event.objects.filter(review=review, verb="system:packet:made").count() == 1
    assert events.verify_all()[1] == []
    # The mail is a task of the other worker: queued once, sent once.
    with app.connection_for_write() as link:
        assert link.default_channel.client.llen("default") == 1
    tasks.send_packet_mail(packet.pk)
    tasks.send_packet_mail(packet.pk)
    assert len(mail.outbox) == 2
