"""A snapshot of any size, made without a database."""

from __future__ import annotations

import hashlib
from typing import Any

from reviews.packets import schema as s

SECTIONS = [
    ("Observability", "Can you see what it does?"),
    ("Alerting", "Does a person hear of it when users hurt?"),
    ("On-call", "Is there someone to hear it?"),
    ("Runbooks", "Do they know what to do?"),
    ("Capacity", "How much more can it take?"),
    ("Security", "Who else can get in?"),
    ("Backup and restore", "Did you really restore it?"),
    ("Deployment", "How fast can you take it back?"),
    ("Deferred on purpose", "What are you leaving out, and until when?"),
]
GRADES: list[s.Grade] = ["machine", "witnessed", "attested", "asserted"]

NOTES = [
    (
        "Rule CheckoutErrors{number} pages the primary after five minutes above 1 %. Tried on 20 November by "
        "breaking the payment stub: the page came after four minutes and named the flow."
    ),
    "Done.",
    (
        "Rule **CheckoutErrors{number}** pages the primary.\n\n"
        "- Tried on 20 November by breaking `payments-{number}`\n- The page came after four minutes"
    ),
]


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def evidence(number: int, **changes: Any) -> s.EvidenceRecord:
    grade = GRADES[number % 4]
    fields: dict[str, Any] = {
        "id": f"ev-{number}",
        "kind": ("probe", "drill", "file", "link")[number % 4],
        "grade": grade,
        "title": f"Prometheus rules of the payment path, export {number}",
        "url": f"https://grafana.example.com/d/{number}/checkout?from=now-7d" if number % 4 == 3 else "",
        "file_name": f"rules-{number}.yaml" if number % 4 == 2 else "",
        "size": 20_480 + number if number % 4 == 2 else None,
        "sha256": sha(f"evidence {number}") if number % 4 in (0, 2) else None,
        "media_type": "application/yaml" if number % 4 == 2 else "",
        "added_by": "M. Kerr",
        "added_at": "2026-11-21T11:40:00Z",
        "observed_on": "2026-11-21",
        "valid_until": "2027-02-19",
        "outcome": "pass" if number % 4 == 0 else None,
    }
    return s.EvidenceRecord(**{**fields, **changes})


def item(number: int, evidence_count: int = 2, **changes: Any) -> s.ItemRecord:
    state: s.ItemState = "met"
    fields: dict[str, Any] = {
        "slug": f"item-{number}",
        "title": f"A page fires when the error rate of user flow {number} breaks its objective",
        "severity": "advisory" if number % 7 == 0 else "blocker",
        "kind": "attestation",
        "applicable": True,
        "state": state,
        "note": NOTES[number % 3].format(number=number),
        "answered_by": "M. Kerr",
        "answered_at": "2026-11-21T12:00:00Z",
        "evidence": tuple(evidence(number * evidence_count + n) for n in range(evidence_count)),
    }
    if number % 5 == 0:
        fields["probe_runs"] = (
            s.ProbeRunRecord(
                probe="health_endpoint",
                title="Health endpoint",
                version="1",
                outcome="pass",
                summary="200 in 84 ms",
                finished_at="2026-11-23T11:40:00Z",
                facts_hash=sha(f"facts {number}"),
                config_hash=sha("config"),
            ),
        )
    if number % 25 == 8:
        fields |= {
            "state": "waived",
            "note": "",
            "waiver": s.WaiverRecord(
                reason="The autoscaler lands in January.",
                compensating_control="QueueDepthHigh stays a page until then.",
                requested_by="M. Kerr",
                approved_by="A. Lind",
                approved_at="2026-11-22T09:00:00Z",
                expires_on="2027-01-31",
            ),
        }
    if number % 30 == 11:
        fields |= {
            "state": "not_applicable",
            "applicable": False,
            "not_applicable_reason": "The service takes no payments.",
            "note": "",
            "evidence": (),
        }
    return s.ItemRecord(**{**fields, **changes})


