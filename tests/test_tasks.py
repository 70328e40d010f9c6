"""Handing work to the workers: after the commit, and without depending on the broker."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest
import redis
from celery import Celery, shared_task
from django.conf import settings
from django.db import transaction

from readiness.celery import app
from readiness.redis_url import client_url
from readiness.tasks import enqueue


@shared_task(name="packets.for_a_test")
def packet_task(number: int) -> None:
    """Never run: only queued."""


@pytest.fixture
def queue() -> Any:
    """Return a function that says how long the queue of packets is, from an empty one."""
    client = redis.Redis.from_url(client_url(settings.REDIS_URL))
    client.delete("packets")
    yield lambda: client.llen("packets")
    client.delete("packets")
    client.close()


@pytest.mark.django_db(transaction=True)
def test_a_task_is_queued_after_the_commit_and_by_its_name(queue: Any) -> None:
    with transaction.atomic():
        enqueue(packet_task, 7)
        assert queue() == 0
    assert queue() == 1


@pytest.mark.django_db(transaction=True)
def test_a_task_of_a_transaction_that_failed_is_never_queued(queue: Any) -> None:
    def fail() -> None:
        with transaction.atomic():
            enqueue(packet_task, 7)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert queue() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "redis+socket:///nowhere/valkey.sock"])
def test_a_broker_that_is_away_does_not_break_the_request(
    caplog: pytest.LogCaptureFixture, address: str
) -> None:
    away = Celery("away", broker=address, set_as_current=False)
    away.conf.update({**app.conf.changes, "broker_url": address})
    task = away.task(packet_task.run, name="packets.for_a_test", shared=False)
    began = time.monotonic()
    with caplog.at_level(logging.WARNING), transaction.atomic():
        enqueue(task, 7)
    assert time.monotonic() - began < 5
    assert "waits in the database" in caplog.text
