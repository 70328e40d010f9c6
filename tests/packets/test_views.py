"""The packet's page: progress, what it says, download, once more."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from readiness.accounts.rights import actor_of
from reviews import storage
from reviews.actions.packets import claim_packet, fail_packet, finish_packet
from reviews.models import Packet, Review, Snapshot
from reviews.packets.render import RenderedPacket
from tests.cast import Cast
from tests.reviews.builders import make_review, make_service

PAGE = "/services/checkout/reviews/1/packet/"
MADE = RenderedPacket(b"%PDF-1.7 made", 3, "a" * 64)
READERS = ["owner", "member", "reviewer", "accountable", "admin", "viewer"]


def signed_in(cast: Cast, role: str) -> Client:
    client = Client()
    if role != "anonymous":
        client.force_login(cast[role])
    return client


def claim(packet: Packet) -> Any:
    found = claim_packet(packet.pk)
    assert found is not None
    return found


@pytest.fixture
def member(cast: Cast) -> Client:
    return signed_in(cast, "member")


# -- Who sees it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "download/", "snapshot/"])
@pytest.mark.parametrize("role", READERS)
def test_readers_read(cast: Cast, packet: Packet, role: str, path: str) -> None:
    finish_packet(claim(packet), MADE)
    assert signed_in(cast, role).get(PAGE + path).status_code == 200


@pytest.mark.parametrize("path", ["", "download/", "snapshot/"])
def test_others_do_not(cast: Cast, packet: Packet, path: str) -> None:
    assert signed_in(cast, "stranger").get(PAGE + path).status_code == 404
    response = signed_in(cast, "anonymous").get(PAGE + path)
    assert response.status_code == 302
    assert "/login/" in response.headers["Location"]
    assert signed_in(cast, "member").post(PAGE + path).status_code == 405


# -- How far it is -----------------------------------------------------------------------------------------


def test_it_asks_anew_each_second_until_it_is_made(member: Client, packet: Packet) -> None:
    said = []

    def fragment() -> str:
        response = member.get(PAGE, headers={"HX-Request": "true"})
        assert "HX-Request" in response.headers["Vary"]
        said.append("The packet is made." in response.headers.get("HX-Trigger", ""))
        return response.content.decode()

    queued = fragment()
    assert "<html" not in queued
    assert 'hx-trigger="every 1s"' in queued
    assert "Queued" in queued
    assert "no worker" not in queued
    Packet.objects.update(requested_at=timezone.now() - timedelta(minutes=1))
    assert "no worker has taken it yet" in fragment()
    taken = claim(packet)
    assert "Being made" in fragment()
    finish_packet(taken, MADE)
    made = fragment()
    assert "hx-trigger" not in made
    assert "3 pages" in made
    assert f'href="{PAGE}download/"' in made
    assert said == [False, False, False, True]


def test_a_second_attempt_says_so(member: Client, packet: Packet) -> None:
    claim(packet)
    Packet.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    claim(packet)
    assert "It is attempt 2" in member.get(PAGE).content.decode()


def test_a_failure_says_why_and_offers_another_try(cast: Cast, member: Client, packet: Packet) -> None:
    fail_packet(claim(packet), "The disk is <full>.", again=False)
    page = member.get(PAGE).content.decode()
    assert "The disk is &lt;full&gt;." in page
    assert "Try again" in page
    assert "hx-trigger" not in page.split('id="packet-state"')[1].split("</section>")[0]
    viewer = signed_in(cast, "viewer").get(PAGE).content.decode()
    assert "Try again</button>" not in viewer
    assert "Viewers cannot start a new rendering" in viewer


@pytest.mark.django_db(transaction=True)
def test_trying_again_queues_it(
    member: Client, cast: Cast, packet: Packet, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued: list[tuple[Any, ...]] = []
    monkeypatch.setattr("reviews.views.packet.enqueue", lambda task, *args: queued.append((task.name, *args)))
    assert signed_in(cast, "viewer").post(f"{PAGE}retry/").status_code == 403
    assert signed_in(cast, "stranger").post(f"{PAGE}retry/").status_code == 404
    fail_packet(claim(packet), "It broke.", again=False)
    response = member.post(f"{PAGE}retry/", follow=True)
    assert "The packet is queued again." in response.content.decode()
    assert queued == [("packets.render", packet.pk)]
    taken = claim(packet)
    finish_packet(taken, MADE)
    member.post(f"{PAGE}retry/")
    assert len(queued) == 1


def test_signing_off_queues_the_packet(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from reviews.actions.sign_off import review_digest
    from reviews.queries.sheet import load_review_sheets
    from tests.reviews.builders import answer_all, approve_all

    queued: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        "reviews.views.reviews.enqueue", lambda task, *args: queued.append((task.name, *args))
    )
    row = make_review(actor_of(cast.member), make_service(cast.team, cast.owner))
    answer_all(actor_of(cast.member), row)
    approve_all(cast.member, cast.reviewer, row)
    digest = review_digest(load_review_sheets(row))
    typed = {"sign-decision": "ready", "sign-note": "", "sign-digest": digest}
    response = signed_in(cast, "accountable").post("/services/checkout/reviews/1/sign-off/", typed)
    assert response.headers["Location"] == PAGE
    assert queued == [("packets.render", Packet.objects.get().pk)]


# -- What it says ------------------------------------------------------------------------------------------


def test_the_page_says_what_was_signed(member: Client, packet: Packet) -> None:
    page = member.get(PAGE).content.decode()
    digest = Snapshot.objects.get().sha256
    for words in ("Ada Accountable", "4 items: 4 met", "small v1", "Section 2", "Rita Reviewer", digest[:8]):
        assert words in page


def test_the_page_takes_few_queries_and_polling_fewer(
    member: Client, packet: Packet, django_assert_max_num_queries: Any
) -> None:
    member.get(PAGE)
    with django_assert_max_num_queries(8):
        member.get(PAGE)
    with django_assert_max_num_queries(5):
        member.get(PAGE, headers={"HX-Request": "true"})


def test_before_the_sign_off_it_says_what_to_do(cast: Cast, member: Client) -> None:
    make_review(actor_of(cast.member), make_service(cast.team, cast.owner))
    page = member.get(PAGE)
    assert page.status_code == 200
    assert "No packet yet" in page.content.decode()
    assert "/services/checkout/reviews/1/sign-off/" in page.content.decode()
    assert member.get(f"{PAGE}download/").status_code == 404
    assert member.get(f"{PAGE}snapshot/").status_code == 404
    assert member.post(f"{PAGE}retry/").status_code == 404


# -- Download ----------------------------------------------------------------------------------------------


def test_the_pdf_comes_as_an_attachment_that_is_not_sniffed(member: Client, packet: Packet) -> None:
    finish_packet(claim(packet), MADE)
    response = member.get(f"{PAGE}download/")
    assert b"".join(response.streaming_content) == MADE.pdf  # type: ignore[attr-defined]
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"] == 'attachment; filename="checkout-review-1-packet.pdf"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Length"] == str(len(MADE.pdf))
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_before_it_is_made_there_is_nothing_to_download(member: Client, packet: Packet) -> None:
    response = member.get(f"{PAGE}download/")
    assert response.status_code == 404
    assert "not made yet" in response.content.decode()


def test_bytes_that_are_gone_from_the_disk_are_reported(member: Client, packet: Packet) -> None:
    finish_packet(claim(packet), RenderedPacket(b"%PDF-1.7 gone", 1, "b" * 64))
    row = Packet.objects.select_related("file").get()
    assert row.file is not None
    storage.path_of(row.file.sha256).unlink()
    response = member.get(f"{PAGE}download/")
    assert response.status_code == 404
    assert "missing from the server" in response.content.decode()


def test_the_snapshot_comes_byte_for_byte(member: Client, review: Review) -> None:
    response = member.get(f"{PAGE}snapshot/")
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert content == bytes(Snapshot.objects.get().content)
    assert json.loads(content)["service"]["slug"] == "checkout"
    assert "attachment" in response.headers["Content-Disposition"]
