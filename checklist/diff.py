"""What differs between two versions of a checklist, item by item and field by field. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import BaseModel

from checklist.schema import Content, SectionContent


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field with its value before and after; None where it was or is left out."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Entry:
    """A section or an item that was added or removed. `section` is empty for a section."""

    slug: str
    title: str
    section: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A section or an item whose fields changed."""

    slug: str
    title: str
    fields: list[FieldChange]


@dataclass(frozen=True, slots=True)
class Move:
    """An item or a section in another place. `old` and `new` say where, as section and position from 1."""

    slug: str
    title: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Difference:
    """All differences; empty lists where there are none."""

    checklist: list[FieldChange] = field(default_factory=list)
    sections_added: list[Entry] = field(default_factory=list)
    sections_removed: list[Entry] = field(default_factory=list)
    sections_changed: list[Change] = field(default_factory=list)
    sections_moved: list[Move] = field(default_factory=list)
    added: list[Entry] = field(default_factory=list)
    removed: list[Entry] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    moved: list[Move] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(asdict(self).values())

    def as_data(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def compare(old: Content, new: Content) -> Difference:
    """Compare two contents. Sections and items are the same when their slugs are."""
    before, after = ({section.slug: section for section in side.sections} for side in (old, new))
    old_items, new_items = (
        {item.slug: (section, item) for section, item in side.items()} for side in (old, new)
    )
    both = [slug for slug in new_items if slug in old_items]
    return Difference(
        checklist=field_changes(old, new, leave_out={"sections"}),
        sections_added=[Entry(slug, it.title) for slug, it in after.items() if slug not in before],
        sections_removed=[Entry(slug, it.title) for slug, it in before.items() if slug not in after],
        sections_changed=[
            Change(slug, it.title, fields)
            for slug, it in after.items()
            if slug in before and (fields := field_changes(before[slug], it, leave_out={"items"}))
        ],
        sections_moved=_moved_sections(before, after),
        added=[
            Entry(slug, it.title, sec.slug) for slug, (sec, it) in new_items.items() if slug not in old_items
        ],
        removed=[
            Entry(slug, it.title, sec.slug) for slug, (sec, it) in old_items.items() if slug not in new_items
        ],
        changed=[
            Change(slug, new_items[slug][1].title, fields)
            for slug in both
            if (fields := field_changes(old_items[slug][1], new_items[slug][1]))
        ],
        moved=_moved_items(old, new),
    )


def field_changes(old: BaseModel, new: BaseModel, leave_out: Iterable[str] = ()) -> list[FieldChange]:
    """Changed fields of two models by dotted name, such as `spec.limit` and `spec.checks[0].over`."""
    left, right = (_flat(side.model_dump(mode="json", exclude=set(leave_out))) for side in (old, new))
    return [
        FieldChange(name, left.get(name), right.get(name))
        for name in {**left, **right}
        if left.get(name) != right.get(name)
    ]


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if isinstance(value, dict) and (value or not name):
        pairs = [(f"{name}.{key}" if name else key, inner) for key, inner in value.items()]
    elif isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        pairs = [(f"{name}[{_key(inner, index)}]", inner) for index, inner in enumerate(value)]
    else:
        return {name: value}
    return {key: leaf for path, inner in pairs for key, leaf in _flat(inner, path).items()}


def _key(entry: Any, index: int) -> Any:
    """Columns, questions and decisions are named by their key, so that inserting one changes no other."""
    return entry.get("key") or entry.get("slug") or index if isinstance(entry, dict) else index


def _moved_sections(before: dict[str, SectionContent], after: dict[str, SectionContent]) -> list[Move]:
    old_order, new_order = list(before), list(after)
    common = [slug for slug in new_order if slug in before]
    return [
        Move(slug, after[slug].title, str(old_order.index(slug) + 1), str(new_order.index(slug) + 1))
        for slug in out_of_order([old_order.index(slug) for slug in common], common)
    ]


def _moved_items(old: Content, new: Content) -> list[Move]:
    places_old, places_new = _places(old), _places(new)
    titles = {item.slug: item.title for _, item in new.items()}
    moved = {
        slug for slug, (section, _) in places_new.items() if places_old.get(slug, (section,))[0] != section
    }
    for section in new.sections:
        stayed = [item.slug for item in section.items if item.slug in places_old and item.slug not in moved]
        moved.update(out_of_order([places_old[slug][1] for slug in stayed], stayed))
    return [
        Move(slug, titles[slug], _place(places_old[slug]), _place(places_new[slug]))
        for slug in places_new
        if slug in moved
    ]


def _places(content: Content) -> dict[str, tuple[str, int]]:
    return {
        item.slug: (section.slug, position)
        for section in content.sections
        for position, item in enumerate(section.items, start=1)
    }


def _place(place: tuple[str, int]) -> str:
    return f"{place[0]} {place[1]}"


def out_of_order(ranks: Sequence[int], names: Sequence[str]) -> list[str]:
    """The fewest names to move so that `ranks` rise: those outside a longest increasing subsequence."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, rank in enumerate(ranks):
        at = bisect_left(tails, rank)
        before.append(ends[at - 1] if at else -1)
        if at == len(tails):
            tails.append(rank)
            ends.append(index)
        else:
            tails[at], ends[at] = rank, index
    kept = set()
    index = ends[-1] if ends else -1
    while index >= 0:
        kept.add(index)
        index = before[index]
    return [name for index, name in enumerate(names) if index not in kept]
