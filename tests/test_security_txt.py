"""`/.well-known/security.txt` (RFC 9116)."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.test import Client

from readiness.security_txt import problem

ADDRESS = "/.well-known/security.txt"


def test_without_a_contact_there_is_none(client: Client) -> None:
    assert client.get(ADDRESS).status_code == 404


def test_it_says_what_the_settings_say(client: Client, settings: LazySettings) -> None:
    settings.BASE_URL = "https://readiness.example.com"
    settings.SECURITY_TXT_CONTACT = ["mailto:security@example.com", "https://example.com/report"]
    settings.SECURITY_TXT_EXPIRES = "2027-01-31T00:00:00Z"
    answer = client.get(ADDRESS)
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode().splitlines() == [
        "Contact: mailto:security@example.com",
        "Contact: https://example.com/report",
        "Expires: 2027-01-31T00:00:00Z",
        "Preferred-Languages: en",
        "Canonical: https://readiness.example.com/.well-known/security.txt",
    ]
    assert client.post(ADDRESS).status_code == 405


@pytest.mark.parametrize(
    ("contacts", "expires", "said"),
    [
        ([], "", ""),
        (["mailto:a@example.com"], "2027-01-31T00:00:00Z", ""),
        (["mailto:a@example.com"], "2027-01-31T00:00:00+02:00", ""),
        (["mailto:a@example.com"], "", "not a date"),
        (["mailto:a@example.com"], "tomorrow", "not a date"),
        (["mailto:a@example.com"], "2027-01-31", "add the time and zone"),
        (["mailto:a@example.com"], "2027-01-31T00:00:00", "add the time and zone"),
        (["a@example.com"], "2027-01-31T00:00:00Z", "does not begin with"),
        (["http://example.com"], "2027-01-31T00:00:00Z", "does not begin with"),
        ([], "2027-01-31T00:00:00Z", "without SECURITY_TXT_CONTACT"),
    ],
)
def test_what_the_standard_does_not_allow_is_said(contacts: list[str], expires: str, said: str) -> None:
    found = problem(contacts, expires)
    assert said in found
    assert bool(found) is bool(said)
