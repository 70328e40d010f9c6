"""Probe runs on the side of the database: asked for, claimed, finished, given up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from checklist.probes.base import Outcome, ProposedAnswer
from checklist.probes.net.errors import ErrorKind
from checklist.probes.runner import PUBLIC_ERROR, RunResult
from readiness.accounts.rights import Actor, actor_of
from readiness.errors import DomainError, Invalid, NotFound, Refused, WrongState
from reviews import events, storage, tasks
from reviews.actions.answers import Said, save_answer
from reviews.actions.evidence import About, add_note, withdraw
from reviews.actions.probe_runs import Claim, claim_run, finish_run, request_run, runs_to_pick_up
from reviews.actions.reviews import withdraw_review
from reviews.actions.sections import approve_section, submit_section
from reviews.models import Answer, Event, Evidence, ProbeRun, Review
from reviews.queries.sheet import load_sheet
from tests.cast import Cast
from tests.reviews.builders import answer_all, make_review, make_service, make_version, section, seen
from tests.threads import at_once

ITEM = "item-1-1"
PROBE = "health_endpoint"
URL = "https://checkout.example/health"


@pytest.fixture
def member(cast: Cast) -> Actor:
    return actor_of(cast.member)


@pytest.fixture
def review(cast: Cast, member: Actor) -> Review:
    """A fresh review whose items the health probe can check."""
    service = make_service(cast.team, cast.owner, health_url=URL)
    return make_review(member, service, make_version(probes=[PROBE], evidence_lifetime_days=7))


def observed(outcome: Outcome, **fields: Any) -> RunResult:
    """A result as the runner gives it."""
    proposed = {Outcome.PASS: ProposedAnswer.MET, Outcome.FAIL: ProposedAnswer.NOT_MET}
    now = timezone.now()
    given: dict[str, Any] = {
        "summary": f"It is {outcome}.",
        "details": ("Asked: /health",),
        "proposed_answer": proposed.get(outcome),
        "facts": {"status": 200},
        "facts_schema_version": 1,
        "facts_hash": hashlib.sha256(outcome.encode()).hexdigest(),
        "probe_version": 1,
        "config_hash": "c" * 64,
        "peer": "192.0.2.1",
        "artifact": b"GET /health\nHTTP 200",
        "artifact_media_type": "text/plain; charset=utf-8",
        "started_at": now,
        "finished_at": now,
        "duration_ms": 12,
    }
    return RunResult(probe_id=PROBE, outcome=outcome, **{**given, **fields})


def run_once(member: Actor, review: Review, outcome: Outcome, **fields: Any) -> ProbeRun:
    run = request_run(member, review.pk, ITEM, PROBE)
    claim = claim_run(run.pk)
    assert claim is not None
    return finish_run(claim, observed(outcome, **fields))


def live(review: Review) -> list[Evidence]:
    return list(Evidence.objects.filter(review=review, ended_at__isnull=True).order_by("id"))


def state(review: Review) -> tuple[str, int]:
    answer = Answer.objects.get(review=review, item__slug=ITEM)
    return answer.state, answer.revision


# -- Asked for ---------------------------------------------------------------------------------------------


def test_a_run_is_a_row_at_once_with_its_config(review: Review, member: Actor) -> None:
    run = request_run(member, review.pk, ITEM, PROBE)
    assert (run.status, run.config["url"], run.requested_by_id) == ("queued", URL, member.id)
    event = Event.objects.filter(review=review).order_by("-seq")[0]
    assert (event.verb, event.data) == ("person:probe:requested", {"run": run.pk, "probe": PROBE})


def test_pressing_twice_returns_the_running_one(review: Review, member: Actor) -> None:
    first = request_run(member, review.pk, ITEM, PROBE)
    assert request_run(member, review.pk, ITEM, PROBE) == first
    claim_run(first.pk)
    assert request_run(member, review.pk, ITEM, PROBE) == first
    assert Event.objects.filter(review=review, verb="person:probe:requested").count() == 1
    assert request_run(member, review.pk, "item-1-2", PROBE) != first


def test_a_service_without_the_address_is_told_what_to_set(cast: Cast, member: Actor) -> None:
    review = make_review(member, make_service(cast.team, cast.owner), make_version(probes=[PROBE]))
    with pytest.raises(Invalid, match=r"Health endpoint cannot run yet\. Set the service's health URL first"):
        request_run(member, review.pk, ITEM, PROBE)


@pytest.mark.parametrize("probe", ["no_such_probe", "tls", ""])
def test_a_probe_that_cannot_check_the_item_is_not_found(review: Review, member: Actor, probe: str) -> None:
    with pytest.raises(NotFound):
        request_run(member, review.pk, ITEM, probe)


def test_an_unknown_item_is_not_found(review: Review, member: Actor) -> None:
    with pytest.raises(NotFound):
        request_run(member, review.pk, "no-such-item", PROBE)


def test_an_item_that_does_not_apply_is_not_checked(review: Review, member: Actor) -> None:
    Answer.objects.filter(review=review, item__slug=ITEM).update(applicable=False)
    with pytest.raises(WrongState, match="does not apply"):
        request_run(member, review.pk, ITEM, PROBE)


@pytest.mark.parametrize(
    ("role", "error"),
    [
        ("owner", None),
        ("member", None),
        ("reviewer", None),
        ("accountable", Refused),
        ("admin", Refused),
        ("viewer", Refused),
        ("stranger", NotFound),
    ],
)
def test_who_may_run(cast: Cast, review: Review, role: str, error: type[DomainError] | None) -> None:
    actor = actor_of(cast[role])
    if error is None:
        assert request_run(actor, review.pk, ITEM, PROBE).status == "queued"
        return
    with pytest.raises(error):
        request_run(actor, review.pk, ITEM, PROBE)


# -- Finished ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "proposed", "attached"),
    [
        (Outcome.PASS, "met", True),
        (Outcome.WARN, "", True),
        (Outcome.FAIL, "not_met", True),
        (Outcome.UNKNOWN, "", False),
        (Outcome.ERROR, "", False),
    ],
)
def test_a_result_is_stored_proposes_and_writes_no_answer(
    review: Review, member: Actor, outcome: Outcome, proposed: str, attached: bool
) -> None:
    run = run_once(member, review, outcome)
    run.refresh_from_db()
    assert (run.status, run.outcome, run.proposed, run.leased_until) == ("done", outcome, proposed, None)
    assert (run.facts, run.peer, run.duration_ms, run.probe_version) == (
        {"status": 200},
        "192.0.2.1",
        12,
        "1",
    )
    assert run.artifact is not None
    with storage.open_file(run.artifact) as handle:
        assert handle.read() == b"GET /health\nHTTP 200"
    assert state(review) == ("unanswered", 0)
    assert [(row.kind, row.grade, row.sha256) for row in live(review)] == (
        [("probe_run", "machine", run.facts_hash)] if attached else []
    )
    event = Event.objects.filter(review=review, verb="probe:run:finished").get()
    assert (event.actor, event.data["outcome"], event.data["before"]) == (None, outcome, "")


def test_evidence_of_a_run_counts_as_long_as_the_item_says(review: Review, member: Actor) -> None:
    run_once(member, review, Outcome.PASS)
    (row,) = live(review)
    assert row.valid_until == row.observed_on + timedelta(days=7)
    assert row.title == "Health endpoint"


def test_the_next_run_replaces_the_evidence_of_the_one_before(review: Review, member: Actor) -> None:
    by_hand = add_note(member, review.pk, ITEM, "Seen.", About())
    run_once(member, review, Outcome.PASS)
    first = live(review)[1]
    run_once(member, review, Outcome.FAIL)
    assert [row.kind for row in live(review)] == ["note", "probe_run"]
    first.refresh_from_db()
    assert first.superseded_by == live(review)[1]
    assert live(review)[0] == by_hand


def test_an_unknown_run_leaves_the_evidence_before_it(review: Review, member: Actor) -> None:
    run_once(member, review, Outcome.PASS)
    run_once(member, review, Outcome.UNKNOWN)
    assert len(live(review)) == 1


def test_nobody_withdraws_what_a_probe_saw(review: Review, member: Actor) -> None:
    run_once(member, review, Outcome.FAIL)
    (row,) = live(review)
    with pytest.raises(WrongState, match="not withdrawn by hand"):
        withdraw(member, review.pk, row.pk)
    with pytest.raises(WrongState, match="not replaced by hand"):
        add_note(member, review.pk, ITEM, "All is well.", About(replaces=row.pk))


def test_what_an_error_says_of_the_network_is_not_in_the_summary(review: Review, member: Actor) -> None:
    told = "Blocked by egress policy: 10.0.0.7 is private."
    run = run_once(
        member, review, Outcome.ERROR, summary=told, error=told, error_kind=ErrorKind.BLOCKED, details=()
    )
    assert (run.summary, run.details) == (PUBLIC_ERROR, [told])
    event = Event.objects.filter(review=review, verb="probe:run:finished").get()
    assert "10.0.0.7" not in event.summary + str(event.data)


def test_a_person_and_a_probe_that_disagree_stop_the_approval(
    cast: Cast, review: Review, member: Actor
) -> None:
    save_answer(member, review.pk, ITEM, Said(state="met"), 0)
    run_once(member, review, Outcome.FAIL)
    sheet = load_sheet(section(review)).item(ITEM)
    assert sheet is not None
    assert [each.outcome for each in sheet.disagreements] == ["fail"]
    assert state(review) == ("met", 1)


# -- Approvals ---------------------------------------------------------------------------------------------


@pytest.fixture
def approved(cast: Cast, review: Review, member: Actor) -> Review:
    """The first section is approved, with one passing run in it."""
    answer_all(member, review, 1)
    run_once(member, review, Outcome.PASS)
    submit_section(member, section(review))
    approve_section(actor_of(cast.reviewer), section(review), seen(section(review)))
    return review


def test_the_same_outcome_again_leaves_approvals_alone(approved: Review, member: Actor) -> None:
    before = seen(section(approved))
    run_once(member, approved, Outcome.PASS)
    assert section(approved).status == "approved"
    assert seen(section(approved)) == before


def test_another_outcome_makes_approvals_stale(approved: Review, member: Actor) -> None:
    run_once(member, approved, Outcome.FAIL)
    assert section(approved).status == "stale"


def test_a_run_on_its_way_changes_and_hides_nothing(approved: Review, member: Actor) -> None:
    before = seen(section(approved))
    run = request_run(member, approved.pk, ITEM, PROBE)
    assert seen(section(approved)) == before
    claim_run(run.pk)
    assert seen(section(approved)) == before


# -- Claims, leases, dead workers --------------------------------------------------------------------------


def expire(run: ProbeRun) -> None:
    ProbeRun.objects.filter(pk=run.pk).update(leased_until=timezone.now() - timedelta(seconds=1))


def test_a_run_is_claimed_once(review: Review, member: Actor) -> None:
    run = request_run(member, review.pk, ITEM, PROBE)
    claim = claim_run(run.pk)
    assert claim == Claim(run.pk, 1, PROBE, run.config)
    assert claim_run(run.pk) is None
    run.refresh_from_db()
    assert run.leased_until is not None
    assert timedelta(seconds=25) < run.leased_until - timezone.now() < timedelta(seconds=35)


def test_a_finished_or_unknown_run_is_not_claimed(review: Review, member: Actor) -> None:
    run = run_once(member, review, Outcome.PASS)
    assert claim_run(run.pk) is None
    assert claim_run(987654) is None


def test_a_late_result_of_a_lost_lease_is_dropped(review: Review, member: Actor) -> None:
    run = request_run(member, review.pk, ITEM, PROBE)
    late = claim_run(run.pk)
    expire(run)
    new = claim_run(run.pk)
    assert late is not None
    assert new is not None
    finish_run(late, observed(Outcome.FAIL))
    assert live(review) == []
    finish_run(new, observed(Outcome.PASS))
    finish_run(late, observed(Outcome.FAIL))
    run.refresh_from_db()
    assert (run.outcome, run.attempts, len(live(review))) == ("pass", 2, 1)


def test_after_three_dead_workers_it_is_closed_with_an_error(review: Review, member: Actor) -> None:
    run = request_run(member, review.pk, ITEM, PROBE)
    for _ in range(3):
        assert claim_run(run.pk) is not None
        expire(run)
    assert claim_run(run.pk) is None
    run.refresh_from_db()
    assert (run.status, run.outcome, run.summary) == ("done", "error", "The worker stopped three times.")
    assert "workers' log" in run.details[0]
    assert live(review) == []
    assert request_run(member, review.pk, ITEM, PROBE) != run


def test_pick_up_finds_what_nobody_took_and_what_was_dropped(review: Review, member: Actor) -> None:
    young = request_run(member, review.pk, ITEM, PROBE)
    old = request_run(member, review.pk, "item-1-2", PROBE)
    ProbeRun.objects.filter(pk=old.pk).update(requested_at=timezone.now() - timedelta(minutes=1))
    assert runs_to_pick_up() == [old.pk]
    claim_run(old.pk)
    assert runs_to_pick_up() == []
    expire(old)
    claim_run(young.pk)
    assert runs_to_pick_up() == [old.pk]


@pytest.mark.parametrize("claimed", [True, False])
def test_a_review_closed_meanwhile_keeps_nothing(
    cast: Cast, review: Review, member: Actor, claimed: bool
) -> None:
    run_once(member, review, Outcome.PASS)
    run = request_run(member, review.pk, ITEM, PROBE)
    claim = claim_run(run.pk) if claimed else None
    withdraw_review(actor_of(cast.owner), review.pk, "Enough.")
    count = Event.objects.filter(review=review).count()
    before = seen(section(review))
    if claim is not None:
        finish_run(claim, observed(Outcome.FAIL))
    else:
        assert claim_run(run.pk) is None
    run.refresh_from_db()
    assert (run.status, run.outcome, run.facts) == ("done", "", {})
    assert "closed before" in run.summary
    assert len(live(review)) == 1
    assert seen(section(review)) == before
    assert Event.objects.filter(review=review).count() == count


# -- At the same moment ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_asking_many_times_at_once_makes_one_run(review: Review, member: Actor) -> None:
    runs = at_once(*[lambda: request_run(member, review.pk, ITEM, PROBE).pk] * 4)
    assert len(set(runs)) == 1
    assert ProbeRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_claims_at_once_give_one(review: Review, member: Actor) -> None:
    run = request_run(member, review.pk, ITEM, PROBE)
    claims = at_once(*[lambda: claim_run(run.pk)] * 4)
    assert sum(isinstance(each, Claim) for each in claims) == 1
    assert sum(each is None for each in claims) == 3


@pytest.mark.django_db(transaction=True)
def test_two_finishes_at_once_attach_once(review: Review, member: Actor) -> None:
    run = request_run(member, review.pk, ITEM, PROBE)
    claim = claim_run(run.pk)
    assert claim is not None
    results = at_once(
        lambda: finish_run(claim, observed(Outcome.PASS)).outcome,
        lambda: finish_run(claim, observed(Outcome.FAIL)).outcome,
    )
    assert len(set(results)) == 1
    assert len(live(review)) == 1
    assert Event.objects.filter(review=review, verb="probe:run:finished").count() == 1
    assert events.verify_all()[1] == []


# -- The task, with a real probe over a real socket --------------------------------------------------------


@pytest.fixture
def endpoint(settings: Any) -> Iterator[str]:
    """A health endpoint on this machine that the egress policy allows; it notes open transactions."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    settings.EGRESS_ALLOW = [f"127.0.0.1/32:{port}"]
    yield f"http://127.0.0.1:{port}/health"
    server.shutdown()
    server.server_close()


