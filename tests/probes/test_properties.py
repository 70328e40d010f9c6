"""Judging is total and pure, and facts survive being stored."""

from __future__ import annotations

import json
import typing
from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel

from checklist.probes import header_rules as rules
from checklist.probes import registry
from checklist.probes import security_txt_format as form
from checklist.probes.base import Outcome, ProbeModel, ProposedAnswer
from checklist.probes.runner import canonical_hash
from checklist.probes.tls import TlsFacts

PROBES = list(registry.build())
AWARE = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
TEXTS = [
    "",
    "max-age=0",
    "max-age=100",
    "text/plain",
    "text/html",
    "contact",
    "expires",
    "canonical",
    "sessionid",
    "2031-12-31T23:59:00Z",
    "mailto:a@b.example",
    "x-request-id",
    "frame-ancestors *",
    "X-Id",
    "preferred-languages",
]
PLAIN: dict[object, st.SearchStrategy[typing.Any]] = {
    AwareDatetime: AWARE,
    int: st.one_of(st.integers(0, 600), st.integers(-(2**53) + 1, 2**53 - 1)),
    float: st.floats(0, 1e9),
    str: st.one_of(st.text(max_size=12), st.sampled_from(TEXTS)),
}
# Fields that a random text would hardly ever fit.
FITTING = {
    "url": st.just("https://a.example/x"),
    "header": st.sampled_from(["X-Request-ID", "request-id", "X-Trace"]),
    "max_ms": st.integers(1, 10_000),
    "warn_days": st.integers(1, 365),
    "fail_days": st.integers(0, 365),
}


@cache
def models(model: type[ProbeModel]) -> st.SearchStrategy[ProbeModel]:
    """Any instance that the model itself accepts."""
    hints = typing.get_type_hints(model, include_extras=False)
    fields = {
        name: FITTING[name] if name in FITTING else _values(hint)
        for name, hint in hints.items()
        if name in model.model_fields
    }
    return st.fixed_dictionaries(fields).map(model.model_validate)


def _values(hint: object) -> st.SearchStrategy[typing.Any]:
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        return st.lists(_values(arguments[0]), max_size=4).map(tuple)
    if arguments:
        return st.one_of(*[_values(argument) for argument in arguments])
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return models(typing.cast("type[ProbeModel]", hint))
    return PLAIN[hint] if hint in PLAIN else st.from_type(typing.cast("type[typing.Any]", hint))


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.spec.id)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_judging_is_total_and_pure_and_facts_survive_storage(
    probe: registry.AnyProbe, data: st.DataObject
) -> None:
    facts = data.draw(models(probe.Facts))
    config = data.draw(models(probe.Config))
    now = data.draw(AWARE)
    verdict = probe.evaluate(facts, config, now)
    assert verdict.outcome in set(Outcome) - {Outcome.ERROR}
    assert verdict.summary.strip()
    if verdict.proposed_answer is not None:
        wanted = Outcome.PASS if verdict.proposed_answer is ProposedAnswer.MET else Outcome.FAIL
        assert verdict.outcome is wanted
    if verdict.outcome is Outcome.PASS and not probe.spec.proposes_met:
        assert verdict.proposed_answer is None
    stored = json.loads(json.dumps(facts.model_dump(mode="json")))
    again = probe.Facts.model_validate(stored)
    assert again == facts
    assert canonical_hash(stored)
    assert probe.evaluate(again, config, now) == verdict


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.spec.id)
def test_configs_and_facts_are_closed_and_immutable(probe: registry.AnyProbe) -> None:
    for model in (probe.Config, probe.Facts):
        assert model.model_config["extra"] == "forbid"
        assert model.model_config["frozen"] is True
        assert model.model_json_schema()["additionalProperties"] is False


@given(facts=models(TlsFacts), now=AWARE, later=AWARE)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_certificate_only_gets_worse_with_time(facts: TlsFacts, now: datetime, later: datetime) -> None:
    probe = registry.build().get("tls")
    assert probe is not None
    config = probe.Config(url="https://a.example/")
    first, second = sorted((now, later))
    if facts.certificate is not None and facts.certificate.not_before > first:
        return
    if probe.evaluate(facts, config, first).outcome is Outcome.FAIL:
        assert probe.evaluate(facts, config, second).outcome is Outcome.FAIL


@given(st.text(max_size=200), AWARE)
def test_any_header_can_be_read(text: str, now: datetime) -> None:
    for line in (text, f"sid={text}", f"sid=; expires={text}", f"sid=; max-age={text}", f"a=b; {text}"):
        rules.parse_cookie(line, now)
    rules.is_session(text)
    rules.is_nosniff((text,))
    for value in (text, f"max-age={text}", f"frame-ancestors {text}"):
        age = rules.hsts_max_age((value,))
        assert age is None or age >= 0
        rules.framing_limited((value,), (value,))


@given(st.text(max_size=400))
def test_any_text_can_be_read_as_security_txt(text: str) -> None:
    for candidate in (
        text,
        f"-----BEGIN PGP SIGNED MESSAGE-----\n{text}",
        f"Contact: {text}\nExpires: {text}",
    ):
        parsed = form.parse(candidate)
        assert all(name == name.lower() for name, _ in parsed.fields)
        for name, value in parsed.fields:
            form.parse_time(value)
            form.uri_problem(name, value)
