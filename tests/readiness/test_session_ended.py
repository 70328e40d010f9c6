"""A form that comes after the session ended: what was typed stays, and the way back is a page."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client

from readiness.accounts.rights import actor_of
from readiness.places import nearest_page
from tests.cast import Cast
from tests.factories import PASSWORD
from tests.reviews.builders import make_review, make_service

pytestmark = pytest.mark.django_db
REVIEW = "/services/checkout/reviews/1/"
SECTION = REVIEW + "section-1/"
ITEM = SECTION + "item-1-1/"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HOST = "http://testserver"


@pytest.mark.parametrize(
    ("path", "page"),
    [
        (ITEM + "answer/", ITEM),
        (SECTION + "submit/", SECTION),
        (REVIEW + "sign-off/", REVIEW + "sign-off/"),
        ("/services/checkout/restore/", "/services/checkout/"),
        ("/waivers/7/decide/", "/"),
        ("/nothing/here/", "/"),
        ("/", "/"),
    ],
)
def test_the_nearest_page_above_an_address_that_takes_forms(path: str, page: str) -> None:
    assert nearest_page(path) == page


@pytest.mark.parametrize(
    ("referer", "page"),
    [
        (f"{HOST}{SECTION}?show=todo", f"{SECTION}?show=todo"),
        (f"{HOST}{ITEM}answer/", ITEM),  # a page drawn as the answer to a form
        ("https://evil.example/services/", ITEM),
        ("//evil.example/", ITEM),
        ("", ITEM),
    ],
)
def test_what_was_typed_is_shown_and_signing_in_leads_back(client: Client, referer: str, page: str) -> None:
    form = {"csrfmiddlewaretoken": "secret", "revision": "0", "note": "Ten minutes of <b>work</b>"}
    answer = client.post(ITEM + "answer/", form, headers={"Referer": referer, **BROWSER})
    text = answer.content.decode()
    assert answer.status_code == 401
    assert "Nothing was saved" in text
    assert "Ten minutes of &lt;b&gt;work&lt;/b&gt;" in text
    assert "secret" not in text
    assert f"/accounts/login/?{urlencode({'next': page})}" in text


def test_a_form_of_one_button_goes_to_sign_in_and_back_to_its_page(client: Client, cast: Cast) -> None:
    make_review(actor_of(cast.member), make_service(cast.team, cast.owner))
    headers = {"Referer": f"{HOST}{SECTION}", **BROWSER}
    answer = client.post(SECTION + "submit/", {"csrfmiddlewaretoken": "x"}, headers=headers)
    assert answer.status_code == 302
    assert answer["Location"] == f"/accounts/login/?{urlencode({'next': SECTION})}"
    assert "nothing was saved" in client.get(answer["Location"]).content.decode()
    form = {"login": cast.member.email, "password": PASSWORD, "next": SECTION}
    assert client.post("/accounts/login/", form)["Location"] == SECTION
    assert client.get(SECTION).status_code == 200


def test_looking_at_a_page_still_leads_to_sign_in_as_before(client: Client) -> None:
    answer = client.get(ITEM, headers={"Referer": f"{HOST}{SECTION}", **BROWSER})
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={ITEM}")


def test_an_address_that_takes_forms_alone_gives_browsers_a_page(client: Client, cast: Cast) -> None:
    client.force_login(cast.member)
    answer = client.get(ITEM + "answer/", headers=BROWSER)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert f'href="{ITEM}"' in answer.content.decode()
    assert client.get(ITEM + "answer/", headers={"Accept": "*/*"}).content == b""
