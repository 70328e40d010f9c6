from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from checklist.probes import registry
from checklist.probes.base import Outcome, ServiceTarget
from checklist.probes.net.policy import EgressPolicy
from checklist.probes.runner import (
    PUBLIC_ERROR,
    RunResult,
    canonical_hash,
    missing_target,
    re_evaluate,
    run_probe,
    target_config,
)
from tests.probes.servers import http_server, response, tcp_server

PolicyFor = Callable[..., EgressPolicy]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_a_run_holds_all_that_is_stored(policy_for: PolicyFor) -> None:
    times = iter([NOW, NOW + timedelta(seconds=1), NOW + timedelta(seconds=2)])
    with http_server(response("ok")) as web:
        result = run_probe(
            "health_endpoint",
            {"url": web.url, "max_ms": 10_000},
            policy_for(web.port),
            clock=lambda: next(times),
        )
    assert result.outcome is Outcome.PASS
    assert (result.started_at, result.finished_at) == (NOW, NOW + timedelta(seconds=2))
    assert (result.probe_version, result.facts_schema_version, result.peer) == (1, 1, "127.0.0.1")
    assert result.duration_ms >= 0
    assert json.loads(json.dumps(result.facts)) == result.facts
    assert result.facts_hash == canonical_hash(result.facts)
    assert len(result.facts_hash) == 64
    assert result.artifact_media_type == "text/plain; charset=utf-8"
    assert (result.error, result.error_kind) == ("", None)


def test_the_config_hash_is_of_the_whole_canonical_config() -> None:
    def hash_of(config: dict[str, object]) -> str:
        return run_probe("health_endpoint", config, EgressPolicy()).config_hash

    url = "http://127.0.0.1:1/"
    assert (
        hash_of({"url": url})
        == hash_of({"max_ms": 1000, "url": url})
        == canonical_hash({"max_ms": 1000, "url": url})
    )
    assert hash_of({"url": url, "max_ms": 999}) != hash_of({"url": url})


def test_the_hash_is_of_rfc_8785_json() -> None:
    # sha256 of '{"a":1,"b":"\\u20ac"}' with the euro sign as UTF-8, keys sorted, no spaces.
    import hashlib

    assert canonical_hash({"b": "€", "a": 1.0}) == hashlib.sha256('{"a":1,"b":"€"}'.encode()).hexdigest()
    assert canonical_hash({"a": float("nan")}) == ""


@pytest.mark.parametrize("probe_id", [spec.id for spec in registry.build().specs()])
def test_a_blocked_target_says_so_and_is_an_error(probe_id: str) -> None:
    for url in (
        "http://169.254.169.254/",
        "http://127.0.0.1:5432/",
        "https://user:pw@example.com/",
        "file:///etc/passwd",
    ):
        result = run_probe(probe_id, {"url": url}, EgressPolicy())
        assert (result.outcome, result.error_kind, result.proposed_answer) == (Outcome.ERROR, "blocked", None)
        assert result.summary.startswith("Blocked by egress policy: ")
        assert result.error == result.summary
        assert "pw" not in result.summary


def test_blocked_refused_and_timed_out_look_alike_in_public(policy_for: PolicyFor, monkeypatch) -> None:
    from dataclasses import replace

    from checklist.probes.tls import Tls

    with tcp_server(lambda connection: connection.recv(65536) and connection.recv(1)) as web:
        monkeypatch.setattr(Tls, "spec", replace(Tls.spec, timeout=0.3))
        url = f"https://localhost:{web.port}/"
        timed_out = run_probe("tls", {"url": url}, policy_for(web.port))
        blocked = run_probe("tls", {"url": url}, EgressPolicy())
    refused = run_probe("tls", {"url": url}, policy_for(web.port))
    results: list[RunResult] = [blocked, refused, timed_out]
    assert [result.error_kind for result in results] == ["blocked", "connect", "timeout"]
    assert len({result.summary for result in results}) == 3
    assert {(result.outcome, result.public_summary) for result in results} == {(Outcome.ERROR, PUBLIC_ERROR)}


@pytest.mark.parametrize("probe_id", [spec.id for spec in registry.build().specs()])
@pytest.mark.parametrize(
    "config",
    [{}, {"url": ""}, {"url": 7}, {"url": "x" * 3000}, {"url": "http://a/", "extra": 1}, {"url": None}],
)
def test_a_config_that_is_not_valid_is_an_error_with_the_field(
    probe_id: str, config: dict[str, object]
) -> None:
    result = run_probe(probe_id, config, EgressPolicy())
    assert (result.outcome, result.error_kind) == (Outcome.ERROR, "config")
    assert "url" in result.error or "extra" in result.error
    assert re_evaluate(probe_id, {}, config, NOW).outcome is Outcome.ERROR


def test_a_probe_that_is_gone_is_an_error_and_not_a_crash() -> None:
    assert run_probe("gone", {"url": "x"}, EgressPolicy()).outcome is Outcome.ERROR
    assert re_evaluate("gone", {}, {}, NOW).outcome is Outcome.ERROR
    assert target_config("gone", ServiceTarget()) is None
    assert missing_target("gone", ServiceTarget()) == "This probe is not installed here."


def test_facts_of_another_shape_are_unknown() -> None:
    verdict = re_evaluate("health_endpoint", {"status": 200}, {"url": "http://a/"}, NOW)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "Run it again" in verdict.summary


def test_a_url_that_no_probe_takes_is_a_reason_and_not_a_crash() -> None:
    target = ServiceTarget(production_url="https://a.example/" + "x" * 5000, health_url="x" * 5000)
    for spec in registry.build().specs():
        assert target_config(spec.id, target) is None
        assert "url" in (missing_target(spec.id, target) or "")
