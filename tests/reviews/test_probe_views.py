"""Probe runs through their pages: who runs, what is shown to whom, with htmx and without."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from checklist.probes.base import Outcome
from checklist.probes.net.errors import ErrorKind
from checklist.probes.runner import PUBLIC_ERROR
from readiness.accounts.rights import Actor, actor_of
from reviews import tasks
from reviews.actions.answers import Said, save_answer
from reviews.actions.probe_runs import claim_run, request_run
from reviews.actions.reviews import withdraw_review
from reviews.actions.rulings import make_ruling
from reviews.models import ProbeRun, Review
from tests.cast import Cast
from tests.reviews.builders import make_review, make_service, make_version
from tests.reviews.test_probe_runs import PROBE, URL, run_once

ITEM = "item-1-1"
HTMX = {"HX-Request": "true"}
TOLD = "Blocked by egress policy: 10.0.0.7 is private."


@pytest.fixture
def member(cast: Cast) -> Actor:
    return actor_of(cast.member)


@pytest.fixture
def review(cast: Cast, member: Actor) -> Review:
    service = make_service(cast.team, cast.owner, health_url=URL)
    return make_review(member, service, make_version(probes=[PROBE]))


@pytest.fixture
def signed_in(client: Client, cast: Cast) -> Client:
    """A member of the team."""
    client.force_login(cast.member)
    return client


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was handed to the broker."""
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks.run_probe, "apply_async", lambda args, _kwargs: sent.append(args))
    return sent


def place(name: str, *more: Any) -> str:
    return reverse(f"reviews:{name}", args=["checkout", 1, "section-1", ITEM, *more])


def page_of(client: Client, name: str, *more: Any, **headers: str) -> str:
    answer = client.get(place(name, *more))
    assert answer.status_code == 200
    return answer.content.decode()


# -- Who ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("role", "ran", "read"),
    [
        ("owner", 303, 200),
        ("member", 303, 200),
        ("reviewer", 303, 200),
        ("accountable", 403, 200),
        ("admin", 403, 200),
        ("viewer", 403, 200),
        ("stranger", 404, 404),
    ],
)
def test_who_runs_and_reads(
    cast: Cast, review: Review, member: Actor, client: Client, queued: Any, role: str, ran: int, read: int
) -> None:
    run = run_once(member, review, Outcome.PASS)
    client.force_login(cast[role])
    assert client.post(place("probe_run", PROBE)).status_code == ran
    assert len(queued) == (1 if ran == 303 else 0)
    for name, more in (("probe_panel", ()), ("probe_run_detail", (run.pk,)), ("probe_run_record", (run.pk,))):
        assert client.get(place(name, *more)).status_code == read


def test_visitors_are_sent_to_sign_in(review: Review, client: Client) -> None:
    assert client.get(place("probe_panel")).status_code == 302
    assert client.post(place("probe_run", PROBE)).status_code == 302
    assert not ProbeRun.objects.exists()


def test_wrong_methods(review: Review, signed_in: Client) -> None:
    assert signed_in.get(place("probe_run", PROBE)).status_code == 405
    assert signed_in.post(place("probe_panel")).status_code == 405
    assert signed_in.post(place("probe_run_detail", 1)).status_code == 405


def test_unknown_probes_items_and_runs(review: Review, member: Actor, signed_in: Client) -> None:
    other = request_run(member, review.pk, "item-1-2", PROBE)
    assert signed_in.post(place("probe_run", "no_such_probe")).status_code == 404
    assert signed_in.get(place("probe_run_detail", 987654)).status_code == 404
    assert signed_in.get(place("probe_run_detail", other.pk)).status_code == 404
    url = reverse("reviews:probe_run", args=["checkout", 1, "section-1", "no-such-item", PROBE])
    assert signed_in.post(url).status_code == 404


# -- Running -----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_with_htmx_the_panel_answers_and_asks_again(review: Review, signed_in: Client, queued: Any) -> None:
    answer = signed_in.post(place("probe_run", PROBE), headers=HTMX)
    run = ProbeRun.objects.get()
    assert queued == [(run.pk,)]
    page = answer.content.decode()
    assert f'hx-get="{place("probe_panel")}?waiting={run.pk}" hx-trigger="every 1s"' in page
    assert "Queued." in page
    assert place("probe_run", PROBE) not in page


