"""Writing drafts: begin, edit part by part, order, publish, delete.

Every write locks the draft's row. A part is saved against the text that its editor began from: whoever is
second gets a `Conflict` and both texts, and the edit of another part is none of it. Each act is an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from django.db import transaction

from checklist.actions import lock_checklist, make_version
from checklist.draft_queries import draft_of, load_tree
from checklist.drafts import Data, DraftTree, canonical_item, canonical_section, split
from checklist.models import Checklist, ChecklistVersion, Draft, DraftItem, DraftSection, Part
from checklist.queries import content_of
from checklist.schema import Content, content_hash
from readiness import audit
from readiness.accounts.rights import Actor, allowed, who_changed
from readiness.errors import Conflict, Invalid, NotFound, WrongState

AnyPart = TypeVar("AnyPart", bound=Part)
# Words that are addresses of pages below /checklists/.
RESERVED: Final = frozenset({"import"})
_CHECK: Final = "Please check the marked fields. Nothing was saved yet."


def begin_draft(actor: Actor, version: ChecklistVersion) -> Draft:
    """Begin the next version of a checklist from one of its published versions.

    Raises WrongState when there is a draft already.
    """
    allowed(actor, "checklist.edit").require()
    with transaction.atomic():
        checklist = lock_checklist(version.checklist.slug)
        draft = _create(actor, checklist, content_of(version), version)
        _record(actor, draft, "draft_begun", f"Began a draft of {checklist.slug} from {version}")
    return draft


def copy_checklist(actor: Actor, version: ChecklistVersion, slug: str, title: str) -> Draft:
    """Copy a published version to a new checklist, a draft at first. Raises Invalid for a slug in use."""
    allowed(actor, "checklist.edit").require()
    content = content_of(version).model_copy(update={"slug": slug, "title": title})
    with transaction.atomic():
        checklist = _new_checklist(slug, title, content.summary)
        draft = _create(actor, checklist, content, version)
        _record(actor, draft, "draft_begun", f"Copied {version} to the new checklist {slug}")
    return draft


def import_content(actor: Actor, content: Content, *, replace: bool = False) -> Draft:
    """Make the content of a file the draft of its checklist, which may be new.

    Raises WrongState when there is a draft already, unless `replace` says to give it up.
    """
    allowed(actor, "checklist.edit").require()
    with transaction.atomic():
        if Checklist.objects.filter(slug=content.slug).exists():
            checklist = lock_checklist(content.slug)
        else:
            checklist = _new_checklist(content.slug, content.title, content.summary)
        if replace:
            Draft.objects.filter(checklist=checklist).delete()
        base = checklist.versions.filter(status=ChecklistVersion.Status.PUBLISHED).first()
        draft = _create(actor, checklist, content, base)
        _record(
            actor,
            draft,
            "draft_imported",
            f"Imported a draft of {checklist.slug} from a file",
            content_hash=content_hash(content.canonical()),
            replaced=replace,
        )
    return draft


def _new_checklist(slug: str, title: str, summary: str) -> Checklist:
    if slug in RESERVED:
        message = f"“{slug}” is the address of a page. Choose another name."
        raise Invalid(message, {"slug": [message]})
    checklist, created = Checklist.objects.get_or_create(
        slug=slug, defaults={"title": title, "summary": summary}
    )
    if not created:
        message = f"There is a checklist “{slug}” already. Choose another name."
        raise Invalid(message, {"slug": [message]})
    return checklist


def _create(actor: Actor, checklist: Checklist, content: Content, base: ChecklistVersion | None) -> Draft:
    if Draft.objects.filter(checklist=checklist).exists():
        raise WrongState(
            f"There is a draft of {checklist.title} already. Edit it, or publish or delete it first."
        )
    head, sections = split(content)
    draft = Draft.objects.create(checklist=checklist, base=base, content=head, changed_by_id=actor.id)
    rows = DraftSection.objects.bulk_create(
        DraftSection(draft=draft, position=place, content=section)
        for place, (section, _) in enumerate(sections, start=1)
    )
    DraftItem.objects.bulk_create(
        DraftItem(draft=draft, section=row, position=place, content=item)
        for row, (_, items) in zip(rows, sections, strict=True)
        for place, item in enumerate(items, start=1)
    )
    return draft


def delete_draft(actor: Actor, slug: str) -> None:
    """Give a draft up. A checklist that was never published goes with it."""
    with editing(actor, slug) as tree:
        draft, checklist = tree.draft, tree.draft.checklist
        _record(actor, draft, "draft_deleted", f"Deleted the draft of {slug}", content=tree.data)
        draft.delete()
        if not checklist.versions.exists():
            checklist.delete()


@contextmanager
def editing(actor: Actor, slug: str) -> Iterator[DraftTree]:
    """The frame of a write to a draft: the right, the lock, the whole of it as it is now."""
    allowed(actor, "checklist.edit").require()
    with transaction.atomic():
        yield load_tree(draft_of(slug, lock=True))


def save_head(actor: Actor, slug: str, data: Data, base: Data) -> Draft:
    """Save title and summary. `base` is what the editor began from."""
    with editing(actor, slug) as tree:
        _refuse(tree.complaints_of_head(data))
        clean = {key: value.strip() for key, value in data.items()}
        return _store(actor, tree.draft, tree.draft, clean, base, "the title and summary")


def save_section(actor: Actor, slug: str, pk: int, data: Data, base: Data) -> DraftSection:
    """Save a section's own fields. Raises Invalid by field, Conflict, or NotFound when it was removed."""
    with editing(actor, slug) as tree:
        at = _section_at(tree, pk)
        _refuse(tree.complaints_of_section(data, at))
        part = tree.rows[at].section
        return _store(actor, tree.draft, part, canonical_section(data), base, f"section {data['slug']}")


