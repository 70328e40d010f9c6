from __future__ import annotations

import pytest
from pytest_django import Settings

from checklist import checks
from checklist.probes import installed, registry
from checklist.probes.registry import BrokenPlugin, Registry


def test_the_operators_settings_make_the_policy(settings: Settings, ca_file: str) -> None:
    settings.EGRESS_ALLOW = ["10.0.0.0/8:443", "internal.example"]
    settings.EGRESS_CA = ca_file
    assert checks.egress_settings() == []
    policy = installed.egress_policy()
    assert policy.check_url("https://10.1.1.1/") is None
    assert policy.ca_file == ca_file


def test_every_malformed_entry_is_reported_at_start(settings: Settings) -> None:
    settings.EGRESS_ALLOW = ["10.0.0.1/8", "10.0.0.0/8:443", "http://x/"]
    settings.EGRESS_CA = ""
    found = checks.egress_settings()
    assert [message.id for message in found] == ["checklist.E001", "checklist.E001"]
    assert "10.0.0.1/8" in found[0].msg
    assert "http://x/" in found[1].msg
    assert all(message.hint for message in found)


def test_an_authority_file_that_cannot_be_read_is_reported(settings: Settings, text_file) -> None:
    settings.EGRESS_ALLOW = []
    for path in ("/no/such/file.pem", str(text_file)):
        settings.EGRESS_CA = path
        assert [message.id for message in checks.egress_settings()] == ["checklist.E002"]


def test_a_broken_plugin_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Registry((), [BrokenPlugin("acme", "ImportError: no")])
    monkeypatch.setattr(registry._Active, "registry", broken)
    found = checks.probe_plugins()
    assert [message.id for message in found] == ["checklist.W001"]
    assert "acme" in found[0].msg
