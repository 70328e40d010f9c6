"""The snapshot of a signed fit check, schema version 1: a checklist does not fit a service, and who says so.

The same conventions as in `schema`; `kind` tells the two apart.
"""

from __future__ import annotations

import json
from typing import Any, Literal

import rfc8785
from pydantic import ValidationError

from .schema import (
    ChecklistRecord,
    EventRecord,
    FactRecord,
    Fit,
    Frozen,
    Generator,
    ServiceRecord,
    Sha256,
    Timestamp,
    UnreadableSnapshotError,
)

KIND = "fit_check"
SCHEMA_VERSION = 1


class Statement(Frozen):
    """What a person said, and when. `note` is Markdown as typed."""

    by: str
    at: Timestamp
    note: str = ""


class FitSnapshot(Frozen):
    """All that the page shows. `events` are those of this fit check in the chain `stream` of the service."""

    kind: Literal["fit_check"] = "fit_check"
    schema_version: Literal[1] = 1
    generator: Generator
    service: ServiceRecord
    checklist: ChecklistRecord
    facts: tuple[FactRecord, ...]
    fit: Fit
    recorded: Statement
    signed: Statement
    digest: Sha256
    url: str
    stream: str
    events: tuple[EventRecord, ...]


def canonical(snapshot: FitSnapshot) -> bytes:
    """Return the canonical JSON (RFC 8785) of `snapshot`: equal content, equal bytes."""
    return rfc8785.dumps(snapshot.model_dump(mode="json"))


def is_fit_check(content: bytes) -> bool:
    """Whether stored bytes are the snapshot of a fit check, and not of a review."""
    try:
        raw: Any = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(raw, dict) and raw.get("kind") == KIND


def parse(content: bytes) -> FitSnapshot:
    """Read a snapshot from its stored bytes. Raises UnreadableSnapshotError, naming the first wrong field."""
    try:
        return FitSnapshot.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "snapshot"
        raise UnreadableSnapshotError(f"This snapshot is damaged: {where}: {first['msg']}.") from error
