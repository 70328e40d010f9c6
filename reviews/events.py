"""The audit record: append events to a chain, and verify chains.

Each event's hash covers its content and the hash before it, so a changed, removed or reordered event breaks
the chain from there on. Verbs are tags `source:subject:action` with source person, probe or system.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import rfc8785
from django.db import transaction
from django.utils import timezone

from readiness.accounts.rights import Actor
from reviews.models import Event, EventStream, Review, Service
from reviews.models.event import GENESIS, Chained

SYSTEM_NAME = "Readiness"


@dataclass(frozen=True, slots=True)
class Act:
    """What happened, before it has its place in a chain."""

    verb: str
    summary: str
    section: str = ""
    item: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def review_stream(review_id: int) -> str:
    """Name of the chain of one review."""
    return f"review:{review_id}"


def append(
    holder: Chained,
    stream: str,
    actor: Actor | None,
    acts: Iterable[Act],
    *,
    at: datetime,
    service_id: int | None = None,
    review_id: int | None = None,
) -> list[Event]:
    """Append `acts` to the chain whose head `holder` keeps; `actor` None stands for the system itself.

    The caller has `holder` locked and saves its `event_count` and `event_head` in the same transaction.
    """
    rows = _chain(holder, stream, actor, acts, at=at, service_id=service_id, review_id=review_id)
    return Event.objects.bulk_create(rows)


def _chain(
    holder: Chained,
    stream: str,
    actor: Actor | None,
    acts: Iterable[Act],
    *,
    at: datetime,
    service_id: int | None,
    review_id: int | None,
) -> list[Event]:
    """Give each act its place in the chain of `holder`; nothing is stored yet."""
    rows = []
    for act in acts:
        event = Event(
            stream=stream,
            seq=holder.event_count + 1,
            at=at,
            actor_id=actor.id if actor else None,
            actor_name=actor.name if actor else SYSTEM_NAME,
            verb=act.verb,
            service_id=service_id,
            review_id=review_id,
            section=act.section,
            item=act.item,
            summary=act.summary[:300],
            data=act.data,
            prev_hash=holder.event_head,
        )
        event.hash = hash_of(event)
        holder.event_count, holder.event_head = event.seq, event.hash
        rows.append(event)
    return rows


def record(
    actor: Actor | None, act: Act, *, stream: str = "installation", service: Service | None = None
) -> Event:
    """Append one act that belongs to no review: to the chain of `service`, or to that of the installation."""
    name = f"service:{service.pk}" if service else stream
    with transaction.atomic():
        EventStream.objects.get_or_create(name=name)
        holder = EventStream.objects.select_for_update().get(name=name)
        at = timezone.now()
        (event,) = append(holder, name, actor, [act], at=at, service_id=service.pk if service else None)
        holder.save(update_fields=["event_count", "event_head"])
    return event


def record_each(actor: Actor | None, acts: Iterable[tuple[Service, Act]]) -> list[Event]:
    """Append acts to the chains of many services, in a handful of queries."""
    named: dict[str, list[tuple[Service, Act]]] = {}
    for service, act in acts:
        named.setdefault(f"service:{service.pk}", []).append((service, act))
    with transaction.atomic():
        EventStream.objects.bulk_create([EventStream(name=name) for name in named], ignore_conflicts=True)
        holders = list(EventStream.objects.select_for_update().filter(name__in=named).order_by("pk"))
        at = timezone.now()
        rows: list[Event] = []
        for holder in holders:
            (service, _), *_ = named[holder.name]
            done = [act for _, act in named[holder.name]]
            rows += _chain(holder, holder.name, actor, done, at=at, service_id=service.pk, review_id=None)
        EventStream.objects.bulk_update(holders, ["event_count", "event_head"], batch_size=500)
        return Event.objects.bulk_create(rows, batch_size=500)


def hash_of(event: Event) -> str:
    """SHA-256 over the event's canonical JSON (RFC 8785), the previous hash included."""
    content = {
        "stream": event.stream,
        "seq": event.seq,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": event.actor_id,
        "actor_name": event.actor_name,
        "verb": event.verb,
        "service": event.service_id,
        "review": event.review_id,
        "section": event.section,
        "item": event.item,
        "summary": event.summary,
        "data": event.data,
        "prev": event.prev_hash,
    }
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a chain does not hold."""

    stream: str
    seq: int
    problem: str


def _heads() -> Iterator[tuple[str, int, str]]:
    for name, count, head in EventStream.objects.values_list("name", "event_count", "event_head").iterator():
        yield name, count, head
    for pk, count, head in Review.objects.values_list("pk", "event_count", "event_head").iterator():
        yield review_stream(pk), count, head


def verify_stream(stream: str, count: int, head: str) -> Break | None:
    """Check one chain against its head; return the first place where it breaks."""
    seq, prev = 0, GENESIS
    for event in Event.objects.filter(stream=stream).order_by("seq").iterator(chunk_size=500):
        if event.seq != seq + 1:
            return Break(stream, seq + 1, f"event {seq + 1} is missing")
        if event.prev_hash != prev:
            return Break(stream, event.seq, "does not follow from the event before it")
        if event.hash != hash_of(event):
            return Break(stream, event.seq, "was changed after it was written")
        seq, prev = event.seq, event.hash
    if (seq, prev) != (count, head):
        return Break(stream, seq + 1, f"the record ends at event {seq}, but {count} were written")
    return None


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk over the chains found. `left` is how many chains it did not come to."""

    events: int
    chains: int
    left: int
    breaks: list[Break]


def verify_all() -> tuple[int, list[Break]]:
    """Check every chain; return how many events hold and where chains break."""
    found = verify_up_to(None)
    return found.events, found.breaks


def verify_up_to(limit: int | None) -> Verified:
    """Check as many chains as have `limit` events together, and at least one; without a limit all of them."""
    heads = list(_heads())
    breaks, events, chains = [], 0, 0
    for stream, count, head in heads:
        if limit is not None and chains and events + count > limit:
            break
        chains, events = chains + 1, events + count
        found = verify_stream(stream, count, head)
        if found:
            breaks.append(found)
    orphans = Event.objects.exclude(stream__in=[head[0] for head in heads])
    names = orphans.values_list("stream", flat=True).distinct()
    breaks.extend(Break(stream, 0, "belongs to nothing that exists") for stream in names)
    return Verified(events, chains, len(heads) - chains, breaks)
