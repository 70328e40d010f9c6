"""The built-in checklist: complete, and true to what it must hold."""

from __future__ import annotations

from typing import Any

import pytest

from checklist.loader import BUILT_IN, read_checklist
from checklist.probes import registry
from checklist.rules import applies
from checklist.schema import Content, ItemContent

EXPECTED: dict[str, list[str]] = {
    "observability": [
        "logs-structured",
        "request-id",
        "metric-latency",
        "metric-traffic",
        "metric-errors",
        "metric-saturation",
        "traces-critical-paths",
        "stack-named",
        "on-call-drill",
    ],
    "alerting": [
        "alert-inventory",
        "page-error-rate",
        "page-latency",
        "page-user-flow",
        "page-payments",
        "page-auth",
        "ticket-headroom",
        "ticket-cert-expiry",
        "ticket-dependency-eol",
        "ticket-spend",
        "suppressed",
        "symptom-based",
        "runbook-per-page",
        "noise",
    ],
    "on-call": [
        "rotation-size",
        "rotation-shape",
        "out-of-hours-tracked",
        "page-load",
        "paging-tool",
        "recognised",
    ],
    "runbooks": [
        "runbook-inventory",
        "runbook-parts",
        "runbook-intro",
        "runbook-concrete",
        "runbook-stranger-drill",
    ],
    "capacity": [
        "peak-traffic",
        "headroom",
        "time-to-scale",
        "limits-known",
        "bottleneck-named",
        "monthly-review",
    ],
    "security": [
        "authn-sessions",
        "authz-endpoints",
        "no-secrets-in-source",
        "dependency-scan",
        "image-scan",
        "egress",
        "encryption-at-rest",
        "encryption-in-transit",
        "audit-log",
        "disclosure",
        "owasp-review",
        "penetration-test",
        "soc2",
    ],
    "backup": ["object-versioning", "cross-region", "pitr", "pitr-tested", "restore-drill"],
    "deployment": ["rolling", "progressive", "one-mechanism", "rollback-command", "rollback-drill"],
    "deferred": [
        "sre-function",
        "unit-test-coverage",
        "multi-region",
        "service-mesh",
        "developer-platform",
    ],
}
KINDS = {
    "drill": {"on-call-drill", "runbook-stranger-drill", "restore-drill", "rollback-drill"},
    "measure": {"rotation-size", "page-load", "peak-traffic"},
    "inventory": {
        "traces-critical-paths",
        "alert-inventory",
        "suppressed",
        "runbook-per-page",
        "noise",
        "runbook-inventory",
        "runbook-parts",
        "runbook-intro",
        "runbook-concrete",
        "headroom",
        "time-to-scale",
        "limits-known",
    },
    "register": {"soc2", *EXPECTED["deferred"]},
}
ADVISORY = {
    "stack-named",
    "ticket-headroom",
    "ticket-cert-expiry",
    "ticket-dependency-eol",
    "ticket-spend",
    "paging-tool",
    "soc2",
    "progressive",
}
PROBES = {
    "rolling": ["health_endpoint"],
    "encryption-in-transit": ["tls"],
    "authn-sessions": ["http_headers"],
    "disclosure": ["security_txt"],
    "request-id": ["request_id_echo"],
}


@pytest.fixture(scope="module")
def library() -> Content:
    return read_checklist(BUILT_IN)


@pytest.fixture(scope="module")
def items(library: Content) -> dict[str, ItemContent]:
    return {item.slug: item for _, item in library.items()}


def spec(items: dict[str, ItemContent], slug: str) -> dict[str, Any]:
    return items[slug].spec.model_dump()


def test_every_section_and_item_in_order(library: Content) -> None:
    assert {section.slug: [item.slug for item in section.items] for section in library.sections} == EXPECTED
    assert [section.slug for section in library.sections] == list(EXPECTED)
    assert sum(len(section.items) for section in library.sections) == 68


def test_kinds_severities_and_probes(items: dict[str, ItemContent]) -> None:
    for slug, item in items.items():
        kind = next((kind for kind, slugs in KINDS.items() if slug in slugs), "attestation")
        assert item.kind == kind, slug
        assert (item.severity == "advisory") == (slug in ADVISORY), slug
        assert item.probes == PROBES.get(slug, []), slug


