"""The shape of a checklist file, and what must hold for the whole of it.

`Content` is the canonical content of a version: what is stored, hashed and compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from typing import Annotated, Any, Final, Literal

import rfc8785
from pydantic import Field, StringConstraints

from checklist.rules.check_specs import Covers, RequireWhen, check_columns
from checklist.rules.spec_base import FactRule, PositiveInt, Slug, Strict
from checklist.rules.specs import AttestationSpec, DrillSpec, InventorySpec, MeasureSpec, RegisterSpec
from checklist.yaml_source import FieldPath
from readiness.accounts.roles import REVIEWER_ROLES

ProbeId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=64)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]


ItemTitle = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=160)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
ShortTitle = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10)]
Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]


class EvidenceSpec(Strict):
    """Whether “met” needs evidence, and after how many days evidence is too old to rest on."""

    rule: Literal["none", "optional", "required"]
    lifetime_days: PositiveInt | None = None


class _ItemBase(Strict):
    slug: Slug
    title: ItemTitle
    why: Text
    how: Text
    severity: Literal["blocker", "advisory"]
    applies_when: FactRule | None = None
    evidence: EvidenceSpec
    allow_deferral: bool = False
    probes: list[ProbeId] = []
    recurring_days: PositiveInt | None = None


class AttestationItem(_ItemBase):
    """A person states it."""

    kind: Literal["attestation"]
    spec: AttestationSpec = AttestationSpec()


class MeasureItem(_ItemBase):
    """A number against a threshold."""

    kind: Literal["measure"]
    spec: MeasureSpec


class DrillItem(_ItemBase):
    """A timed exercise."""

    kind: Literal["drill"]
    spec: DrillSpec


class InventoryItem(_ItemBase):
    """Rows in a table."""

    kind: Literal["inventory"]
    spec: InventorySpec


class RegisterItem(_ItemBase):
    """Decisions."""

    kind: Literal["register"]
    spec: RegisterSpec


ItemContent = AttestationItem | MeasureItem | DrillItem | InventoryItem | RegisterItem


class SectionContent(Strict):
    """A section in the sequence."""

    slug: Slug
    title: Title
    short_title: ShortTitle
    question: Question
    why: Text
    approvals_required: Annotated[int, Field(ge=1, le=10)] = 1
    reviewer_roles: list[str] = []
    items: Annotated[list[Annotated[ItemContent, Field(discriminator="kind")]], Field(min_length=1)]


class Content(Strict):
    """A whole checklist."""

    slug: Slug
    title: Title
    summary: Text
    sections: Annotated[list[SectionContent], Field(min_length=1, max_length=50)]

    def canonical(self) -> dict[str, Any]:
        """Plain data for storage. Defaults are left out, so that a new optional field changes no hash."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def items(self) -> Iterator[tuple[SectionContent, ItemContent]]:
        """Every item with its section, in order."""
        for section in self.sections:
            for item in section.items:
                yield section, item

    def resolved_spec(self, item: ItemContent) -> dict[str, Any]:
        """An item's spec with its defaults, and for an inventory with a source the source's columns."""
        spec = item.spec.model_dump(mode="json")
        if isinstance(item.spec, InventorySpec) and item.spec.source:
            source = next(other.spec for _, other in self.items() if other.slug == item.spec.source)
            spec["columns"] = source.model_dump(mode="json")["columns"]
        return spec


def content_hash(canonical: dict[str, Any]) -> str:
    """SHA-256, in hexadecimal, of the content as canonical JSON (RFC 8785)."""
    return hashlib.sha256(rfc8785.dumps(canonical)).hexdigest()


Complaint = tuple[FieldPath, str]

_SECTION_UNIQUE: Final = ("slug", "title", "short_title")