@pytest.mark.django_db(transaction=True)
def test_without_scripts_it_goes_back_to_the_item(review: Review, signed_in: Client, queued: Any) -> None:
    answer = signed_in.post(place("probe_run", PROBE))
    assert answer.headers["Location"].endswith(f"/{ITEM}/#probes")
    assert len(queued) == 1


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_the_run_waits_and_the_page_says_so(
    review: Review, signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_args: Any) -> None:
        raise OperationalError("Connection refused")

    monkeypatch.setattr(tasks.run_probe, "apply_async", down)
    assert signed_in.post(place("probe_run", PROBE), headers=HTMX).status_code == 200
    ProbeRun.objects.update(requested_at=timezone.now() - timedelta(seconds=30))
    page = page_of(signed_in, "probe_panel")
    assert "Queued; the worker has not taken it yet." in page
    assert 'hx-trigger="every 5s"' in page


def test_a_service_without_the_address_says_what_to_set(
    cast: Cast, review: Review, signed_in: Client
) -> None:
    review.service.health_url = ""
    review.service.save()
    page = page_of(signed_in, "probe_panel")
    assert "Set the service&#x27;s health URL first." in page
    assert place("probe_run", PROBE) not in page
    answer = signed_in.post(place("probe_run", PROBE))
    assert answer.status_code == 422
    assert "health URL" in answer.content.decode()


def test_a_closed_review_runs_nothing(cast: Cast, review: Review, signed_in: Client) -> None:
    withdraw_review(actor_of(cast.owner), review.pk, "Enough.")
    assert place("probe_run", PROBE) not in page_of(signed_in, "probe_panel")
    assert signed_in.post(place("probe_run", PROBE)).status_code == 409


# -- What is shown -----------------------------------------------------------------------------------------


def test_before_any_run_it_says_what_the_probe_is(review: Review, signed_in: Client) -> None:
    page = page_of(signed_in, "probe_panel")
    assert "Health endpoint" in page
    assert "Not run yet" in page
    assert f'action="{place("probe_run", PROBE)}"' in page
    assert "every 1s" not in page


def test_while_it_runs_the_outcome_before_stays(review: Review, member: Actor, signed_in: Client) -> None:
    run_once(member, review, Outcome.PASS)
    run = request_run(member, review.pk, ITEM, PROBE)
    claim_run(run.pk)
    page = page_of(signed_in, "probe_panel")
    assert "Looking" in page
    assert "Before: It is pass." in page


def test_a_page_that_waited_hears_that_it_is_done(review: Review, member: Actor, signed_in: Client) -> None:
    run = request_run(member, review.pk, ITEM, PROBE)
    url = f"{place('probe_panel')}?waiting={run.pk}"
    assert "HX-Trigger" not in signed_in.get(url).headers
    run_once(member, review, Outcome.PASS)
    answer = signed_in.get(url)
    assert json.loads(answer.headers["HX-Trigger"]) == {
        "answer-changed": True,
        f"evidence-changed-{ITEM}": True,
        "toast": {"text": "Health endpoint: It is pass.", "tone": "ok"},
    }
    assert "every 1s" not in answer.content.decode()
    assert "HX-Trigger" not in signed_in.get(place("probe_panel")).headers


def test_a_proposal_is_a_button_of_the_answer_form(review: Review, member: Actor, signed_in: Client) -> None:
    run_once(member, review, Outcome.FAIL)
    page = page_of(signed_in, "probe_panel")
    assert f'form="answer-{ITEM}" name="state" value="not_met" data-proposal>' in page
    save_answer(member, review.pk, ITEM, Said(state="not_met"), 0)
    assert "proposal" not in page_of(signed_in, "probe_panel")


def test_using_the_proposal_keeps_the_note(review: Review, member: Actor, signed_in: Client) -> None:
    """The button sends the answer's own form, whose radio comes first: the last value is the button's."""
    run_once(member, review, Outcome.FAIL)
    save_answer(member, review.pk, ITEM, Said(state="met", note="Typed."), 0)
    sent = {"state": ["met", "not_met"], "note": "Typed.", "revision": "1", "page": "item"}
    assert signed_in.post(place("answer_save"), sent).status_code == 303
    answer = review.answers.get(item__slug=ITEM)
    assert (answer.state, answer.note) == ("not_met", "Typed.")


