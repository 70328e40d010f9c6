from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
from django.conf import settings

from checklist.loader import read_checklist
from checklist.probes import registry
from checklist.probes.base import Outcome
from checklist.probes.health_endpoint import HealthEndpoint
from checklist.probes.net.policy import EgressPolicy
from checklist.probes.runner import run_probe

PLUGIN = """
from dataclasses import replace
from datetime import timedelta
from checklist.probes.base import Observation, Outcome, Probe, ProbeModel
from checklist.probes.health_endpoint import HealthEndpoint

class Nothing(ProbeModel):
    pass

class Acme(Probe):
    Config = Nothing
    Facts = Nothing
    spec = replace(HealthEndpoint.spec, id="acme", items=("acme-item",))
    def config_for(self, target): return Nothing()
    def collect(self, ctx, config): return Observation(Nothing())
    def evaluate(self, facts, config, now): return self.verdict(Outcome.PASS, "fine")

class Twin(Acme):
    spec = HealthEndpoint.spec

class Unfinished(Probe):
    pass

class Crashes(Acme):
    spec = replace(HealthEndpoint.spec, id="crashes")
    def collect(self, ctx, config): raise RuntimeError("secret detail")

not_a_class = 7
"""


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "acme_probes.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    names = {
        "acme": "Acme",
        "twin": "Twin",
        "unfinished": "Unfinished",
        "crashes": "Crashes",
        "odd": "not_a_class",
    }
    entries = [EntryPoint(name, f"acme_probes:{what}", "readiness.probes") for name, what in names.items()]
    entries.append(EntryPoint("absent", "no_such_module:X", "readiness.probes"))
    monkeypatch.setattr(
        registry, "entry_points", lambda group: entries if group == "readiness.probes" else []
    )
    monkeypatch.setattr(registry._Active, "registry", None)


BUILTIN = ["health_endpoint", "tls", "http_headers", "security_txt", "request_id_echo"]


def test_the_built_in_probes() -> None:
    built = registry.build()
    assert [spec.id for spec in built.specs()] == BUILTIN
    assert [spec.id for spec in built.for_item("encryption-in-transit")] == ["tls"]
    assert built.get("nothing") is None
    for spec in built.specs():
        assert spec.stale_after > spec.every
        assert spec.rules
        assert spec.items


def test_the_checklist_and_the_probes_name_each_other() -> None:
    content = read_checklist(settings.BASE_DIR / "checklist" / "library" / "mvp-to-production")
    named: dict[str, set[str]] = {}
    for item in (item for section in content.sections for item in section.items):
        for probe in item.probes:
            named.setdefault(probe, set()).add(item.slug)
    assert named == {spec.id: set(spec.items) for spec in registry.build().specs()}


def test_a_plugin_that_is_named_is_loaded_and_runs(plugins: None) -> None:
    built = registry.use_plugins(["acme"])
    assert [spec.id for spec in built.specs()] == [*BUILTIN, "acme"]
    assert built.broken == ()
    assert [spec.id for spec in registry.active().for_item("acme-item")] == ["acme"]
    assert run_probe("acme", {}, EgressPolicy()).outcome is Outcome.PASS


def test_plugins_that_nobody_named_are_not_loaded(plugins: None) -> None:
    assert "acme" not in registry.build()


@pytest.mark.parametrize("name", ["twin", "unfinished", "odd", "absent", "unknown"])
def test_a_broken_plugin_is_listed_and_breaks_nothing(plugins: None, name: str) -> None:
    built = registry.build([name, "acme"])
    assert [broken.name for broken in built.broken] == [name]
    assert built.broken[0].error
    assert "acme" in built
    assert isinstance(built.get("health_endpoint"), HealthEndpoint)


def test_a_plugin_that_crashes_while_running_is_an_error_without_its_details(plugins: None) -> None:
    registry.use_plugins(["crashes"])
    result = run_probe("crashes", {}, EgressPolicy())
    assert (result.outcome, result.error_kind) == (Outcome.ERROR, "broken")
    assert "secret detail" not in result.error
    assert "RuntimeError" in result.error