def save_item(actor: Actor, slug: str, pk: int, data: Data, base: Data) -> DraftItem:
    """Save an item. Raises Invalid by field, Conflict, or NotFound when it was removed."""
    with editing(actor, slug) as tree:
        at, spot = _item_at(tree, pk)
        _refuse(tree.complaints_of_item(data, at, spot))
        part = tree.rows[at].items[spot]
        return _store(actor, tree.draft, part, canonical_item(data), base, f"item {data['slug']}")


def _store(actor: Actor, draft: Draft, part: AnyPart, data: Data, base: Data, what: str) -> AnyPart:
    if data == part.content:
        return part
    if part.content != base:
        name = part.changed_by.name if part.changed_by else ""
        raise Conflict(who_changed(actor, part.changed_by_id, name, "this"), current=part)
    before, part.content, part.changed_by_id = part.content, data, actor.id
    part.save()
    changed = {
        key: {"before": before.get(key), "after": data.get(key)}
        for key in {**before, **data}
        if before.get(key) != data.get(key)
    }
    _record(
        actor, draft, "draft_edited", f"Edited {what} in the draft of {draft.checklist.slug}", changed=changed
    )
    return part


def add_section(actor: Actor, slug: str, data: Data) -> DraftSection:
    """Add a section at the end."""
    with editing(actor, slug) as tree:
        _refuse(tree.complaints_of_section(data, len(tree.rows)))
        row = DraftSection.objects.create(
            draft=tree.draft,
            position=len(tree.rows) + 1,
            content=canonical_section(data),
            changed_by_id=actor.id,
        )
        _record(
            actor,
            tree.draft,
            "draft_edited",
            f"Added section {data['slug']} to the draft of {slug}",
            added=data,
        )
    return row


def add_item(actor: Actor, slug: str, section_pk: int, data: Data) -> DraftItem:
    """Add an item at the end of a section."""
    with editing(actor, slug) as tree:
        at = _section_at(tree, section_pk)
        row = tree.rows[at]
        _refuse(tree.complaints_of_item(data, at, len(row.items)))
        item = DraftItem.objects.create(
            draft=tree.draft,
            section=row.section,
            position=len(row.items) + 1,
            content=canonical_item(data),
            changed_by_id=actor.id,
        )
        _record(
            actor, tree.draft, "draft_edited", f"Added item {data['slug']} to the draft of {slug}", added=data
        )
    return item


def remove_part(actor: Actor, slug: str, part: DraftSection | DraftItem, seen: str) -> None:
    """Take an item, or a section with its items, out of the draft.

    `seen` is the seal of what the person was asked about (`removal_of`). Raises Conflict when it changed.
    """
    with editing(actor, slug) as tree:
        found = _find(tree, part)
        now = removal_of(tree, found)
        if seal(now) != seen:
            raise Conflict("It was changed after you were asked. Look at it again.", current=found)
        kind = "section" if isinstance(found, DraftSection) else "item"
        name = found.content.get("slug", "")
        found.delete()
        _record(
            actor, tree.draft, "draft_edited", f"Removed {kind} {name} from the draft of {slug}", removed=now
        )