def test_a_disagreement_is_said(review: Review, member: Actor, signed_in: Client) -> None:
    save_answer(member, review.pk, ITEM, Said(state="met"), 0)
    run_once(member, review, Outcome.FAIL)
    assert "The answer and the probe disagree" in page_of(signed_in, "probe_panel")


@pytest.mark.parametrize(
    ("decision", "words"),
    [("person", "ruled that the answer stands"), ("probe", "ruled that the probe is right")],
)
def test_a_ruling_is_said_where_the_probe_is(
    cast: Cast, review: Review, member: Actor, signed_in: Client, decision: str, words: str
) -> None:
    save_answer(member, review.pk, ITEM, Said(state="met"), 0)
    run_once(member, review, Outcome.FAIL)
    answer = review.answers.get(item__slug=ITEM)
    make_ruling(actor_of(cast.reviewer), answer, PROBE, decision, "Looked at it.")
    page = page_of(signed_in, "probe_panel")
    assert words in page
    assert "has to rule" not in page


def test_readers_get_no_buttons(cast: Cast, review: Review, member: Actor, client: Client) -> None:
    run_once(member, review, Outcome.FAIL)
    client.force_login(cast.viewer)
    page = page_of(client, "probe_panel")
    assert "The probe proposes" in page
    assert "<button" not in page


def test_a_pass_too_old_is_unknown(review: Review, member: Actor, signed_in: Client) -> None:
    run = run_once(member, review, Outcome.PASS)
    ProbeRun.objects.filter(pk=run.pk).update(finished_at=timezone.now() - timedelta(days=2))
    page = page_of(signed_in, "probe_panel")
    assert "Unknown (was pass)" in page
    assert "proposal" not in page


def test_a_run_page_shows_facts_config_and_hashes(review: Review, member: Actor, signed_in: Client) -> None:
    run = run_once(member, review, Outcome.PASS)
    page = page_of(signed_in, "probe_run_detail", run.pk)
    for text in ("&quot;status&quot;: 200", URL, run.facts_hash, "192.0.2.1", "12 ms", "Asked: /health"):
        assert text in page
    record = signed_in.get(place("probe_run_record", run.pk))
    assert b"".join(record.streaming_content) == b"GET /health\nHTTP 200"
    assert record.headers["Content-Disposition"] == f'attachment; filename="{PROBE}-{run.pk}.txt"'
    assert record.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert record.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_run_under_way_has_a_page_too(review: Review, member: Actor, signed_in: Client) -> None:
    run = request_run(member, review.pk, ITEM, PROBE)
    assert "Not finished yet." in page_of(signed_in, "probe_run_detail", run.pk)
    assert signed_in.get(place("probe_run_record", run.pk)).status_code == 404


@pytest.mark.parametrize(
    ("role", "told"), [("member", True), ("admin", True), ("reviewer", False), ("viewer", False)]
)
def test_what_an_error_says_of_the_network_is_for_the_team(
    cast: Cast, review: Review, member: Actor, client: Client, role: str, told: bool
) -> None:
    run = run_once(
        member, review, Outcome.ERROR, summary=TOLD, error=TOLD, error_kind=ErrorKind.BLOCKED, details=()
    )
    client.force_login(cast[role])
    page = page_of(client, "probe_run_detail", run.pk)
    assert PUBLIC_ERROR in page
    assert ("10.0.0.7" in page, "192.0.2.1" in page) == (told, told)
    assert client.get(place("probe_run_record", run.pk)).status_code == (200 if told else 404)
    assert "10.0.0.7" not in page_of(client, "probe_panel")


def test_hostile_text_from_a_target_is_text(review: Review, member: Actor, signed_in: Client) -> None:
    evil = "<script>alert(1)</script>"
    run = run_once(member, review, Outcome.FAIL, summary=evil, details=(evil,), facts={"body": evil})
    for page in (page_of(signed_in, "probe_panel"), page_of(signed_in, "probe_run_detail", run.pk)):
        assert evil not in page
        assert "&lt;script&gt;" in page


def test_an_old_item_with_a_probe_that_is_gone_shows_nothing(
    cast: Cast, member: Actor, client: Client
) -> None:
    make_review(member, make_service(cast.team, cast.owner), make_version(probes=["gone_probe"]))
    client.force_login(cast.member)
    assert "Run" not in page_of(client, "probe_panel")