@pytest.mark.django_db(transaction=True)
def test_the_task_runs_a_real_probe_outside_of_any_transaction(
    cast: Cast, member: Actor, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    review = make_review(
        member, make_service(cast.team, cast.owner, health_url=endpoint), make_version(probes=[PROBE])
    )
    run = request_run(member, review.pk, ITEM, PROBE)
    observe = tasks.observe

    def watched(*args: Any) -> RunResult:
        assert not connection.in_atomic_block
        return observe(*args)

    monkeypatch.setattr(tasks, "observe", watched)
    tasks.run_probe(run.pk)
    tasks.run_probe(run.pk)
    run.refresh_from_db()
    assert (run.outcome, run.peer, run.attempts) == ("pass", "127.0.0.1", 1)
    assert "answered 200" in run.summary
    assert len(live(review)) == 1


def test_a_target_outside_the_policy_is_an_error(review: Review, member: Actor, settings: Any) -> None:
    settings.EGRESS_ALLOW = []
    review.service.health_url = "http://127.0.0.1:9/health"
    review.service.save()
    run = request_run(member, review.pk, ITEM, PROBE)
    tasks.run_probe(run.pk)
    run.refresh_from_db()
    assert (run.outcome, run.summary) == ("error", PUBLIC_ERROR)
    assert run.details[0].startswith("Blocked by egress policy")
    assert live(review) == []
