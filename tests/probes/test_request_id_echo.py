from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from checklist.probes.base import Outcome, ProposedAnswer, ServiceTarget
from checklist.probes.net.policy import EgressPolicy
from checklist.probes.runner import RunResult, missing_target, run_probe, target_config
from tests.probes.servers import http_server, path_of, response

PolicyFor = Callable[..., EgressPolicy]


def sent(request: bytes, name: str = "X-Request-ID") -> str:
    match = re.search(rf"\r\n{name}: ([^\r]+)\r\n".encode(), request, re.IGNORECASE)
    assert match is not None
    return match[1].decode()


@pytest.fixture
def run(policy_for: PolicyFor) -> Callable[..., RunResult]:
    def ask(answer: bytes | Callable[[bytes], bytes], **config: str) -> RunResult:
        with http_server(answer) as web:
            return run_probe("request_id_echo", {"url": web.url, **config}, policy_for(web.port))

    return ask


@pytest.mark.parametrize("name", ["X-Request-ID", "x-request-id", "X-Correlation-ID", "Request-Id"])
@pytest.mark.parametrize("form", ["{}", '"{}"', "other, {}", " {} "])
def test_the_same_id_passes(run: Callable[..., RunResult], name: str, form: str) -> None:
    result = run(lambda request: response("ok", headers={name: form.format(sent(request))}))
    assert (result.outcome, result.proposed_answer) == (Outcome.PASS, None)


def test_the_same_id_in_other_spelling_passes(run: Callable[..., RunResult]) -> None:
    for spell in (str.upper, lambda text: text.replace("-", "")):
        result = run(lambda request, spell=spell: response(headers={"X-Request-ID": spell(sent(request))}))
        assert result.outcome is Outcome.PASS


@pytest.mark.parametrize("name", ["traceresponse", "traceparent"])
def test_the_same_trace_passes_and_another_warns(run: Callable[..., RunResult], name: str) -> None:
    def same(request: bytes) -> bytes:
        return response(
            headers={name: f"00-{sent(request, 'traceparent').split('-')[1]}-00f067aa0ba902b7-01"}
        )

    assert run(same).outcome is Outcome.PASS
    other = response(headers={name: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})
    assert run(other).outcome is Outcome.WARN


def test_what_is_sent_is_a_valid_id_and_traceparent(policy_for: PolicyFor) -> None:
    with http_server(response()) as web:
        for _ in range(2):
            run_probe("request_id_echo", {"url": web.url}, policy_for(web.port))
        first, second = web.requests
    assert re.fullmatch(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01", sent(first, "traceparent"))
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", sent(first))
    assert sent(first) != sent(second)


def test_another_id_warns(run: Callable[..., RunResult]) -> None:
    result = run(response(headers={"X-Request-ID": "f00"}))
    assert (result.outcome, result.proposed_answer) == (Outcome.WARN, None)
    assert "replaced" in result.summary


@pytest.mark.parametrize("headers", [{}, {"X-Request-ID": ""}, {"cf-ray": "x", "x-amz-cf-id": "y"}])
@pytest.mark.parametrize("status", [200, 204, 400, 405])
def test_no_id_fails(run: Callable[..., RunResult], headers: dict[str, str], status: int) -> None:
    result = run(response(status=status, headers=headers))
    assert (result.outcome, result.proposed_answer) == (Outcome.FAIL, ProposedAnswer.NOT_MET)


@pytest.mark.parametrize("status", [401, 403, 407, 511])
@pytest.mark.parametrize("echo", [True, False])
def test_an_auth_wall_is_unknown_whatever_it_says(
    run: Callable[..., RunResult], status: int, echo: bool
) -> None:
    def wall(request: bytes) -> bytes:
        return response(status=status, headers={"X-Request-ID": sent(request)} if echo else {})

    result = run(wall)
    assert (result.outcome, result.proposed_answer) == (Outcome.UNKNOWN, None)


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_silence_with_an_ambiguous_status_is_unknown(run: Callable[..., RunResult], status: int) -> None:
    assert run(response(status=status, headers={"Retry-After": "99"})).outcome is Outcome.UNKNOWN


def test_a_cached_answer_is_unknown(run: Callable[..., RunResult]) -> None:
    assert run(response(headers={"X-Request-ID": "old", "Age": "17"})).outcome is Outcome.UNKNOWN
    assert run(response(headers={"X-Request-ID": "new", "Age": "0"})).outcome is Outcome.WARN


def test_a_sign_in_page_is_unknown_unless_it_is_our_own_and_returns_the_id(
    run: Callable[..., RunResult],
) -> None:
    def sign_in(path: str, *, echo: bool) -> Callable[[bytes], bytes]:
        def answer(request: bytes) -> bytes:
            headers = {"X-Request-ID": sent(request)} if echo else {}
            if path_of(request) == "/":
                return response(status=302, headers={**headers, "Location": path})
            return response("<form>", headers=headers)

        return answer

    assert run(sign_in("/login", echo=True)).outcome is Outcome.PASS
    assert run(sign_in("/login", echo=False)).outcome is Outcome.UNKNOWN
    assert run(sign_in("/oauth2/sign_in", echo=True)).outcome is Outcome.UNKNOWN


def test_another_header_can_be_named_and_nothing_dangerous(run: Callable[..., RunResult]) -> None:
    def answer(request: bytes) -> bytes:
        return response(headers={"X-Trace": sent(request, "X-Trace")})

    assert run(answer, header="X-Trace").outcome is Outcome.PASS
    for header in ("Host", "Authorization", "X-A\r\nX-B", "Transfer-Encoding", ""):
        assert run(response(), header=header).error_kind == "config"


def test_the_target_is_the_health_url_first() -> None:
    both = ServiceTarget(production_url="https://a.example/", health_url="https://a.example/up")
    assert (target_config("request_id_echo", both) or {})["url"] == "https://a.example/up"
    only = ServiceTarget(production_url="https://a.example/")
    assert (target_config("request_id_echo", only) or {})["url"] == "https://a.example/"
    assert "health URL or production URL" in (missing_target("request_id_echo", ServiceTarget()) or "")
