"""What every answer carries: the request's id, and the security headers."""

from __future__ import annotations

import json
import logging

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from readiness.logs import JsonFormatter, RequestIdFilter, request_id
from readiness.middleware import RequestIdMiddleware


@pytest.mark.parametrize("given", ["abc-123", "a" * 128, "00-4bf92f3577b34da6", "A.b_c:d/e+f=~"])
def test_a_safe_request_id_comes_back(client: Client, given: str) -> None:
    assert client.get("/health/live", headers={"x-request-id": given})["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given", ["", "a" * 129, "two words", "line\nbreak", "<script>", "quote\"'", "ümlaut", "a;b", "a,b"]
)
def test_an_unsafe_request_id_is_replaced(client: Client, given: str) -> None:
    answer = client.get("/health/live", headers={"x-request-id": given})["X-Request-ID"]
    assert answer != given
    assert len(answer) == 32
    assert answer.isalnum()


def test_log_records_carry_the_id_of_their_request_and_nothing_after_it() -> None:
    lines: list[str] = []
    record = logging.LogRecord("reviews", logging.INFO, __file__, 1, "saved %s", ("it",), None)
    record.answer_id = 7

    def view(_request: HttpRequest) -> HttpResponse:
        RequestIdFilter().filter(record)
        lines.append(JsonFormatter().format(record))
        return HttpResponse()

    RequestIdMiddleware(view)(RequestFactory().get("/", headers={"x-request-id": "from-the-proxy"}))
    content = json.loads(lines[0])
    assert content["request_id"] == "from-the-proxy"
    assert (content["message"], content["level"], content["answer_id"]) == ("saved it", "info", 7)
    assert request_id.get() == ""


def test_a_log_line_stays_one_line_whatever_is_in_it() -> None:
    error = ValueError("two\nlines")
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "a\nb", (), (ValueError, error, None))
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert "two\\nlines" in line


@pytest.mark.django_db
def test_every_page_carries_the_security_headers(client: Client) -> None:
    answer = client.get("/accounts/login/")
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "frame-ancestors": "'none'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
    }
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert "camera=()" in answer["Permissions-Policy"]
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
