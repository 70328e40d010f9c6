"""Snapshot to HTML: what the pages say, as plain lines, and the template that sets them.

The document is made of blocks with long runs of text. A table, an inline box or a line more each cost the
typesetter about a millisecond: see docs/adr/0050-packets-are-blocks-of-text.md.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from django.template import Context, Engine
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from readiness.accounts.roles import REVIEWER_ROLES
from readiness.markdown import render_markdown

from . import figures, words
from .schema import (
    ApprovalRecord,
    DrillRecord,
    EventRecord,
    EvidenceRecord,
    FindingRecord,
    ItemRecord,
    SectionRecord,
    Snapshot,
    WaiverRecord,
)

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
_LIST_TAG = re.compile(r'<(ul|ol|/ul|/ol|li)(?: start="(\d{1,9})")?>')
_LISTING = re.compile(r"<pre[^>]*>(?:<code>)?([^<]*)(?:</code>)?</pre>")
_LISTING_LINES = 30
_WEB = re.compile(r"https?://[^\s\x00-\x1f]+", re.IGNORECASE)


class Line(NamedTuple):
    """One line of an item: its class, its words, and where it leads."""

    kind: str
    text: str
    url: str = ""


class Block(NamedTuple):
    """An item as it is printed."""

    slug: str
    title: str
    state: str
    state_line: str
    note: SafeString | str
    lines: list[Line]


def to_html(snapshot: Snapshot, digest: str) -> str:
    """Return the whole document; `digest` is the SHA-256 of the snapshot's canonical bytes."""
    template = engine().get_template("packets/pdf/packet.html")
    return str(template.render(Context(_context(snapshot, digest))))


@cache
def engine() -> Engine:
    """The packet's own template engine: no context processors, and a missing variable is seen in tests."""
    return Engine(
        dirs=[str(TEMPLATES)],
        loaders=[("django.template.loaders.cached.Loader", ["django.template.loaders.filesystem.Loader"])],
    )


def _context(snapshot: Snapshot, digest: str) -> dict[str, Any]:
    waived, deferred = figures.waived(snapshot), figures.deferred(snapshot)
    order_waivers = [section for section in snapshot.sections if section.order_waiver]
    service, review, signoff = snapshot.service, snapshot.review, snapshot.signoff
    return {
        "title": words.line(f"{service.name}, review {review.number}: sign-off packet"),
        "author": words.line(signoff.by),
        "created": signoff.at,
        "generator": words.line(f"{snapshot.generator.name} {snapshot.generator.version}"),
        "footer": words.line(f"{service.slug} · review {review.number} · {digest[:8]}"),
        "service": words.line(service.name),
        "description": words.line(service.description),
        "subtitle": words.line(f"{snapshot.checklist.title}, review {review.number}"),
        "verdict": signoff.verdict,
        "verdict_words": words.verdict(snapshot, len(waived) + len(order_waivers)),
        "cover": _cover(snapshot, digest),
        "sign_off_note": as_markdown(signoff.note),
        "fit": snapshot.fit.verdict,
        "fit_words": words.FIT[snapshot.fit.verdict],
        "fit_reasons": [words.line(reason) for reason in snapshot.fit.reasons],
        "facts": " · ".join(words.line(f"{fact.label}: {fact.words}") for fact in snapshot.facts),
        "sections": [_section(section) for section in snapshot.sections],
        "waivers": [_waiver_row(section, item.title, item.slug, item.waiver) for section, item in waived]
        + [
            _waiver_row(section, f"Section {section.position} out of order", "", section.order_waiver)
            for section in order_waivers
        ],
        "deferrals": [_deferral_row(section, item) for section, item in deferred],
        "findings": [
            _finding_row(section, finding) for section in snapshot.sections for finding in section.findings
        ],
        "runs": _runs(snapshot.events.entries),
        "events": len(snapshot.events.entries),
        "head": words.grouped(snapshot.events.head),
        "digest": digest,
        "digest_grouped": words.grouped(digest),
        "review_url": web_address(review.url),
    }


def _cover(snapshot: Snapshot, digest: str) -> list[tuple[str, str]]:
    counted = figures.count(snapshot)
    service, checklist, signoff = snapshot.service, snapshot.checklist, snapshot.signoff
    held, met = counted.drills
    rows = [
        ("Signed off", f"{signoff.by}, {words.at_minute(signoff.at)}"),
        ("Service", f"{service.name}, owned by {service.team}, tier {service.tier}"),
        ("Addresses", " · ".join(url for url in (service.production_url, service.repository_url) if url)),
        ("Started", f"{snapshot.review.started_by}, {words.at_minute(snapshot.review.started_at)}"),
        ("Checklist", f"{checklist.slug} v{checklist.version}, {words.items_in_words(counted)}"),
        ("Evidence", words.evidence_in_words(counted)),
        ("Drills", f"{met} of {held} met" if held else ""),
        ("Open findings", str(counted.findings_open) if counted.findings_open else ""),
        ("Valid until", _valid_until(snapshot)),
        ("Content hash", f"sha256 {words.grouped(digest)}"),
    ]
    return [(label, words.line(value)) for label, value in rows if value]


