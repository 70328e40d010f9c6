"""Answers to the browser: page or fragment, errors as page, fragment or Problem Details, ended sessions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import RequestFactory
from django.utils import timezone
from django_htmx.middleware import HtmxMiddleware

from readiness.accounts.models import User
from readiness.errors import Conflict, DomainError, Invalid, NotFound, Refused, WrongState
from readiness.http import no_content, redirect, render_domain_error, render_page, wants_fragment, with_toast
from readiness.middleware import DomainErrorMiddleware, SessionEndedMiddleware, TimeZoneMiddleware

HTMX = {"HX-Request": "true"}


def request_with(headers: dict[str, str] | None = None, path: str = "/services/") -> HttpRequest:
    request = RequestFactory().get(path, headers=headers or {})
    request.user = AnonymousUser()
    HtmxMiddleware(lambda _request: HttpResponse())(request)
    return request


@pytest.mark.parametrize(
    ("headers", "fragment"),
    [
        ({}, False),
        (HTMX, True),
        ({**HTMX, "HX-Boosted": "true"}, False),
        ({**HTMX, "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_only_a_plain_htmx_request_wants_a_fragment(headers: dict[str, str], fragment: bool) -> None:
    request = request_with(headers)
    assert wants_fragment(request) is fragment
    response = render_page(request, "404.html", "errors/fragment.html", {"title": "Fragment"})
    assert ("<html" not in response.text) is fragment
    assert "HX-Request" in response.headers["Vary"]


def test_a_page_without_a_fragment_is_always_a_page() -> None:
    response = render_page(request_with(HTMX), "404.html", None, {}, status=404)
    assert "<html" in response.text
    assert response.status_code == 404


def test_done_is_an_event_and_may_be_announced() -> None:
    response = with_toast(no_content("review-7-changed", {"section": "alerting"}), "Approved.")
    assert response.status_code == 204
    assert json.loads(response.headers["HX-Trigger"]) == {
        "review-7-changed": {"section": "alerting"},
        "toast": {"text": "Approved.", "tone": "ok"},
    }


def test_a_redirect_is_303_for_a_form_and_a_header_for_htmx() -> None:
    assert redirect(request_with(), "/there/").status_code == 303
    response = redirect(request_with(HTMX), "/there/")
    assert (response.status_code, response.headers["HX-Redirect"]) == (204, "/there/")


ERRORS: list[tuple[DomainError, int]] = [
    (Invalid("Two fields need you.", {"name": ["Give it a name."]}), 422),
    (Refused("Only reviewers may approve."), 403),
    (NotFound("There is no such service."), 404),
    (WrongState("Approve Observability first."), 409),
    (Conflict("Tobi was faster.", {"note": "<b>theirs</b>"}), 409),
]
BY_NAME = pytest.mark.parametrize(("error", "status"), ERRORS, ids=lambda value: type(value).__name__)


@BY_NAME
def test_an_error_is_a_page_that_says_what_to_do(error: DomainError, status: int) -> None:
    response = render_domain_error(request_with({"Accept": "text/html"}), error)
    assert response.status_code == status
    assert "<html" in response.text
    assert error.message in response.text
    assert {"Accept", "HX-Request"} <= {part.strip() for part in response.headers["Vary"].split(",")}


@BY_NAME
def test_htmx_gets_it_in_the_status_region_and_keeps_its_place(error: DomainError, status: int) -> None:
    response = render_domain_error(request_with({**HTMX, "Accept": "*/*"}), error)
    assert response.status_code == status
    assert "<html" not in response.text
    assert error.message in response.text
    assert response.headers["HX-Retarget"] == "#status"
    assert response.headers["HX-Reswap"] == "beforeend"


@BY_NAME
@pytest.mark.parametrize("accept", ["application/json", "application/problem+json"])
def test_a_program_gets_problem_details(error: DomainError, status: int, accept: str) -> None:
    response = render_domain_error(request_with({"Accept": accept}), error)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    body = json.loads(response.content)
    assert (body["status"], body["detail"], body["title"]) == (status, error.message, error.title)


def test_problem_details_name_the_fields_and_the_stored_text() -> None:
    json_wanted = {"Accept": "application/json"}
    invalid = json.loads(render_domain_error(request_with(json_wanted), ERRORS[0][0]).content)
    assert invalid["errors"] == [{"field": "name", "detail": "Give it a name."}]
    conflict = json.loads(render_domain_error(request_with(json_wanted), ERRORS[4][0]).content)
    assert conflict["current"] == {"note": "<b>theirs</b>"}


def test_a_message_cannot_carry_markup() -> None:
    hostile = Invalid("<script>alert(1)</script>", {"name": ["<img src=x onerror=alert(1)>"]})
    for headers in ({}, HTMX):
        text = render_domain_error(request_with({**headers, "Accept": "*/*"}), hostile).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text


def test_the_middleware_answers_errors_of_the_domain_only() -> None:
    middleware = DomainErrorMiddleware(lambda _request: HttpResponse())
    response = middleware.process_exception(request_with(), Refused("No."))
    assert response is not None
    assert response.status_code == 403
    assert middleware.process_exception(request_with(), RuntimeError("a defect")) is None


def to_sign_in(_request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect("/accounts/login/?next=/services/checkout/answer/")


def test_htmx_is_told_that_the_session_ended_with_the_way_back_to_the_page() -> None:
    here = {"HX-Current-URL": "https://readiness.example.com/services/checkout/?show=todo"}
    response: Any = SessionEndedMiddleware(to_sign_in)(request_with({**HTMX, **here}))
    assert response.status_code == 401
    assert "/accounts/login/?next=%2Fservices%2Fcheckout%2F%3Fshow%3Dtodo" in response.text
    assert response.headers["HX-Retarget"] == "#status"


def test_a_page_is_still_sent_to_sign_in_and_other_redirects_pass() -> None:
    assert SessionEndedMiddleware(to_sign_in)(request_with()).status_code == 302
    elsewhere = SessionEndedMiddleware(lambda _request: HttpResponseRedirect("/services/"))
    assert elsewhere(request_with(HTMX)).status_code == 302


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Asia/Tokyo", "Asia/Tokyo"),
        ("", "UTC"),
        ("Nowhere/Land", "UTC"),
        ("../etc/passwd", "UTC"),
        ("\0", "UTC"),
    ],
)
def test_times_are_in_the_readers_zone_and_a_bad_zone_fails_nothing(zone: str, shown: str) -> None:
    seen: list[str] = []

    def view(_request: HttpRequest) -> HttpResponse:
        seen.append(timezone.get_current_timezone_name())
        return HttpResponse()

    request = request_with()
    request.user = User(time_zone=zone)
    before = timezone.get_current_timezone_name()
    TimeZoneMiddleware(view)(request)
    assert seen == [shown]
    assert timezone.get_current_timezone_name() == before
