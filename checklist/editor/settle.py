"""Two people edited one part: what differs, field by field, and the text that one of them chose. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from checklist.editor.layout import Field, Layout, Rows
from checklist.editor.values import get, put, shown
from checklist.export import dump

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Differing:
    """One field with both texts. `changed_by` says who changed it; `choice` is what is chosen at first."""

    name: str
    label: str
    mine: str
    theirs: str
    changed_by: Literal["me", "them", "both"]

    @property
    def choice(self) -> str:
        """A field that only the other person changed is theirs; else one's own text is kept."""
        return "theirs" if self.changed_by == "them" else "mine"


def differing(layout: Layout, base: Data, mine: Data, theirs: Data) -> list[Differing]:
    """The fields in which two texts differ that both began from `base`."""
    found = []
    for group in layout:
        for part in group.parts:
            was, own, other = (get(data, part.name) for data in (base, mine, theirs))
            if own == other:
                continue
            changed: Literal["me", "them", "both"] = (
                "them" if own == was else "me" if other == was else "both"
            )
            found.append(Differing(part.name, part.label, _words(part, own), _words(part, other), changed))
    return found


def merge(layout: Layout, mine: Data, theirs: Data, picks: Mapping[str, str]) -> Data:
    """One's own text with the other's where `picks` says so for the field."""
    names = {part.name for group in layout for part in group.parts}
    for name, side in picks.items():
        if side == "theirs" and name in names:
            put(mine, name, get(theirs, name))
    return mine


def _words(part: Field | Rows, value: Any) -> str:
    if isinstance(part, Rows):
        kept = [{key: cell for key, cell in row.items() if cell not in (None, [], "")} for row in value or []]
        return dump(kept) if kept else ""
    text = shown(part, value)
    return ", ".join(text) if isinstance(text, list) else str(text)