def whole_checks(content: Content, known_probes: Collection[str]) -> list[Complaint]:
    """What is wrong with a checklist whose parts are right one by one: (path, message) for each.

    Arguments: `known_probes`, the ids of the probes that this installation has.
    """
    complaints: list[Complaint] = []
    for field in _SECTION_UNIQUE:
        paths: list[tuple[str, FieldPath]] = [
            (getattr(section, field), ("sections", index, field))
            for index, section in enumerate(content.sections)
        ]
        complaints += _twice(paths)
    slugs: list[tuple[str, FieldPath]] = []
    inventories = {item.slug: item.spec for _, item in content.items() if isinstance(item, InventoryItem)}
    for at, section in enumerate(content.sections):
        complaints += _role_checks(section.reviewer_roles, ("sections", at, "reviewer_roles"))
        for number, item in enumerate(section.items):
            path: FieldPath = ("sections", at, "items", number)
            slugs.append((item.slug, (*path, "slug")))
            complaints += _item_checks(item, path)
            complaints += [
                ((*path, "probes", index), f"unknown probe; known: {', '.join(sorted(known_probes))}")
                for index, probe in enumerate(item.probes)
                if probe not in known_probes
            ]
            if isinstance(item, InventoryItem):
                complaints += _inventory_checks(item.spec, inventories, (*path, "spec"))
    return complaints + _twice(slugs)


def _twice(values: list[tuple[str, FieldPath]]) -> list[Complaint]:
    seen: set[str] = set()
    complaints = []
    for value, path in values:
        if value in seen:
            complaints.append((path, f"“{value}” is used twice; it must be unique"))
        seen.add(value)
    return complaints


def _role_checks(roles: list[str], path: FieldPath) -> list[Complaint]:
    message = f"unknown reviewer role; known: {', '.join(REVIEWER_ROLES)}"
    unknown = [((*path, index), message) for index, role in enumerate(roles) if role not in REVIEWER_ROLES]
    return unknown + _twice([(role, (*path, index)) for index, role in enumerate(roles)])


def _item_checks(item: ItemContent, path: FieldPath) -> list[Complaint]:
    complaints: list[Complaint] = []
    lifetime = (*path, "evidence", "lifetime_days")
    if item.evidence.rule == "required" and item.evidence.lifetime_days is None:
        complaints.append((lifetime, "is required where evidence is: say how long it may be relied on"))
    if item.evidence.rule == "none" and item.evidence.lifetime_days is not None:
        complaints.append((lifetime, "must be left out where no evidence is asked for"))
    if item.allow_deferral and item.severity == "blocker":
        message = "a blocker cannot be deferred, only waived; make it advisory or leave this out"
        complaints.append(((*path, "allow_deferral"), message))
    complaints += _twice([(probe, (*path, "probes", index)) for index, probe in enumerate(item.probes)])
    return complaints


def _inventory_checks(
    spec: InventorySpec, inventories: dict[str, InventorySpec], path: FieldPath
) -> list[Complaint]:
    complaints: list[Complaint] = []
    if spec.source is not None:
        source = inventories.get(spec.source)
        if source is None or source.source is not None:
            return [((*path, "source"), f"“{spec.source}” is no inventory with columns of its own")]
        if spec.columns:
            complaints.append(((*path, "columns"), "must be left out: they are those of the source"))
        try:
            check_columns(source.columns, spec.checks)
        except ValueError as error:
            complaints.append(((*path, "checks"), str(error)))
    for index, check in enumerate(spec.checks):
        if isinstance(check, Covers):
            complaints += _covers_checks(check, inventories.get(check.source), (*path, "checks", index))
    return complaints


def _covers_checks(check: Covers, source: InventorySpec | None, path: FieldPath) -> list[Complaint]:
    if source is None or source.source is not None:
        return [((*path, "source"), f"“{check.source}” is no inventory with columns of its own")]
    keys = {column.key for column in source.columns}
    if check.source_column not in keys:
        return [((*path, "source_column"), f"“{check.source}” has no column {check.source_column}")]
    if check.when is None or check.equals is None:
        return []
    condition = RequireWhen(
        check="require_when", column=check.source_column, when=check.when, equals=check.equals
    )
    try:
        check_columns(source.columns, [condition])
    except ValueError as error:
        return [((*path, "when"), str(error))]
    return []
