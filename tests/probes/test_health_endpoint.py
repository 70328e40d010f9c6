from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from checklist.probes.base import Outcome, ProposedAnswer, ServiceTarget
from checklist.probes.health_endpoint import HealthEndpoint
from checklist.probes.net.policy import EgressPolicy
from checklist.probes.runner import RunResult, re_evaluate, run_probe, target_config
from tests.probes.servers import http_server, path_of, response, tcp_server

PolicyFor = Callable[..., EgressPolicy]
JSON = {"Content-Type": "application/json"}


def run(answer: bytes | Callable[[bytes], bytes], policy_for: PolicyFor, **config: int) -> RunResult:
    with http_server(answer) as web:
        # A busy machine answers late: only the tests of the limit set it low.
        given = {"url": f"{web.url}health?token=t", "max_ms": 10_000, **config}
        return run_probe("health_endpoint", given, policy_for(web.port))


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "pass"),
        (204, "pass"),
        (299, "pass"),
        (300, "fail"),
        (400, "fail"),
        (404, "fail"),
        (500, "fail"),
        (502, "fail"),
        (503, "fail"),
        (401, "unknown"),
        (403, "unknown"),
        (407, "unknown"),
        (429, "unknown"),
        (511, "unknown"),
    ],
)
def test_the_status_decides(policy_for: PolicyFor, status: int, outcome: str) -> None:
    result = run(response(status=status, headers=JSON), policy_for)
    assert result.outcome == outcome
    assert result.proposed_answer == (ProposedAnswer.NOT_MET if outcome == "fail" else None)
    assert result.facts["status"] == status


def test_a_failing_endpoint_is_asked_once_only(policy_for: PolicyFor) -> None:
    with http_server(response(status=503, headers={"Retry-After": "1"})) as web:
        result = run_probe("health_endpoint", {"url": web.url}, policy_for(web.port))
        assert (result.outcome, len(web.requests)) == (Outcome.FAIL, 1)


def test_a_slow_answer_fails_and_the_limit_can_be_edited(policy_for: PolicyFor) -> None:
    def slow(request: bytes) -> bytes:
        time.sleep(0.15)
        return response("ok", headers=JSON)

    result = run(slow, policy_for, max_ms=100)
    assert result.outcome is Outcome.FAIL
    assert "the limit is 100 ms" in result.summary
    again = re_evaluate(
        "health_endpoint", result.facts, {"url": "http://x/", "max_ms": 5000}, result.finished_at
    )
    assert again.outcome is Outcome.PASS
    assert run(response("ok"), policy_for).outcome is Outcome.PASS


def test_a_connection_without_an_answer_fails(policy_for: PolicyFor, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setattr(HealthEndpoint, "spec", replace(HealthEndpoint.spec, timeout=0.3))
    with tcp_server(lambda connection: connection.recv(65536) and connection.recv(1)) as web:
        result = run_probe("health_endpoint", {"url": web.url}, policy_for(web.port))
    assert result.outcome is Outcome.FAIL
    assert result.facts["timed_out"] is True


def test_no_connection_is_an_error_and_no_failure(policy_for: PolicyFor) -> None:
    with http_server(response()) as web:
        pass
    result = run_probe("health_endpoint", {"url": web.url}, policy_for(web.port))
    assert (result.outcome, result.proposed_answer) == (Outcome.ERROR, None)


def test_a_redirect_to_a_sign_in_page_is_unknown_not_healthy(policy_for: PolicyFor) -> None:
    def sign_in(request: bytes) -> bytes:
        if path_of(request).startswith("/health"):
            return response(status=302, headers={"Location": "/accounts/login/?next=/health"})
        return response("<form>", headers={"Content-Type": "text/html"})

    result = run(sign_in, policy_for)
    assert result.outcome is Outcome.UNKNOWN
    assert "sign-in" in result.summary


def test_a_redirect_to_a_healthy_place_passes_with_a_note(policy_for: PolicyFor) -> None:
    def moved(request: bytes) -> bytes:
        if path_of(request).startswith("/health"):
            return response(status=301, headers={"Location": "/up"})
        return response("ok", headers=JSON)

    result = run(moved, policy_for)
    assert result.outcome is Outcome.PASS
    assert any("Redirects followed: 1" in detail for detail in result.details)


def test_an_html_page_gets_a_note(policy_for: PolicyFor) -> None:
    result = run(response("<html>", headers={"Content-Type": "text/html; charset=utf-8"}), policy_for)
    assert any("HTML page" in detail for detail in result.details)


def test_the_record_keeps_no_secrets_and_no_people(policy_for: PolicyFor) -> None:
    headers = {"Set-Cookie": "sid=s3cret; Secure", "X-Api-Key": "s3cret", **JSON}
    result = run(response('{"admin": "Jo.Doe@example.com"}' + "x" * 5000, headers=headers), policy_for)
    text = (result.artifact or b"").decode()
    assert "s3cret" not in text
    assert "Doe" not in text
    assert "person-1" in text
    assert "token" not in text + str(result.facts)
    assert len(text) < 2000


def test_the_target_is_the_health_url() -> None:
    assert target_config("health_endpoint", ServiceTarget(production_url="https://a.example/")) is None
    config = target_config("health_endpoint", ServiceTarget(health_url="https://a.example/up"))
    assert config == {"url": "https://a.example/up", "max_ms": 1000}
