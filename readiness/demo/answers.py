"""What the teams of the demo say about each item. {name} and {slug} stand for those of the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from checklist.rules.runbooks import TEMPLATE

_GRAFANA: Final = "https://grafana.acme.example/d/{slug}"
_WIKI: Final = "https://wiki.acme.example"
_CI: Final = "https://ci.acme.example/{slug}"
_RUNBOOK: Final = f"{_WIKI}/runbooks/{{slug}}"


@dataclass(frozen=True)
class Sample:
    """One answer: a note, a link as evidence with its title, and recorded values by the item's kind."""

    note: str = ""
    link: str = ""
    title: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def _measure(number: float, how: str) -> dict[str, Any]:
    return {"number": number, "how": how, "measured_on": {"days_ago": 6}}


def _drill(days_ago: int, seconds: int, log: str, **more: Any) -> dict[str, Any]:
    """A drill: who runs it and who watches follows from the service's team."""
    return {"when": {"days_ago": days_ago}, "seconds": seconds, "log": log, **more}


def _decision(slug: str, reason: str, trigger: str, owner: str = "Ada Moreau") -> dict[str, Any]:
    row = {"decision": slug, "choice": "defer", "reason": reason, "owner": owner, "trigger": trigger}
    return {"rows": [row]}


def _alert(name: str, tier: str, symptom: str, fired: int, acted_on: int) -> dict[str, Any]:
    words = {"alert": name, "tier": tier, "symptom": symptom, "fired": fired, "acted_on": acted_on}
    return {**words, "runbook": f"{_RUNBOOK}#{name}"} if tier == "page" else words


def _runbook(name: str) -> dict[str, Any]:
    text = TEMPLATE.replace("CheckoutErrorBudgetBurn", name)
    return {"alert": name, "runbook": f"{_RUNBOOK}#{name}", "text": sha256(text.encode()).hexdigest()}


# The texts of the runbooks above, to be kept before an answer names them.
RUNBOOKS: Final = [
    TEMPLATE.replace("CheckoutErrorBudgetBurn", name) for name in ("error-rate", "latency-p99", "main-path")
]


def _tier(tier: str, resource: str, limit: int, peak: int) -> dict[str, Any]:
    return {"tier": tier, "resource": resource, "limit": limit, "peak": peak}


_OBSERVABILITY: Final = {
    "logs-structured": Sample(
        "JSON lines with time, level, message and request_id, by the shared logging library.",
        f"{_GRAFANA}-logs",
        "Log view of {name}",
    ),
    "request-id": Sample(
        "The edge makes X-Request-ID; every call passes it on and every log line carries it.",
        f"{_WIKI}/request-ids",
        "How request IDs travel",
    ),
    "metric-latency": Sample(
        "A histogram per route; p50, p95 and p99 on the first panel.", _GRAFANA, "Dashboard, latency"
    ),
    "metric-traffic": Sample("Requests per second, per route and status.", _GRAFANA, "Dashboard, traffic"),
    "metric-errors": Sample("Share of 5xx answers and of failed jobs.", _GRAFANA, "Dashboard, errors"),
    "metric-saturation": Sample(
        "Database connections, worker pool, memory, each against its limit.",
        _GRAFANA,
        "Dashboard, saturation",
    ),
    "traces-critical-paths": Sample(
        data={
            "rows": [
                {
                    "path": "Main path of {name}",
                    "entry": "web POST /{slug}",
                    "services": "web, {slug}, database",
                    "trace": "https://tempo.acme.example/trace/4bf92f3577b34da6",
                },
                {
                    "path": "Sign in",
                    "entry": "web POST /session",
                    "services": "web, identity",
                    "trace": "https://tempo.acme.example/trace/a3ce929d0e0e4736",
                },
            ]
        }
    ),
    "stack-named": Sample("Grafana Cloud: Loki for logs, Mimir for metrics, Tempo for traces."),
    "on-call-drill": Sample(
        data=_drill(
            12,
            372,
            "Given a failing request ID. Found the deploy of 14:02, the throwing route, and 41 customers.",
            answers={
                "what-changed": "Release 2041 went out at 14:02, and nothing else.",
                "where": "The price lookup, in the route that the release touched.",
                "who": "41 customers with a basket above ten lines.",
            },
        )
    ),
}