def seal(data: Data) -> str:
    """SHA-256 of plain data as canonical JSON: says whether it is still what somebody looked at."""
    return content_hash(data)


def removal_of(tree: DraftTree, part: DraftSection | DraftItem) -> Data:
    """All that removing `part` would take away."""
    if isinstance(part, DraftItem):
        return part.content
    row = next(row for row in tree.rows if row.section.pk == part.pk)
    return {**part.content, "items": [item.content for item in row.items]}


def _find(tree: DraftTree, part: DraftSection | DraftItem) -> DraftSection | DraftItem:
    if isinstance(part, DraftSection):
        return tree.rows[_section_at(tree, part.pk)].section
    at, spot = _item_at(tree, part.pk)
    return tree.rows[at].items[spot]


def move_section(actor: Actor, slug: str, pk: int, place: int) -> None:
    """Put a section at `place`, counted from 0; past the ends is the end."""
    with editing(actor, slug) as tree:
        row = tree.rows.pop(_section_at(tree, pk))
        place = max(0, min(place, len(tree.rows)))
        tree.rows.insert(place, row)
        _renumber(each.section for each in tree.rows)
        name = row.section.content["slug"]
        _record(
            actor,
            tree.draft,
            "draft_edited",
            f"Moved section {name} to place {place + 1} in the draft of {slug}",
        )


def move_item(actor: Actor, slug: str, pk: int, section_pk: int, place: int) -> None:
    """Put an item at `place`, counted from 0, of a section."""
    with editing(actor, slug) as tree:
        at, spot = _item_at(tree, pk)
        target = tree.rows[_section_at(tree, section_pk)]
        item = tree.rows[at].items.pop(spot)
        place = max(0, min(place, len(target.items)))
        target.items.insert(place, item)
        item.section = target.section
        DraftItem.objects.filter(pk=item.pk).update(section=target.section)
        for row in {id(tree.rows[at]): tree.rows[at], id(target): target}.values():
            _renumber(row.items)
        name = f"{target.section.content['slug']}/{item.content['slug']}"
        _record(
            actor, tree.draft, "draft_edited", f"Moved {name} to place {place + 1} in the draft of {slug}"
        )


def _renumber(parts: Iterable[DraftSection | DraftItem]) -> None:
    for place, part in enumerate(parts, start=1):
        if part.position != place:
            part.position = place
            part.save(update_fields=["position"])


def publish_draft(actor: Actor, slug: str, expected_hash: str) -> ChecklistVersion:
    """Publish the draft as the next version of its checklist. The draft is gone then.

    `expected_hash` is the hash of the content that the person looked at. Raises Conflict when it is another
    by now, and WrongState when something has to be mended or nothing differs from the latest version.
    """
    allowed(actor, "checklist.publish").require()
    with editing(actor, slug) as tree:
        content = tree.content
        if content is None:
            raise WrongState("This draft has mistakes. Mend what its page lists, then publish.")
        if content_hash(content.canonical()) != expected_hash:
            raise Conflict("The draft changed after you looked at it. Look at it again, then publish.")
        checklist = lock_checklist(slug)
        latest = checklist.versions.filter(status=ChecklistVersion.Status.PUBLISHED).first()
        if latest is not None and latest.content_hash == expected_hash:
            raise WrongState(f"This draft is the same as version {latest.number}. Change something first.")
        version = make_version(checklist, content, ChecklistVersion.Origin.EDITOR)
        _record(
            actor,
            tree.draft,
            "published",
            f"Published {version}",
            version=version.number,
            content_hash=version.content_hash,
        )
        tree.draft.delete()
    return version


def _section_at(tree: DraftTree, pk: int) -> int:
    for at, row in enumerate(tree.rows):
        if row.section.pk == pk:
            return at
    raise NotFound("This section was removed from the draft.")


def _item_at(tree: DraftTree, pk: int) -> tuple[int, int]:
    for at, row in enumerate(tree.rows):
        for spot, item in enumerate(row.items):
            if item.pk == pk:
                return at, spot
    raise NotFound("This item was removed from the draft.")


def _refuse(complaints: Mapping[str, list[str]]) -> None:
    if complaints:
        raise Invalid(_CHECK, dict(complaints))


def _record(actor: Actor, draft: Draft, verb: str, summary: str, **data: Any) -> None:
    audit.record(actor, f"person:checklist:{verb}", summary, {"checklist": draft.checklist.slug, **data})
