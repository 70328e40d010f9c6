"""A worker killed in the middle of a probe run: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from readiness.accounts.rights import actor_of
from readiness.celery import app
from readiness.tasks import enqueue
from reviews import events, tasks
from reviews.actions.probe_runs import request_run
from reviews.models import Event, Evidence, ProbeRun
from tests.cast import Cast
from tests.reviews.builders import make_review, make_service, make_version
from tests.workers import kill, worker

ITEM, PROBE = "item-1-1", "health_endpoint"


class Endpoint:
    """A health endpoint whose first answer never comes; the ones after it come at once."""

    def __init__(self) -> None:
        self.asked = 0
        self.done = threading.Event()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                endpoint.asked += 1
                if endpoint.asked == 1:
                    endpoint.done.wait(60)
                    return
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.server_address[1]

    def close(self) -> None:
        self.done.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.close()


@pytest.fixture
def empty_queues() -> None:
    """Nothing of an earlier test waits at the broker."""
    with app.connection_for_write() as link:
        for name in ("default", "probes"):
            link.default_channel.queue_purge(name)


def wait_for(holds: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_run_survives_sigkill_of_its_worker(cast: Cast, endpoint: Endpoint, empty_queues: None) -> None:
    member = actor_of(cast.member)
    service = make_service(cast.team, cast.owner, health_url=f"http://127.0.0.1:{endpoint.port}/health")
    review = make_review(member, service, make_version(probes=[PROBE]))
    run = request_run(member, review.pk, ITEM, PROBE)
    enqueue(tasks.run_probe, run.pk)
    allowed = {"READINESS_EGRESS_ALLOW": f"127.0.0.1/32:{endpoint.port}"}
    database = str(connection.settings_dict["NAME"])

    def now() -> ProbeRun:
        return ProbeRun.objects.get(pk=run.pk)

    with worker(database, allowed) as first:
        wait_for(lambda: endpoint.asked == 1)
        assert (now().status, now().attempts) == ("running", 1)
        kill(first)
    assert now().status == "running"
    # The lease would be over in half a minute; this test does not wait for it.
    ProbeRun.objects.filter(pk=run.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    with worker(database, allowed):
        tasks.pick_up_runs()
        wait_for(lambda: now().status == "done")
        # Whatever else is queued for this run finds it done.
        enqueue(tasks.run_probe, run.pk)
        enqueue(tasks.run_probe, run.pk)
        other = request_run(member, review.pk, "item-1-2", PROBE)
        enqueue(tasks.run_probe, other.pk)
        wait_for(lambda: ProbeRun.objects.get(pk=other.pk).status == "done")
    assert (now().outcome, now().attempts, endpoint.asked) == ("pass", 2, 3)
    assert Evidence.objects.filter(answer=run.answer, ended_at__isnull=True).count() == 1
    assert Event.objects.filter(review=review, verb="probe:run:finished", item=ITEM).count() == 1
    assert events.verify_all()[1] == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_what_was_asked_for_without_a_broker_is_done_when_a_worker_comes(
    cast: Cast, endpoint: Endpoint, empty_queues: None
) -> None:
    endpoint.asked = 1
    member = actor_of(cast.member)
    service = make_service(cast.team, cast.owner, health_url=f"http://127.0.0.1:{endpoint.port}/health")
    review = make_review(member, service, make_version(probes=[PROBE]))
    run = request_run(member, review.pk, ITEM, PROBE)
    ProbeRun.objects.update(requested_at=timezone.now() - timedelta(minutes=1))
    allowed = {"READINESS_EGRESS_ALLOW": f"127.0.0.1/32:{endpoint.port}"}
    with worker(str(connection.settings_dict["NAME"]), allowed):
        tasks.pick_up_runs.apply_async()
        wait_for(lambda: ProbeRun.objects.get(pk=run.pk).status == "done")
    assert ProbeRun.objects.get(pk=run.pk).outcome == "pass"
