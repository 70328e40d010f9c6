"""The one page of a signed fit check."""

from __future__ import annotations

from typing import Any

from django.template import Context

from . import words
from .document import as_markdown, engine, web_address
from .fit_schema import FitSnapshot, Statement


def to_html(snapshot: FitSnapshot, digest: str) -> str:
    """Return the whole document; `digest` is the SHA-256 of the snapshot's canonical bytes."""
    template = engine().get_template("packets/pdf/fit.html")
    return str(template.render(Context(_context(snapshot, digest))))


def _context(snapshot: FitSnapshot, digest: str) -> dict[str, Any]:
    service, checklist = snapshot.service, snapshot.checklist
    rows = [
        ("Signed", _said(snapshot.signed)),
        ("Recorded", _said(snapshot.recorded)),
        ("Service", f"{service.name}, owned by {service.team}, tier {service.tier}"),
        ("Checklist", f"{checklist.slug} v{checklist.version}"),
        ("Content hash", f"sha256 {words.grouped(digest)}"),
        ("Last event", words.grouped(snapshot.events[-1].hash) if snapshot.events else ""),
    ]
    return {
        "title": words.line(f"{service.name}: {checklist.title} does not fit"),
        "author": words.line(snapshot.signed.by),
        "created": snapshot.signed.at,
        "generator": words.line(f"{snapshot.generator.name} {snapshot.generator.version}"),
        "footer": words.line(f"{service.slug} · fit check · {digest[:8]}"),
        "service": words.line(service.name),
        "description": words.line(service.description),
        "subtitle": words.line(f"{checklist.title}, fit check"),
        "verdict": snapshot.fit.verdict,
        "verdict_words": words.FIT[snapshot.fit.verdict],
        "reasons": [words.line(reason) for reason in snapshot.fit.reasons],
        "rows": [(label, words.line(value)) for label, value in rows if value],
        "note": as_markdown(snapshot.recorded.note),
        "sign_note": as_markdown(snapshot.signed.note),
        "facts": " · ".join(words.line(f"{fact.label}: {fact.words}") for fact in snapshot.facts),
        "url": web_address(snapshot.url),
    }


def _said(statement: Statement) -> str:
    return f"{statement.by}, {words.at_minute(statement.at)}"
