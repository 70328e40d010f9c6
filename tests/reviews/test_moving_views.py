"""Publishing and moving in the browser: who may, what is shown, what a change in between does."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from checklist.actions import load_checklist
from checklist.draft_actions import import_content
from checklist.models import ChecklistVersion
from readiness.accounts.rights import actor_of
from reviews.actions.answers import Said, save_answer
from reviews.models import Event, Review
from tests.cast import Cast
from tests.checklist.sample import as_content, sample
from tests.reviews.test_moving import begin, data_of

pytestmark = pytest.mark.django_db

PUBLISH = "/checklists/sample/draft/publish/"


@pytest.fixture
def review(cast: Cast) -> Review:
    """An approved review, and a draft in which one item is renamed, one gone and one new."""
    row = begin(cast)
    data = data_of(row)
    first, size, extra = data["sections"][0]["items"]
    first["title"] = "Logs <b>have</b> fields"
    data["sections"][0]["items"] = [first, size, {**extra, "slug": "brand-new", "title": "Brand new"}]
    import_content(actor_of(cast.admin), as_content(data))
    return row


def fields(text: str) -> dict[str, str]:
    return dict(re.findall(r'name="(hash|plan(?:-\d+)?)" value="([0-9a-f]*)"', text))


def test_the_page_says_what_happens_and_it_does(client: Client, cast: Cast, review: Review) -> None:
    client.force_login(cast.admin)
    text = client.get(PUBLISH).content.decode()
    for part in (
        "Move Checkout, review 1",
        "3 answers carried",
        "1 changed",
        "1 orphaned",
        "1 new item",
        "1 approval stale",
        "Logs &lt;b&gt;have&lt;/b&gt; fields",
        "approved by Rita Reviewer: goes stale",
    ):
        assert part in text, part
    response = client.post(PUBLISH, {**fields(text), "move": str(review.pk)}, follow=True)
    assert "Version 2 is published. 1 review moved to it." in response.content.decode()
    review.refresh_from_db()
    assert review.version.number == 2
    moved = Event.objects.get(verb="person:review:moved")
    assert moved.summary == "Moved from version 1 to 2: 3 answers carried, 1 changed, 1 orphaned"
    assert (moved.data["added"], moved.data["orphaned"]) == (["brand-new"], ["extra"])
    assert Event.objects.filter(verb="person:checklist:published").count() == 1
    workspace = client.get(f"{review.get_absolute_url()}see/").content.decode()
    assert "Brand new" in workspace
    assert 'id="item-extra"' not in workspace
    aside = client.get(f"{review.get_absolute_url()}version/").content.decode()
    assert "Set aside: no longer asked" in aside
    assert "Something extra" in aside


def test_a_change_meanwhile_is_answered_with_a_new_preview(
    client: Client, cast: Cast, review: Review
) -> None:
    client.force_login(cast.admin)
    text = client.get(PUBLISH).content.decode()
    answer = review.answers.get(item__slug="extra")
    save_answer(actor_of(cast.member), review.pk, "extra", Said(state="unanswered"), answer.revision)
    response = client.post(PUBLISH, {**fields(text), "move": str(review.pk)})
    assert response.status_code == 409
    again = response.content.decode()
    assert "What would happen is not what you looked at any more." in again
    assert "0 orphaned" in again
    assert f'value="{review.pk}" checked' in again
    assert ChecklistVersion.objects.count() == 1
    assert client.post(PUBLISH, {**fields(again), "move": str(review.pk)}).status_code == 303


def test_reviews_that_are_not_chosen_stay(client: Client, cast: Cast, review: Review) -> None:
    client.force_login(cast.admin)
    text = client.get(PUBLISH).content.decode()
    assert client.post(PUBLISH, fields(text)).status_code == 303
    review.refresh_from_db()
    assert review.version.number == 1
    client.force_login(cast.member)
    overview = client.get(f"{review.get_absolute_url()}sign-off/").content.decode()
    assert "Version 2 of the checklist is published" in overview
    page = client.get(f"{review.get_absolute_url()}version/").content.decode()
    moved = client.post(f"{review.get_absolute_url()}version/", fields(page), follow=True)
    assert (
        "The review is on version 2 now: 3 answers carried, 1 changed, 1 set aside." in moved.content.decode()
    )
    assert client.post(f"{review.get_absolute_url()}version/", fields(page)).status_code == 409


@pytest.mark.parametrize("move", ["x", "-1", "999999", "9" * 30])
def test_a_review_that_is_none(client: Client, cast: Cast, review: Review, move: str) -> None:
    client.force_login(cast.admin)
    text = client.get(PUBLISH).content.decode()
    response = client.post(PUBLISH, {**fields(text), "move": move})
    assert response.status_code in {303, 404}
    assert Review.objects.get(pk=review.pk).version.number == 1


def test_nothing_to_publish(client: Client, cast: Cast) -> None:
    import_content(
        actor_of(cast.admin), load_checklist(as_content(sample())).version and as_content(sample())
    )
    client.force_login(cast.admin)
    page = client.get(PUBLISH)
    assert "Nothing to publish" in page.content.decode()
    response = client.post(PUBLISH, {"hash": ChecklistVersion.objects.get().content_hash})
    assert response.status_code == 409


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("owner", 409),
        ("member", 409),
        ("admin", 409),
        ("reviewer", 403),
        ("accountable", 403),
        ("viewer", 403),
        ("stranger", 404),
    ],
)
def test_who_may_move_a_review(client: Client, cast: Cast, review: Review, role: str, status: int) -> None:
    load_checklist(as_content({**data_of(review), "title": "Loaded"}))
    client.force_login(cast[role])
    address = f"{review.get_absolute_url()}version/"
    assert client.get(address).status_code == (404 if role == "stranger" else 200)
    assert client.post(address, {"plan": "old"}).status_code == status
