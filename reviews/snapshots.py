"""Build the snapshot of a review from its rows: everything that its packet will ever show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, cast

from django.conf import settings

from checklist.facts import FACTS
from checklist.models import Item
from checklist.rules import recorded_lines
from checklist.rules.judging import duration_in_words
from readiness import __version__
from reviews.events import review_stream
from reviews.models import (
    Approval,
    Drill,
    Event,
    Evidence,
    Finding,
    ProbeRun,
    Review,
    Ruling,
    Service,
    SignOff,
    Waiver,
)
from reviews.packets import schema
from reviews.queries.content import digest_of, section_content
from reviews.queries.drills import ended_drills, spec_of, standing_of
from reviews.queries.sheet import ItemSheet, SectionSheet, probe_title
from reviews.states import AnswerState, DrillStatus, RunStatus, WaiverStatus


def build_snapshot(review: Review, sign_off: SignOff, sheets: list[SectionSheet]) -> schema.Snapshot:
    """Return the snapshot of a review at its sign-off. A query for events, one for drills, none per item."""
    service = review.service
    drills: dict[str, list[Drill]] = {}
    for drill in ended_drills(review):
        drills.setdefault(drill.item, []).append(drill)
    return schema.Snapshot(
        generator=schema.Generator(name="Readiness", version=__version__),
        service=service_record(service),
        review=schema.ReviewRecord(
            number=review.number,
            url=settings.BASE_URL + review.get_absolute_url(),
            started_at=schema.timestamp(review.started_at),
            started_by=str(review.started_by),
        ),
        checklist=schema.ChecklistRecord(
            slug=review.checklist.slug,
            title=review.checklist.title,
            version=review.version.number,
            content_hash=review.version.content_hash,
        ),
        facts=fact_records(review.facts),
        fit=schema.Fit(verdict=review.fit["verdict"], reasons=review.fit["reasons"]),
        sections=tuple(_section(sheet, drills) for sheet in sheets),
        signoff=schema.SignOffRecord(
            by=str(sign_off.by),
            at=schema.timestamp(sign_off.at),
            verdict=cast("schema.SignOffVerdict", sign_off.verdict),
            note=sign_off.note,
            digest=sign_off.digest,
        ),
        valid_until=valid_until(sheets),
        events=_trail(review),
    )


def service_record(service: Service) -> schema.ServiceRecord:
    """The service as it is now."""
    return schema.ServiceRecord(
        slug=service.slug,
        name=service.name,
        team=service.team.name,
        tier=str(service.tier),
        description=service.description,
        production_url=service.production_url,
        repository_url=service.repository_url,
    )


def valid_until(sheets: list[SectionSheet]) -> schema.ValidUntil | None:
    """The first day after which something that the sign-off rests on is too old or over, and what."""
    ends: list[tuple[date, str]] = []
    for sheet in sheets:
        if sheet.order_waiver:
            ends.append((sheet.order_waiver.expires_on, f"a waiver for {sheet.section.section.title} ends"))
        for item in sheet.applicable:
            ends += [
                (row.valid_until, f"“{row.title}” grows stale") for row in item.evidence if row.valid_until
            ]
            if item.waiver:
                ends.append((item.waiver.expires_on, f"the waiver of “{item.item.title}” ends"))
    if not ends:
        return None
    day, reason = min(ends)
    return schema.ValidUntil(date=schema.day(day), reason=reason)


def _section(sheet: SectionSheet, drills: Mapping[str, list[Drill]]) -> schema.SectionRecord:
    row = sheet.section
    findings = [*sheet.findings, *(finding for item in sheet.items for finding in item.findings)]
    return schema.SectionRecord(
        position=row.position,
        slug=row.slug,
        title=row.section.title,
        question=row.section.question,
        items=tuple(_item(item, drills.get(item.item.slug, [])) for item in sheet.items),
        approvals=tuple(_approval(approval) for approval in sheet.valid_approvals),
        findings=tuple(_finding(finding) for finding in findings),
        order_waiver=_waiver(sheet.order_waiver),
        digest=digest_of(section_content(sheet)),
    )


def _item(sheet: ItemSheet, drills: list[Drill]) -> schema.ItemRecord:
    answer, item = sheet.answer, sheet.item
    state = answer.state if answer.applicable else AnswerState.NOT_APPLICABLE
    deferred = answer.applicable and state == AnswerState.DEFERRED
    return schema.ItemRecord(
        slug=item.slug,
        title=item.title,
        severity=cast("schema.Severity", item.severity),
        kind=cast("schema.ItemKind", item.kind),
        applicable=answer.applicable,
        not_applicable_reason="" if answer.applicable else "The service's profile says so.",
        state=cast("schema.ItemState", state),
        note=answer.note,
        reason=answer.reason,
        data=answer.data,
        recorded=tuple(
            tuple(schema.Recorded(label=label, text=text) for label, text in line)
            for line in recorded_lines(item.kind, item.spec, answer.data)
        ),
        judgement=schema.Judgement(
            verdict=answer.judgement.get("verdict", ""), reasons=answer.judgement.get("reasons", ())
        ),
        answered_by=str(answer.answered_by or ""),
        answered_at=_moment(answer.answered_at),
        evidence=tuple(_evidence(row) for row in sheet.evidence),
        probe_runs=tuple(_run(run) for run in sheet.runs if run.status == RunStatus.DONE),
        drills=tuple(_drill(drill, item, answer.data.get("drill")) for drill in drills),
        rulings=tuple(_ruling(ruling) for ruling in sheet.rulings),
        waiver=_waiver(sheet.waiver),
        deferral=schema.DeferralRecord(reason=answer.reason, trigger=answer.trigger) if deferred else None,
    )


def _evidence(row: Evidence) -> schema.EvidenceRecord:
    return schema.EvidenceRecord(
        id=str(row.pk),
        kind=row.kind,
        grade=cast("schema.Grade", row.grade),
        title=row.title,
        url=row.url,
        body=row.body,
        file_name=row.file_name,
        size=row.file.size if row.file else None,
        sha256=row.sha256,
        media_type=row.file.media_type if row.file else "",
        added_by=str(row.added_by) if row.added_by else "Readiness",
        added_at=schema.timestamp(row.added_at),
        observed_on=schema.day(row.observed_on),
        valid_until=schema.day(row.valid_until) if row.valid_until else None,
        outcome=cast("schema.OutcomeName", row.probe_run.outcome) if row.probe_run else None,
    )


def _run(run: ProbeRun) -> schema.ProbeRunRecord:
    return schema.ProbeRunRecord(
        probe=run.probe,
        title=probe_title(run.probe),
        version=run.probe_version,
        outcome=cast("schema.OutcomeName", run.outcome),
        summary=run.summary,
        finished_at=schema.timestamp(run.finished_at or run.requested_at),
        facts_hash=run.facts_hash,
        config_hash=run.config_hash,
    )


def _drill(row: Drill, item: Item, counts: int | None) -> schema.DrillRecord:
    event = row.corroborated_by
    return schema.DrillRecord(
        id=row.pk,
        ended_at=schema.timestamp(row.ended_at or row.arranged_at),
        stopped_at=_moment(row.stopped_at),
        duration_ms=row.duration_ms,
        took="" if row.duration_ms is None else duration_in_words(round(row.duration_ms / 1000)),
        runner=str(row.runner),
        witness=str(row.witness),
        source=row.get_source_display(),
        outcome=row.outcome,
        verdict=row.judgement.get("verdict", ""),
        standing="Abandoned" if row.status == DrillStatus.ABANDONED else standing_of(row, spec_of(item)),
        counts=row.pk == counts,
        borne_out_by=f"{event}, {event.environment}, {schema.timestamp(event.at)}" if event else "",
        why=row.clock_fault or row.ended_reason,
    )


def _ruling(row: Ruling) -> schema.Ruling:
    return schema.Ruling(
        probe=probe_title(row.probe),
        decision=row.get_decision_display(),
        reason=row.reason,
        by=str(row.by),
        at=schema.timestamp(row.at),
    )


def _waiver(row: Waiver | None) -> schema.WaiverRecord | None:
    if row is None or row.status != WaiverStatus.GRANTED or row.decided_at is None:
        return None
    return schema.WaiverRecord(
        reason=row.reason,
        compensating_control=row.compensating_control,
        requested_by=str(row.requested_by),
        approved_by=str(row.decided_by),
        approved_at=schema.timestamp(row.decided_at),
        expires_on=schema.day(row.expires_on),
    )


def _approval(row: Approval) -> schema.ApprovalRecord:
    return schema.ApprovalRecord(
        by=str(row.reviewer),
        roles=tuple(row.roles),
        at=schema.timestamp(row.at),
        note=row.note,
        digest=row.content_id,
    )


def _finding(row: Finding) -> schema.FindingRecord:
    return schema.FindingRecord(
        title=row.title,
        detail=row.detail,
        blocking=row.blocking,
        status=cast("schema.FindingState", row.status),
        item=row.answer.item.slug if row.answer else "",
        owner=str(row.owner or ""),
        due_on=schema.day(row.due_on) if row.due_on else None,
        raised_by=str(row.raised_by),
        raised_at=schema.timestamp(row.raised_at),
        fix_note=row.fix_note,
        fixed_by=str(row.fixed_by or ""),
        fixed_at=_moment(row.fixed_at),
        verified_by=str(row.verified_by or ""),
        verified_at=_moment(row.verified_at),
    )


def _trail(review: Review) -> schema.EventTrail:
    stream = review_stream(review.pk)
    rows = Event.objects.filter(stream=stream).order_by("seq")
    return schema.EventTrail(
        stream=stream,
        service_id=review.service_id,
        review_id=review.pk,
        head=review.event_head,
        entries=tuple(event_record(row) for row in rows),
    )


def event_record(row: Event) -> schema.EventRecord:
    """An event with all that its hash covers."""
    return schema.EventRecord(
        seq=row.seq,
        at=schema.timestamp(row.at),
        actor_id=row.actor_id,
        actor=row.actor_name,
        verb=row.verb,
        section=row.section,
        item=row.item,
        summary=row.summary,
        data=row.data,
        hash=row.hash,
    )


def fact_records(facts: Mapping[str, Any]) -> tuple[schema.FactRecord, ...]:
    """All profile facts with the words that readers see."""
    return tuple(
        schema.FactRecord(
            name=fact.name,
            label=fact.label,
            value=facts.get(fact.name),
            words=fact.label_of(facts.get(fact.name)),
        )
        for fact in FACTS
    )


def _moment(value: datetime | None) -> str | None:
    return schema.timestamp(value) if value else None