_ALERTING: Final = {
    "alert-inventory": Sample(
        data={
            "rows": [
                _alert("error-rate", "page", "More than 1 % of requests fail for 5 minutes", 1, 1),
                _alert("latency-p99", "page", "p99 above 800 ms for 10 minutes", 1, 1),
                _alert("main-path", "page", "The synthetic run of the main path fails twice", 0, 0),
                _alert("disk-headroom", "ticket", "The volume is 70 % full", 1, 1),
            ]
        }
    ),
    "page-error-rate": Sample("Burn rate over 5 minutes and 1 hour.", f"{_GRAFANA}-slo", "SLO alerts"),
    "page-latency": Sample("p99 against 800 ms over 10 minutes.", f"{_GRAFANA}-slo", "SLO alerts"),
    "page-user-flow": Sample(
        "A synthetic run each minute, from outside.", f"{_GRAFANA}-synthetic", "Synthetic runs"
    ),
    "page-payments": Sample(
        "Failed captures above 2 % of attempts.", f"{_GRAFANA}-payments", "Payment alerts"
    ),
    "page-auth": Sample(
        "Refused sign-ins above three times the usual.", f"{_GRAFANA}-auth", "Sign-in alerts"
    ),
    "ticket-headroom": Sample("A ticket at 70 % of any limit."),
    "ticket-cert-expiry": Sample("A ticket 21 days ahead; certificates renew 30 days ahead."),
    "ticket-dependency-eol": Sample("A bot opens a ticket 90 days before an end of life."),
    "ticket-spend": Sample("A ticket when a day costs 30 % more than the week before."),
    "suppressed": Sample(),
    "symptom-based": Sample("Three pages, all about what a customer feels. No channel gets every error."),
    "runbook-per-page": Sample(),
    "noise": Sample(),
}

_ON_CALL: Final = {
    "rotation-size": Sample(data=_measure(6, "Counted in the schedule.")),
    "rotation-shape": Sample("One week each, Monday to Monday, a primary and a secondary."),
    "out-of-hours-tracked": Sample("Counted each Monday; a page at night gets five minutes in the review."),
    "page-load": Sample(data=_measure(0.6, "Pages of the last four weeks, divided by people and weeks.")),
    "paging-tool": Sample("PagerDuty; the schedule is called {name} primary."),
    "recognised": Sample(
        "A paid allowance per week, and the morning off after a night page. In everybody's contract.",
        f"{_WIKI}/on-call#recognition",
        "On-call policy, signed by the CTO",
    ),
}

_RUNBOOKS: Final = {
    "runbook-inventory": Sample(
        data={"rows": [_runbook("error-rate"), _runbook("latency-p99"), _runbook("main-path")]}
    ),
    "runbook-parts": Sample(),
    "runbook-intro": Sample(),
    "runbook-concrete": Sample(),
    "runbook-stranger-drill": Sample(
        data=_drill(
            20,
            1_260,
            "Stopped a worker on staging. The runbook was followed to recovery without a question.",
            fields={"runbook": f"{_RUNBOOK}#error-rate", "without_help": "yes"},
        )
    ),
}

_CAPACITY: Final = {
    "peak-traffic": Sample(data=_measure(412, "Highest minute of the last 30 days, from the dashboard.")),
    "headroom": Sample(
        data={
            "rows": [
                _tier("web", "requests per second", 900, 412),
                _tier("workers", "jobs per minute", 2_400, 1_800),
                _tier("database", "connections", 400, 210),
            ]
        }
    ),
    "time-to-scale": Sample(
        data={
            "rows": [
                {"tier": "web", "how": "Autoscaling on CPU", "minutes": 2},
                {"tier": "workers", "how": "Autoscaling on queue length", "minutes": 3},
                {"tier": "database", "how": "A larger instance, with a failover", "minutes": 12},
            ]
        }
    ),
    "limits-known": Sample(
        data={
            "rows": [
                {"kind": kind, "name": name, "limit": limit, "source": source}
                for kind, name, limit, source in (
                    ("database_connections", "PostgreSQL", "400", "max_connections less 20 reserved"),
                    ("worker_pool", "Job workers", "48", "12 processes on 4 machines"),
                    ("rate_limit", "Mail provider", "600 per minute", "Contract of March"),
                    ("cold_start", "Web container", "11 seconds", "Measured in the last release"),
                )
            ]
        }
    ),
    "bottleneck-named": Sample(
        "Writes to the one PostgreSQL primary. When hit: shed report traffic, then move reads to the replica."
    ),
    "monthly-review": Sample(
        "The first Tuesday of each month, half an hour, with notes.",
        f"{_WIKI}/capacity/latest",
        "Notes of the last headroom review",
    ),
}

