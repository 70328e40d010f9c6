"""A draft as plain data: its parts put together, and what is wrong with them. No query is made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from checklist.models import Draft, DraftItem, DraftSection
from checklist.schema import Content, ItemContent, SectionContent
from checklist.validation import Checked, check, field_name
from checklist.yaml_source import FieldPath

Data = dict[str, Any]

_ITEM: Final[TypeAdapter[ItemContent]] = TypeAdapter(Annotated[ItemContent, Field(discriminator="kind")])


def canonical_item(data: Data) -> Data:
    """A valid item as it is stored: texts stripped, defaults left out."""
    dumped: Data = _ITEM.dump_python(_ITEM.validate_python(data), mode="json", exclude_defaults=True)
    return dumped


def canonical_section(data: Data) -> Data:
    """A valid section as it is stored, without its items."""
    section = SectionContent.model_validate({**data, "items": [_stand_in(0)]})
    return section.model_dump(mode="json", exclude_defaults=True, exclude={"items"})


def full_item(data: Data) -> Data:
    """An item with its defaults written out; as it is when an older release stored what is not valid now."""
    try:
        dumped: Data = _ITEM.dump_python(_ITEM.validate_python(data), mode="json")
    except ValidationError:
        return data
    return dumped


def full_section(data: Data) -> Data:
    """A section with its defaults written out."""
    return {"approvals_required": 1, "reviewer_roles": [], **data}


def _stand_in(number: int) -> Data:
    """An item for a section that has none yet, so that the rest of the section can be checked."""
    return {
        "slug": f"nothing-here-yet-{number}",
        "title": "Nothing here yet",
        "why": "-",
        "how": "-",
        "severity": "advisory",
        "kind": "attestation",
        "evidence": {"rule": "none"},
    }


def split(content: Content) -> tuple[Data, list[tuple[Data, list[Data]]]]:
    """The parts of a content: its head, and each section with its items."""
    data = content.canonical()
    sections = data.pop("sections")
    data.pop("slug")
    return data, [(section, section.pop("items")) for section in sections]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: a field of the checklist itself, of a section or of an item."""

    field: str
    message: str
    section: DraftSection | None = None
    item: DraftItem | None = None


@dataclass
class SectionRow:
    """A section of a draft with its items in order."""

    section: DraftSection
    items: list[DraftItem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OutlineItem:
    """An item with the moves one place up and down, as the editor sends them ("" where there is none)."""

    item: DraftItem
    up: str
    down: str
    problems: int


@dataclass(frozen=True, slots=True)
class OutlineSection:
    """A section with its items and its own moves."""

    section: DraftSection
    items: list[OutlineItem]
    up: str
    down: str
    problems: int


@dataclass
class DraftTree:
    """A whole draft, loaded."""

    draft: Draft
    rows: list[SectionRow]

    @property
    def data(self) -> Data:
        """The checklist as plain data, as a file would hold it."""
        return {
            "slug": self.draft.checklist.slug,
            **self.draft.content,
            "sections": [
                {**row.section.content, "items": [item.content for item in row.items]} for row in self.rows
            ],
        }

    @cached_property
    def checked(self) -> Checked:
        """The content, or what is wrong."""
        return check(self.data)

    @property
    def content(self) -> Content | None:
        """The content, once nothing is wrong with it."""
        return self.checked.content

    @cached_property
    def problems(self) -> list[Problem]:
        """What has to be mended before publishing, in order."""
        return [self._problem(path, message) for path, message in self.checked.complaints]

    @property
    def outline(self) -> list[OutlineSection]:
        """The parts as the outline shows them."""
        sections = []
        for at, row in enumerate(self.rows):
            items = [
                OutlineItem(item, *self._steps(at, spot), len(self.problems_of(item)))
                for spot, item in enumerate(row.items)
            ]
            pk = row.section.pk
            up = f"section {pk} {at - 1}" if at else ""
            down = f"section {pk} {at + 1}" if at + 1 < len(self.rows) else ""
            sections.append(OutlineSection(row.section, items, up, down, len(self.problems_of(row.section))))
        return sections

    def _steps(self, at: int, spot: int) -> tuple[str, str]:
        """One place up and down; past the end of a section into the next one."""
        row = self.rows[at]
        pk, here = row.items[spot].pk, row.section.pk
        up = down = ""
        if spot:
            up = f"item {pk} {here} {spot - 1}"
        elif at:
            before = self.rows[at - 1]
            up = f"item {pk} {before.section.pk} {len(before.items)}"
        if spot + 1 < len(row.items):
            down = f"item {pk} {here} {spot + 1}"
        elif at + 1 < len(self.rows):
            down = f"item {pk} {self.rows[at + 1].section.pk} 0"
        return up, down

    @property
    def item_total(self) -> int:
        """How many items there are."""
        return sum(len(row.items) for row in self.rows)

    def _problem(self, path: FieldPath, message: str) -> Problem:
        if len(path) < 2 or not isinstance(path[1], int):  # noqa: PLR2004
            if path == ("sections",):
                return Problem("sections", "add a first section")
            return Problem(field_name(path), message)
        row = self.rows[path[1]]
        if len(path) >= 4 and isinstance(path[3], int):  # noqa: PLR2004
            return Problem(field_name(path[4:]), message, row.section, row.items[path[3]])
        if path[2:] == ("items",):
            return Problem("items", "add a first item", row.section)
        return Problem(field_name(path[2:]), message, row.section)

    def problems_of(self, part: DraftSection | DraftItem) -> dict[str, list[str]]:
        """What is wrong with one part as it is stored, by field."""
        found: dict[str, list[str]] = {}
        for problem in self.problems:
            if (problem.item or problem.section) == part:
                found.setdefault(problem.field, []).append(problem.message)
        return found

    def complaints_of_section(self, data: Data, at: int) -> dict[str, list[str]]:
        """What would be wrong if section `at` were `data`, by field; one past the last is a new one."""
        sections = self._sections()
        items = sections[at]["items"] if at < len(sections) else [_stand_in(at)]
        sections[at : at + 1] = [{**data, "items": items}]
        return self._complaints(sections, ("sections", at))

    def complaints_of_item(self, data: Data, at: int, spot: int) -> dict[str, list[str]]:
        """What would be wrong if item `spot` of section `at` were `data`, by field."""
        sections = self._sections()
        items = list(sections[at]["items"]) if self.rows[at].items else []
        items[spot : spot + 1] = [data]
        sections[at] = {**sections[at], "items": items}
        return self._complaints(sections, ("sections", at, "items", spot))

    def complaints_of_head(self, data: Data) -> dict[str, list[str]]:
        """What would be wrong with title and summary if they were `data`, by field."""
        whole = check({**data, "slug": self.draft.checklist.slug, "sections": self._sections()})
        return _by_field([entry for entry in whole.complaints if entry[0][:1] != ("sections",)], 0)

    def _sections(self) -> list[Data]:
        """The sections as data; one without items gets a stand-in, so that it is no complaint now."""
        sections = self.data["sections"]
        for number, section in enumerate(sections):
            section["items"] = section["items"] or [_stand_in(number)]
        return list(sections)

    def _complaints(self, sections: Sequence[Data], prefix: FieldPath) -> dict[str, list[str]]:
        whole = check({"slug": "a", "title": "a", "summary": "a", "sections": sections})
        return _by_field(
            [entry for entry in whole.complaints if entry[0][: len(prefix)] == prefix], len(prefix)
        )


def _by_field(complaints: Sequence[tuple[FieldPath, str]], skip: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, message in complaints:
        found.setdefault(field_name(path[skip:]), []).append(message)
    return found
