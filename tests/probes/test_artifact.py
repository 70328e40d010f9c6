from __future__ import annotations

import pytest

from checklist.probes.artifact import MAX_BYTES, Artifact, Redactor, redact_cookie
from checklist.probes.net.client import Answer, Exchange
from checklist.probes.net.urls import parse


def exchange(
    headers: list[tuple[str, str]], body: bytes = b"", url: str = "https://a.example/p?token=s3cret"
) -> Exchange:
    return Exchange((Answer(parse(url), 200, tuple(headers), body),))


def kept(artifact: Artifact) -> str:
    return (artifact.content() or b"").decode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authorization", "Bearer s3cret"),
        ("x-api-key", "s3cret"),
        ("set-cookie", "sid=s3cret; Secure"),
        ("location", "https://idp.example/start?state=s3cret#s3cret"),
        ("www-authenticate", 'Bearer realm="s3cret"'),
        ("server", "s3cret"),
        ("x-amz-security-token", "s3cret"),
        ("location", "http://user:s3cret@a.example/"),
    ],
)
def test_secrets_in_headers_are_not_kept(name: str, value: str) -> None:
    artifact = Artifact()
    artifact.add_exchange(exchange([(name, value), ("content-type", "text/plain")]))
    assert "s3cret" not in kept(artifact)
    assert "content-type: text/plain" in kept(artifact)


def test_a_header_can_be_kept_by_name_and_the_count_of_others_is_told() -> None:
    artifact = Artifact()
    artifact.add_exchange(exchange([("x-request-id", "r1"), ("x-other", "o")]), also={"x-request-id"})
    assert "x-request-id: r1" in kept(artifact)
    assert "1 other headers were not kept" in kept(artifact)
    assert "x-other" not in kept(artifact)


def test_the_same_person_is_the_same_id_and_nothing_of_the_address_is_left() -> None:
    redactor = Redactor()
    text = redactor.text("Jo.Doe+x@Example.com, ann@b.example; jo.doe+x@example.com mailto:ann@b.example")
    assert text == "person-1, person-2; person-1 mailto:person-2"


def test_bodies_are_bounded_and_whole_records_too() -> None:
    artifact = Artifact()
    artifact.add_exchange(exchange([], b"x" * 5000), snippet=100)
    assert kept(artifact).count("x") < 110
    artifact.add_text("é" * MAX_BYTES)
    assert len(artifact.content() or b"") <= MAX_BYTES
    kept(artifact)


def test_a_long_line_without_an_address_is_quick() -> None:
    assert len(Redactor().text("a" * 200_000)) == 200_000


def test_control_characters_do_not_survive() -> None:
    artifact = Artifact()
    artifact.add_text("a\x1b[31mred\x00\u202eevil\r\nb\tc")
    assert kept(artifact) == "a\ufffd[31mred\ufffd\ufffdevil\nb\tc"


def test_nothing_kept_is_no_record() -> None:
    assert Artifact().content() is None


def test_a_cookie_keeps_its_name_and_flags() -> None:
    assert redact_cookie("sid=a;b=c; Secure") == "sid=[not kept];b=c; Secure"
    assert redact_cookie("sid") == "sid=[not kept];"