def section(position: int, items: tuple[s.ItemRecord, ...], **changes: Any) -> s.SectionRecord:
    title, question = SECTIONS[(position - 1) % len(SECTIONS)]
    fields: dict[str, Any] = {
        "position": position,
        "slug": title.lower().replace(" ", "-"),
        "title": title,
        "question": question,
        "items": items,
        "approvals": (
            s.ApprovalRecord(by="J. Soto", roles=("sre",), at="2026-11-22T15:00:00Z", digest=sha(title)),
            s.ApprovalRecord(
                by="T. Okafor", roles=("security",), at="2026-11-23T08:30:00Z", digest=sha(title)
            ),
        ),
        "digest": sha(title),
    }
    return s.SectionRecord(**{**fields, **changes})


def trail(count: int) -> tuple[s.EventRecord, ...]:
    """A life of `count` events: three per item by two people in turn."""
    entries = []
    for n in range(count):
        verb = ("person:answer:save", "person:evidence:add", "person:evidence:add")[n % 3]
        entries.append(
            s.EventRecord(
                seq=n + 1,
                at=f"2026-11-{20 + n * 4 // max(count, 1):02}T{8 + n % 12:02}:15:00.123456Z",
                actor_id=7 + n // 24 % 2,
                actor=("M. Kerr", "L. Berg")[n // 24 % 2],
                verb=verb,
                section="alerting",
                item=f"item-{n // 3}",
                summary=f"item-{n // 3}: met" if n % 3 == 0 else "Evidence added: Prometheus rules",
                hash=sha(f"event {n}"),
            )
        )
    return tuple(entries)


def snapshot(
    items: int = 6, evidence_each: int = 2, section_count: int = 3, events: int = 12, **changes: Any
) -> s.Snapshot:
    """A signed-off review with `items` items spread over `sections` sections."""
    groups: list[list[s.ItemRecord]] = [[] for _ in range(section_count)]
    for number in range(items):
        groups[number * section_count // items if items else 0].append(item(number, evidence_each))
    entries = trail(events)
    fields: dict[str, Any] = {
        "generator": s.Generator(name="readiness", version="0.1.0"),
        "service": s.ServiceRecord(
            slug="checkout",
            name="checkout",
            team="Payments",
            tier="1",
            description="Takes the basket, the address and the money.",
            production_url="https://checkout.example.com",
            repository_url="https://git.example.com/payments/checkout",
        ),
        "review": s.ReviewRecord(
            number=3,
            url="https://readiness.example.com/services/checkout/reviews/3/",
            started_at="2026-11-02T09:00:00Z",
            started_by="M. Kerr",
        ),
        "checklist": s.ChecklistRecord(
            slug="mvp-to-production", title="MVP to production", version=1, content_hash=sha("checklist")
        ),
        "facts": (
            s.FactRecord(name="customer_facing", label="Carries customer traffic", value=True, words="Yes"),
            s.FactRecord(name="handles_payments", label="Handles payments", value=False, words="No"),
            s.FactRecord(name="team_size", label="Engineers", value=12, words="12"),
            s.FactRecord(name="cloud", label="Where it runs", value="aws", words="AWS"),
            s.FactRecord(name="stage", label="Stage of the company", value=None, words="Not stated"),
        ),
        "fit": s.Fit(
            verdict="fits",
            reasons=("Between 5 and 50 engineers.", "Real traffic for the first time."),
        ),
        "sections": tuple(section(n + 1, tuple(group)) for n, group in enumerate(groups)),
        "signoff": s.SignOffRecord(
            by="A. Lind",
            at="2026-11-23T14:02:00Z",
            verdict="ready_with_waivers",
            note="Good work. The waivers end in January.",
            digest=sha("review"),
        ),
        "valid_until": s.ValidUntil(date="2027-02-21", reason="the restore drill goes stale"),
        "events": s.EventTrail(
            stream="review:3",
            service_id=1,
            review_id=3,
            head=entries[-1].hash if entries else "0" * 64,
            entries=entries,
        ),
    }
    return s.Snapshot(**{**fields, **changes})


def content(**changes: Any) -> bytes:
    """The canonical bytes of `snapshot(...)`."""
    return s.canonical(snapshot(**changes))
