"""“Does not fit” as an outcome: recorded by the team, signed by somebody else, on one page of its own."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from checklist.facts import FACTS, clean_facts
from readiness.accounts.rights import actor_of
from readiness.errors import Conflict, Invalid, Refused, WrongState
from reviews import events
from reviews.actions.fit_checks import record_misfit, sign_fit_check, withdraw_fit_check
from reviews.actions.packet_mail import mail_packet
from reviews.actions.packet_making import make_packet
from reviews.actions.reviews import change_facts, start_review
from reviews.models import FitCheck, Packet, Review, Service
from reviews.packets.schema import content_hash
from reviews.queries.my_work import load_my_work
from tests.cast import Cast
from tests.packets.reading import text_of
from tests.reviews.builders import make_service, make_version

pytestmark = pytest.mark.django_db
READERS = ["owner", "member", "reviewer", "accountable", "admin", "viewer"]
MISFIT: dict[str, Any] = {"regulated": True, "team_size": 12}


@pytest.fixture
def service(cast: Cast) -> Service:
    make_version()
    return make_service(cast.team, cast.owner, description="Takes money.")


@pytest.fixture
def row(cast: Cast, service: Service) -> FitCheck:
    return record_misfit(actor_of(cast.member), service.pk, "small", MISFIT, "The **bank's** gate applies.")


def sign(cast: Cast, row: FitCheck) -> Packet:
    return sign_fit_check(actor_of(cast.accountable), row.pk, "Agreed.", seen_digest=row.digest)


def signed_in(cast: Cast, role: str) -> Client:
    found = Client()
    found.force_login(getattr(cast, role))
    return found


def test_it_is_signed_and_frozen_in_one_act(cast: Cast, row: FitCheck) -> None:
    """The snapshot is canonical JSON and says who, why and on which facts; the chain holds."""
    packet = sign(cast, row)
    content = bytes(packet.snapshot.content)
    said = json.loads(content)
    row.refresh_from_db()
    assert (row.status, row.signed_by) == ("signed", cast.accountable)
    assert (said["kind"], said["signed"]["by"], said["recorded"]["by"]) == (
        "fit_check",
        "Ada Accountable",
        "Milo Member",
    )
    assert said["fit"]["verdict"] == "does_not_fit"
    assert [event["verb"] for event in said["events"]] == [
        "person:fit_check:recorded",
        "person:fit_check:signed",
    ]
    assert packet.snapshot.sha256 == content_hash(content)
    assert events.verify_all()[1] == []


def test_its_packet_is_one_page_and_the_same_each_time(cast: Cast, row: FitCheck) -> None:
    """Made by the worker from the stored bytes, mailed once to the two who said it."""
    packet = sign(cast, row)
    assert make_packet(packet.pk)
    packet.refresh_from_db()
    assert (packet.status, packet.pages) == ("done", 1)
    answer = signed_in(cast, "viewer").get(f"/services/checkout/fit/{row.pk}/download/")
    pdf = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    text = text_of(pdf)
    for words in (
        "The checklist does not fit",
        "compliance is the gate",
        "bank's gate applies",
        "Ada Accountable",
        "Agreed.",
    ):
        assert words in text
    assert [mail_packet(packet.pk), mail_packet(packet.pk)] == [2, 0]
    assert {message.to[0] for message in mail.outbox} == {"member@example.com", "accountable@example.com"}


def test_nobody_signs_their_own_record_or_without_the_role(cast: Cast, row: FitCheck) -> None:
    """The rules of own work are those of a sign-off."""
    cast.member.is_accountable = True
    cast.member.save()
    for person in (cast.member, cast.owner, cast.reviewer, cast.admin):
        with pytest.raises(Refused):
            sign_fit_check(actor_of(person), row.pk, "", seen_digest=row.digest)
    with pytest.raises(Conflict):
        sign_fit_check(actor_of(cast.accountable), row.pk, "", seen_digest="0" * 64)
    sign(cast, row)
    with pytest.raises(WrongState):
        sign(cast, row)
    with pytest.raises(WrongState):
        withdraw_fit_check(actor_of(cast.member), row.pk, "Changed our mind.")
    assert Packet.objects.count() == 1


def test_what_cannot_be_recorded(cast: Cast, service: Service) -> None:
    """Facts that say otherwise, a missing note, and a review that is open."""
    member = actor_of(cast.member)
    with pytest.raises(WrongState, match="do not say"):
        record_misfit(member, service.pk, "small", {"team_size": 12}, "So.")
    with pytest.raises(Invalid):
        record_misfit(member, service.pk, "small", MISFIT, " ")
    start_review(member, service.pk, "small", {})
    with pytest.raises(WrongState, match="is open"):
        record_misfit(member, service.pk, "small", MISFIT, "So.")


def test_one_stands_at_a_time_and_a_review_takes_its_place(
    cast: Cast, service: Service, row: FitCheck
) -> None:
    """The earlier ones stay readable."""
    newer = record_misfit(actor_of(cast.member), service.pk, "small", MISFIT, "Better words.")
    row.refresh_from_db()
    assert row.status == "superseded"
    sign(cast, newer)
    start_review(actor_of(cast.member), service.pk, "small", {"regulated": False})
    newer.refresh_from_db()
    assert (newer.status, newer.ended_why) == ("superseded", "Review 1 was started.")


def test_facts_that_changed_are_shown_and_stop_a_signature(
    cast: Cast, service: Service, row: FitCheck
) -> None:
    """What spoke against it is gone: look at it again, do not sign it."""
    Service.objects.update(facts=clean_facts({"team_size": 12, "regulated": False}))
    with pytest.raises(WrongState, match="changed since"):
        sign(cast, row)
    for path in (f"/services/checkout/fit/{row.pk}/", "/services/checkout/"):
        page = signed_in(cast, "viewer").get(path).content.decode()
        assert "what spoke against it is gone" in page


def test_it_waits_in_the_work_of_accountable_people(cast: Cast, row: FitCheck) -> None:
    """Until it is signed."""
    groups = [group.key for group in load_my_work(actor_of(cast.accountable)).groups]
    assert groups == ["fit"]
    sign(cast, row)
    assert not load_my_work(actor_of(cast.accountable)).groups


# -- Pages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [*READERS, "stranger"])
@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("", set(READERS)),
        ("snapshot/", set()),
        ("sign/", {"accountable"}),
        ("withdraw/", {"owner", "member", "accountable"}),
        ("retry/", set()),
    ],
)
def test_who_may(cast: Cast, row: FitCheck, role: str, path: str, may: set[str]) -> None:
    """404 for strangers, 403 for readers who may not act; nothing to fetch or retry before the signature."""
    browser = signed_in(cast, role)
    url = f"/services/checkout/fit/{row.pk}/{path}"
    answer = browser.post(url, {}) if path in ("sign/", "withdraw/", "retry/") else browser.get(url)
    if role == "stranger":
        assert answer.status_code == 404
    elif role in may:
        assert answer.status_code == (422 if path else 200)
    else:
        refused = 404 if path == "snapshot/" or (path == "retry/" and role != "viewer") else 403
        assert answer.status_code == refused


def test_from_the_start_page_to_a_signature(cast: Cast, service: Service) -> None:
    """Recorded in place of a review, with what was typed kept when something is missing."""
    browser = signed_in(cast, "member")
    facts = {f"fact_{fact.name}": "" for fact in FACTS} | {"fact_regulated": "yes", "checklist": "small"}
    start = "/services/checkout/reviews/start/"
    page = browser.post(start, facts).content.decode()
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', page)
    assert found
    assert 'data-verdict="does_not_fit"' in page
    typed = {**facts, "record": "1", "note": "The bank's gate.", "seen": found[1]}
    assert browser.post(start, {**typed, "note": ""}).status_code == 422
    unseen = browser.post(start, {**typed, "seen": ""})
    assert unseen.status_code == 409
    assert "The bank&#x27;s gate." in unseen.content.decode()
    done = browser.post(start, typed)
    assert done.status_code == 303
    row = FitCheck.objects.get()
    judge = signed_in(cast, "accountable")
    assert "Sign that it does not fit" in judge.get(done["Location"]).content.decode()
    signed = judge.post(f"/services/checkout/fit/{row.pk}/sign/", {"sign-digest": row.digest})
    assert signed.status_code == 303
    page = judge.get("/services/checkout/").content.decode()
    assert "signed by Ada Accountable" in page
    matrix = judge.get("/services/").content.decode()
    assert "Does not fit" in matrix
    assert "Start a review" not in matrix
    assert not Review.objects.exists()


def test_a_review_shows_what_contradicts_its_fit_check(cast: Cast, service: Service) -> None:
    """In the workspace, before the sign-off and on the page of the service; the facts of the start count."""
    facts = {"regulated": False, "team_size": 12}
    review = start_review(actor_of(cast.member), service.pk, "small", facts)
    browser = signed_in(cast, "viewer")
    paths = ["/services/checkout/", "/services/checkout/reviews/1/section-1/"]
    paths.append("/services/checkout/reviews/1/sign-off/")
    for path in paths:
        assert "does not hold any more" not in browser.get(path).content.decode()
    change_facts(actor_of(cast.member), review.pk, {**facts, "regulated": True})
    for path in paths:
        page = browser.get(path).content.decode()
        assert "does not hold any more" in page
        assert "compliance is the gate" in page