def _valid_until(snapshot: Snapshot) -> str:
    limit = snapshot.valid_until
    return f"{words.on_day(limit.date)}, when {limit.reason}" if limit else "nothing in it grows stale"


def _section(section: SectionRecord) -> dict[str, Any]:
    return {
        "position": section.position,
        "title": words.line(section.title),
        "question": words.line(section.question),
        "approvals": _approvals(section.approvals),
        "notes": [
            words.line(f"{approval.by}: {approval.note}") for approval in section.approvals if approval.note
        ],
        "digest": words.short(section.digest),
        "blocks": [_block(item) for item in section.items],
    }


def _approvals(approvals: tuple[ApprovalRecord, ...]) -> str:
    if not approvals:
        return "Not approved"
    people = [f"{approval.by}{_roles(approval)} on {words.at_minute(approval.at)}" for approval in approvals]
    return words.line(f"Approved by {' and by '.join(people)}")


def _roles(approval: ApprovalRecord) -> str:
    names = [REVIEWER_ROLES.get(role, role) for role in approval.roles]
    return f" ({', '.join(names)})" if names else ""


def _block(item: ItemRecord) -> Block:
    lines = [Line("d", words.recorded_line(each)) for each in item.recorded]
    lines += [Line("j", words.line(reason)) for reason in item.judgement.reasons]
    lines += [_evidence(piece, item.answered_by) for piece in item.evidence]
    lines += [Line("b", as_markdown(piece.body)) for piece in item.evidence if piece.body]
    lines += [
        Line(
            "e",
            words.line(
                f"▲ probe · {run.title} v{run.version}: {words.OUTCOMES.get(run.outcome, run.outcome)}, "
                f"{run.summary} · {words.at_minute(run.finished_at)} · facts {words.short(run.facts_hash, 8)}"
            ),
        )
        for run in item.probe_runs
    ]
    lines += [Line("e", words.line(_drill(drill))) for drill in item.drills]
    lines += [
        Line(
            "r",
            words.line(
                f"Ruling on {ruling.probe}: {ruling.decision}. {ruling.reason} "
                f"{ruling.by}, {words.at_minute(ruling.at)}"
            ),
        )
        for ruling in item.rulings
    ]
    return Block(
        slug=item.slug,
        title=words.line(item.title),
        state=item.state,
        state_line=_state_line(item),
        note=as_markdown(item.note),
        lines=[*_reasons(item), *lines],
    )


def _drill(drill: DrillRecord) -> str:
    what = drill.outcome or "no outcome"
    parts = [
        f"▶ drill · {words.at_minute(drill.stopped_at or drill.ended_at)}: {what}",
        drill.took,
        f"run by {drill.runner}, watched by {drill.witness}",
        drill.standing.lower(),
        drill.borne_out_by,
        drill.why,
        "this one counts" if drill.counts else "",
    ]
    return " · ".join(part for part in parts if part)


def _state_line(item: ItemRecord) -> str:
    parts = [words.STATES[item.state]]
    if item.waiver:
        parts[0] += f" until {words.on_day(item.waiver.expires_on)}"
    if item.severity == "advisory":
        parts.append("advisory")
    if item.judgement.verdict:
        parts.append(f"judged {item.judgement.verdict.replace('_', ' ')}")
    if item.answered_by and item.answered_at:
        parts.append(f"{item.answered_by}, {words.on_day(item.answered_at)}")
    parts.append(item.slug)
    return words.line(" · ".join(parts))


def _reasons(item: ItemRecord) -> list[Line]:
    found = []
    if not item.applicable:
        found.append(Line("j", words.line(item.not_applicable_reason)))
    if item.reason:
        found.append(Line("j", words.line(item.reason)))
    if item.waiver:
        found.append(Line("r", _waiver_in_words(item.waiver)))
    if item.deferral:
        found.append(Line("r", words.sentences(item.deferral.reason, f"Look again: {item.deferral.trigger}")))
    return [entry for entry in found if entry.text]


def _waiver_in_words(waiver: WaiverRecord) -> str:
    return words.sentences(
        waiver.reason,
        f"Instead: {waiver.compensating_control}",
        f"Asked for by {waiver.requested_by}, granted by {waiver.approved_by} on "
        f"{words.on_day(waiver.approved_at)}",
    )


def _evidence(piece: EvidenceRecord, answered_by: str) -> Line:
    outcome = f": {words.OUTCOMES.get(piece.outcome, piece.outcome)}" if piece.outcome else ""
    parts = [words.GRADES[piece.grade], piece.title + outcome, _dates(piece)]
    if piece.added_by != answered_by:
        parts.append(piece.added_by)
    if piece.file_name:
        parts.append(f"{piece.file_name} ({words.size(piece.size or 0)})")
    elif piece.url:
        parts.append(piece.url)
    if piece.sha256:
        parts.append(words.short(piece.sha256, 12))
    return Line("e", words.line(" · ".join(parts)), web_address(piece.url))