def test_probes_and_items_name_each_other(items: dict[str, ItemContent]) -> None:
    for slug, item in items.items():
        assert {probe.id for probe in registry.active().for_item(slug)} == set(item.probes), slug


def test_short_titles_and_approvals(library: Content) -> None:
    assert [section.short_title for section in library.sections] == [
        "Observe",
        "Alert",
        "On-call",
        "Runbook",
        "Capacity",
        "Security",
        "Backup",
        "Deploy",
        "Defer",
    ]
    roles = {section.slug: section.reviewer_roles for section in library.sections}
    assert roles.pop("security") == ["security"]
    assert roles.pop("deferred") == []
    assert set(map(tuple, roles.values())) == {("sre",)}
    assert {section.approvals_required for section in library.sections} == {1}


@pytest.mark.parametrize(
    ("slug", "facts", "expected"),
    [
        ("page-payments", {"handles_payments": False}, False),
        ("page-payments", {"handles_payments": True}, True),
        ("image-scan", {"runs_containers": False}, False),
        ("object-versioning", {"uses_object_storage": False}, False),
        ("cross-region", {"uses_object_storage": False}, False),
        ("pitr-tested", {"self_managed_database": False}, False),
        ("pitr-tested", {"self_managed_database": True}, True),
        (
            "penetration-test",
            {"handles_payments": False, "handles_health_data": False, "regulated": False},
            False,
        ),
        (
            "penetration-test",
            {"handles_payments": False, "handles_health_data": True, "regulated": False},
            True,
        ),
        (
            "penetration-test",
            {"handles_payments": False, "handles_health_data": False, "regulated": True},
            True,
        ),
    ],
)
def test_applicability(
    items: dict[str, ItemContent], slug: str, facts: dict[str, bool], expected: bool
) -> None:
    assert applies(items[slug].applies_when, facts) is expected


def test_only_these_items_depend_on_facts(items: dict[str, ItemContent]) -> None:
    assert {slug for slug, item in items.items() if item.applies_when} == {
        "page-payments",
        "image-scan",
        "object-versioning",
        "cross-region",
        "pitr-tested",
        "penetration-test",
    }


def test_thresholds(items: dict[str, ItemContent]) -> None:
    drill = spec(items, "on-call-drill")
    assert drill["max_seconds"] == 600
    assert len(drill["questions"]) == 3
    rollback = spec(items, "rollback-drill")
    assert (rollback["under_seconds"], rollback["max_commands"]) == (180, 1)
    restore = spec(items, "restore-drill")
    assert restore["max_age_days"] == 90
    assert restore["must_be_true"] == ["checks_passed"]
    assert {objective["measured"] for objective in restore["objectives"]} == {"duration", "data_loss"}
    rotation = spec(items, "rotation-size")
    assert (rotation["direction"], rotation["limit"], rotation["target"]) == ("at_least", 4, 6)
    pages = spec(items, "page-load")
    assert (pages["direction"], pages["limit"]) == ("at_most", 2)
    headroom = next(check for check in spec(items, "headroom")["checks"] if check["check"] == "headroom")
    assert (headroom["target_percent"], headroom["limit_percent"]) == (30, 15)
    (noise,) = spec(items, "noise")["checks"]
    assert (noise["over"], noise["suppress_over"]) == (2, 3)
    (intro,) = spec(items, "runbook-intro")["checks"]
    assert intro["limit"] == 3
    parts = next(column for column in spec(items, "runbook-inventory")["columns"] if column["key"] == "parts")
    assert len(parts["choices"]) == 6
    assert items["monthly-review"].recurring_days == 38
    mesh = spec(items, "service-mesh")["decisions"][0]["reached_when"]
    assert mesh == {"fact": "service_count", "at_least": 10}


def test_guidance_is_there_and_concrete(items: dict[str, ItemContent]) -> None:
    for slug, item in items.items():
        assert len(item.why) > 80, slug
        assert len(item.how) > 200, slug


def test_no_blocker_can_be_deferred(items: dict[str, ItemContent]) -> None:
    deferrable = {slug for slug, item in items.items() if item.allow_deferral}
    assert deferrable == ADVISORY - {"stack-named", "paging-tool", "soc2"}


def test_page_load_says_how_the_cut_off_sentence_is_read(items: dict[str, ItemContent]) -> None:
    assert "cut off" in items["page-load"].how
    assert "per person" in items["page-load"].how