_SECURITY: Final = {
    "authn-sessions": Sample(
        "Sessions by identity; cookies are Secure, HttpOnly and SameSite. Reviewed together with Toni.",
        f"{_WIKI}/security/{{slug}}#sessions",
        "Review of sessions",
    ),
    "authz-endpoints": Sample(
        "Each route asks the same policy function; a test walks all routes as a stranger.",
        f"{_CI}/authorisation",
        "Test of all routes as a stranger",
    ),
    "no-secrets-in-source": Sample(
        "Secrets come from the vault at start. gitleaks runs on each push.", f"{_CI}/gitleaks", "gitleaks run"
    ),
    "dependency-scan": Sample(
        "Trivy on each push and each night; high findings stop a merge.",
        f"{_CI}/trivy",
        "Trivy, dependencies",
    ),
    "image-scan": Sample("Trivy on each image before it is pushed.", f"{_CI}/trivy-image", "Trivy, image"),
    "egress": Sample("A network policy allows the database, the queue and the mail provider only."),
    "encryption-at-rest": Sample(
        "Volumes and backups are encrypted with keys of our own.", f"{_WIKI}/security/keys", "Key inventory"
    ),
    "encryption-in-transit": Sample("TLS 1.2 or newer outside, mutual TLS between services."),
    "audit-log": Sample("Changes of rights, refunds and exports are recorded with the person and the time."),
    "disclosure": Sample(
        "security@acme.example reaches two people on weekdays.",
        "https://acme.example/.well-known/security.txt",
        "security.txt",
    ),
    "owasp-review": Sample(
        "Walked through the OWASP Top 10 with Toni; two findings, both closed. Semgrep runs in CI.",
        f"{_WIKI}/security/{{slug}}#owasp",
        "Notes of the OWASP review",
    ),
    "penetration-test": Sample(
        "Two testers for four days; one medium finding, fixed and tested again.",
        f"{_WIKI}/security/penetration-test",
        "Report of the penetration test",
    ),
    "soc2": Sample(
        data=_decision("soc2", "No customer has asked.", "manual: the first contract that asks for it")
    ),
}

_BACKUP: Final = {
    "object-versioning": Sample("Versions are kept for 35 days.", f"{_WIKI}/buckets", "Bucket settings"),
    "cross-region": Sample("Replicated to a second region.", f"{_WIKI}/backup/buckets", "Bucket settings"),
    "pitr": Sample(
        "Point-in-time recovery over 14 days on the managed database.",
        f"{_WIKI}/backup/{{slug}}",
        "PITR settings",
    ),
    "pitr-tested": Sample("Part of the restore drill.", f"{_WIKI}/backup/{{slug}}", "Restore drill"),
    "restore-drill": Sample(
        data=_drill(
            18,
            1_440,
            "Restored the nightly backup beside production, replayed to 09:00, compared counts and sums.",
            fields={
                "restored": "The {name} database, from the nightly backup",
                "target_moment": {"days_ago": 18},
                "declared_rto": 60,
                "declared_rpo": 15,
                "data_loss": 4,
                "checks": "Row counts of 41 tables, sums of the ledger, three orders looked at by hand.",
                "checks_passed": "yes",
            },
            result="41 tables: 0 differences in row counts. Ledger equal to the cent. Newest order 08:56.",
        ),
    ),
}

_DEPLOYMENT: Final = {
    "rolling": Sample("Rolling, one pod at a time, behind readiness checks; it stops by itself on errors."),
    "progressive": Sample("A canary gets 5 % of the traffic for ten minutes."),
    "one-mechanism": Sample("Merge to main deploys by GitHub Actions."),
    "rollback-command": Sample("`deploy rollback {slug}`"),
    "rollback-drill": Sample(
        data=_drill(
            9,
            96,
            "Deployed a version that answers 500 on staging; back within 96 seconds.",
            commands="deploy rollback {slug}",
            fields={"bad_version": "2042", "good_version": "2041"},
        )
    ),
}

_DEFERRED: Final = {
    "sre-function": Sample(
        data=_decision("sre-function", "Twelve services and one product.", "manual: a second product")
    ),
    "unit-test-coverage": Sample(
        data=_decision(
            "unit-test-coverage",
            "The paths that matter are tested end to end.",
            "manual: a regression slips by twice",
        )
    ),
    "multi-region": Sample(
        data=_decision(
            "multi-region",
            "One region and tested backups keep the SLA.",
            "manual: an SLA above 99.9 % is signed",
        )
    ),
    "service-mesh": Sample(
        data=_decision("service-mesh", "Mutual TLS comes with the platform.", "service_count >= 10")
    ),
    "developer-platform": Sample(
        data=_decision("developer-platform", "One CI template serves all.", "on 2030-01-31")
    ),
}

SAMPLES: Final[dict[str, Sample]] = {
    **_OBSERVABILITY,
    **_ALERTING,
    **_ON_CALL,
    **_RUNBOOKS,
    **_CAPACITY,
    **_SECURITY,
    **_BACKUP,
    **_DEPLOYMENT,
    **_DEFERRED,
}


def filled(sample: Sample, name: str, slug: str, now: datetime) -> Sample:
    """Return the sample for one service: its name in the texts, and days ago as moments before `now`."""

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("{name}", name).replace("{slug}", slug)
        if isinstance(value, list):
            return [fill(part) for part in value]
        if isinstance(value, dict) and "days_ago" in value:
            moment = now - timedelta(days=value["days_ago"]) + timedelta(seconds=value.get("seconds", 0))
            return moment.isoformat(timespec="seconds")
        if isinstance(value, dict):
            return {key: fill(part) for key, part in value.items()}
        return value

    data = fill(sample.data)
    if "measured_on" in data:
        data["measured_on"] = data["measured_on"][:10]
    return Sample(fill(sample.note), fill(sample.link), fill(sample.title), data)