def _dates(piece: EvidenceRecord) -> str:
    seen = words.on_day(piece.observed_on)
    return f"{seen}, fresh to {words.on_day(piece.valid_until)}" if piece.valid_until else seen


def _waiver_row(section: SectionRecord, title: str, slug: str, waiver: WaiverRecord | None) -> dict[str, str]:
    if waiver is None:
        return {"title": words.line(title), "slug": slug, "line": "No waiver is recorded for this item."}
    return {
        "title": words.line(title),
        "slug": slug,
        "line": words.line(
            f"Section {section.position} · expires {words.on_day(waiver.expires_on)} · "
            + _waiver_in_words(waiver)
        ),
    }


def _deferral_row(section: SectionRecord, item: ItemRecord) -> dict[str, str]:
    said = item.deferral
    text = words.sentences(said.reason, f"Look again: {said.trigger}") if said else item.reason
    return {
        "title": words.line(item.title),
        "slug": item.slug,
        "line": words.line(f"Section {section.position} · {text}"),
    }


def _finding_row(section: SectionRecord, finding: FindingRecord) -> dict[str, str]:
    about = f"Section {section.position}" + (f", {finding.item}" if finding.item else "")
    parts = [words.FINDINGS[finding.status], "blocking" if finding.blocking else "not blocking", about]
    parts.append(f"raised by {finding.raised_by} on {words.on_day(finding.raised_at)}")
    if finding.owner:
        parts.append(f"owner {finding.owner}")
    if finding.due_on:
        parts.append(f"due {words.on_day(finding.due_on)}")
    if finding.verified_at:
        parts.append(f"verified by {finding.verified_by} on {words.on_day(finding.verified_at)}")
    return {
        "title": words.line(finding.title),
        "line": words.line(" · ".join(parts)),
        "text": words.line(f"{finding.detail} {finding.fix_note}"),
    }


def _runs(entries: tuple[EventRecord, ...]) -> list[dict[str, str]]:
    """Put what one person did in a row on one day into a paragraph; each event keeps its minute and words."""
    runs = []
    for (day, actor), group in groupby(entries, key=lambda event: (event.at[:10], event.actor)):
        events = list(group)
        span = f"{events[0].seq}" if len(events) == 1 else f"{events[0].seq} to {events[-1].seq}"
        runs.append(
            {
                "head": words.line(
                    f"{words.on_day(day)} · {actor} · {span} · {words.short(events[-1].hash)}"
                ),
                "text": words.line("; ".join(_acts(events))),
            }
        )
    return runs


def _acts(events: list[EventRecord]) -> list[str]:
    acts = []
    for (minute, summary), group in groupby(events, key=lambda event: (event.at[11:16], event.summary)):
        times = sum(1 for _ in group)
        acts.append(f"{minute} {summary}" + (f" (\N{MULTIPLICATION SIGN}{times})" if times > 1 else ""))
    return acts


def as_markdown(text: str) -> SafeString | str:
    """Return sanitised HTML that is cheap to set: flat lists, long listings in pieces, endless texts cut."""
    if not text.strip():
        return ""
    printed, left = words.printed_part(words.clean(text))
    html = short_listings(flat_lists(render_markdown(printed)))
    return html + format_html('<p class="j">{} in the attached snapshot.json.</p>', left) if left else html


def short_listings(html: str) -> SafeString:
    """Cut each listing of `html` into pieces: the time to set one grows with the square of its length."""

    def pieces(listing: re.Match[str]) -> str:
        lines = listing.group(1).split("\n")
        parts = ("\n".join(lines[n : n + _LISTING_LINES]) for n in range(0, len(lines), _LISTING_LINES))
        return "".join(f"<pre>{part}</pre>" for part in parts)

    return mark_safe(_LISTING.sub(pieces, html))  # noqa: S308 -- cut at line ends of sanitised HTML


def flat_lists(html: str) -> SafeString:
    """Write the markers of lists into the text of `html`: a marker of its own costs as much as five lines."""
    counters: list[int | None] = []

    def marked(tag: re.Match[str]) -> str:
        name = tag.group(1)
        if name == "ul":
            counters.append(None)
        elif name == "ol":
            counters.append(int(tag.group(2) or 1) - 1)
        elif name != "li":
            if counters:
                counters.pop()
        elif counters and (number := counters[-1]) is not None:
            counters[-1] = number + 1
            return f"{tag.group()}{number + 1}. "
        else:
            return f"{tag.group()}• "
        return tag.group()

    return mark_safe(_LIST_TAG.sub(marked, html))  # noqa: S308 -- digits and bullets added to sanitised HTML


def web_address(url: str) -> str:
    """Return `url` if it is one of the web, else nothing: a packet links nowhere else."""
    return url if _WEB.fullmatch(url) else ""
