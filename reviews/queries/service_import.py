"""What an import would do: each row of a file beside what is stored. Three queries, whatever the size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from django.db.models.functions import Lower

from checklist.facts import FACTS_BY_NAME
from readiness.accounts.models import Team
from readiness.accounts.rights import Actor
from readiness.errors import Invalid
from reviews import permissions
from reviews.imports.rows import Parsed, Problem, Row, Skipped, nearest
from reviews.models import Service
from reviews.permissions import Subject
from reviews.queries.content import digest_of
from reviews.queries.services import differences
from reviews.service_fields import LABELS, clean_service, clean_slug, free_slug, shown

Kind = Literal["new", "changed", "unchanged", "bad"]


@dataclass
class Line:
    """One row of the file and what would become of it. `clean` is what `clean_service` made of its cells."""

    row: Row
    kind: Kind = "bad"
    name: str = ""
    slug: str = ""
    team: Team | None = None
    service: Service | None = None
    clean: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def change_words(self) -> list[tuple[str, str, str]]:
        """What changes, as (label, before, after) for people."""
        return [
            (LABELS[name], shown(was) or "nothing", shown(now) or "nothing")
            for name, (was, now) in self.changes.items()
        ]

    def complain(self, cell: str, message: str) -> None:
        """Note a problem with one cell."""
        line, column = self.row.place(cell)
        self.problems.append(Problem(line, column if cell else "", message))


@dataclass
class Plan:
    """All that an import would do; `digest` stands for exactly that."""

    lines: list[Line]
    file_problems: tuple[Problem, ...]
    skipped: tuple[Skipped, ...]
    digest: str = ""

    @property
    def problems(self) -> list[Problem]:
        """All problems, in the order of the file."""
        found = [*self.file_problems, *(problem for line in self.lines for problem in line.problems)]
        return sorted(found, key=lambda problem: problem.line)

    @property
    def counts(self) -> Counter[str]:
        """How many rows are new, changed, unchanged and bad."""
        return Counter(line.kind for line in self.lines)

    @property
    def work(self) -> int:
        """How many services it would add or change."""
        return self.counts["new"] + self.counts["changed"]

    @property
    def has_work(self) -> bool:
        """Whether confirming it would change anything."""
        return not self.problems and self.work > 0


@dataclass
class _Stored:
    """What is in the database, as far as the file speaks of it."""

    teams: list[Team]
    by_slug: dict[str, Service]
    by_name: dict[str, list[Service]]
    slugs: set[str]
    names: dict[tuple[int, str], int]


def plan_import(actor: Actor, parsed: Parsed, *, lock: bool = False) -> Plan:
    """Compare a file with what is stored, as `actor` may see it; with `lock`, lock those services."""
    stored = _stored(actor, parsed.rows, lock=lock)
    seen: dict[tuple[str, object], int] = {}
    lines = [_line(actor, row, stored, seen) for row in parsed.rows]
    _spot_same_names(lines, stored)
    plan = Plan(lines, parsed.problems, parsed.skipped)
    plan.digest = digest_of([_essence(line) for line in lines])
    return plan


def _essence(line: Line) -> list[Any]:
    team = line.team.slug if line.team else ""
    changes = {name: [was, now] for name, (was, now) in line.changes.items()}
    return [line.row.line, line.kind, line.slug, team, line.clean, changes]


def _stored(actor: Actor, rows: Iterable[Row], *, lock: bool) -> _Stored:
    wanted_slugs = {row.cells.get("slug", "").lower() for row in rows} - {""}
    wanted_names = {" ".join(row.cells.get("name", "").split()).lower() for row in rows} - {""}
    everything = list(
        Service.objects.annotate(lower=Lower("name")).values_list("pk", "slug", "team_id", "lower")
    )
    ids = [pk for pk, slug, _, lower in everything if slug in wanted_slugs or lower in wanted_names]
    services = Service.objects.filter(pk__in=ids).select_related("team").order_by("pk")
    found = list(services.select_for_update(of=("self",), no_key=True) if lock else services)
    by_name: dict[str, list[Service]] = {}
    for service in found:
        if permissions.allowed(actor, "service.view", Subject(team_id=service.team_id)):
            by_name.setdefault(service.name.lower(), []).append(service)
    return _Stored(
        teams=list(Team.objects.all()),
        by_slug={service.slug: service for service in found},
        by_name=by_name,
        slugs={slug for _, slug, _, _ in everything},
        names={(team, lower): pk for pk, _, team, lower in everything},
    )


def _line(actor: Actor, row: Row, stored: _Stored, seen: dict[tuple[str, object], int]) -> Line:
    line = Line(row, name=row.cells.get("name", ""))
    _clean(line)
    _find_team(line, stored.teams)
    _find_service(line, stored)
    _refuse_twice(line, seen)
    if line.service is not None:
        _compare(actor, line, line.service)
    elif not line.problems:
        _prepare_new(actor, line, stored)
    if line.problems:
        line.kind = "bad"
    return line


def _clean(line: Line) -> None:
    cells = line.row.cells
    raw: dict[str, Any] = {name: value for name, value in cells.items() if name not in FACTS_BY_NAME}
    raw["facts"] = {name: value for name, value in cells.items() if name in FACTS_BY_NAME}
    try:
        line.clean = clean_service(raw)
    except Invalid as error:
        for name, messages in error.fields.items():
            line.complain(name, " ".join(messages))
    if "name" not in cells:
        line.complain("name", "Give the service a name.")


def _find_team(line: Line, teams: list[Team]) -> None:
    given = line.row.cells.get("team", "")
    if not given:
        line.complain("team", "Name the team that owns the service, by its slug or its name.")
        return
    word = given.lower()
    found = [team for team in teams if team.slug == word] or [
        team for team in teams if team.name.lower() == word
    ]
    if len(found) == 1:
        line.team = found[0]
    elif found:
        slugs = ", ".join(team.slug for team in found)
        line.complain("team", f"Several teams are called “{given}”. Write the slug of one: {slugs}.")
    else:
        line.complain("team", _unknown_team(given, teams))


def _unknown_team(given: str, teams: list[Team]) -> str:
    close = nearest(given, [word for team in teams for word in (team.slug, team.name.lower())])
    hint = (
        f"Did you mean “{close}”?" if close else "Known: " + ", ".join(team.slug for team in teams[:12]) + "."
    )
    return f"There is no team “{given[:60]}”. {hint}"


def _find_service(line: Line, stored: _Stored) -> None:
    slug = line.row.cells.get("slug", "")
    if slug:
        try:
            line.slug = clean_slug(slug)
        except ValueError as error:
            line.complain("slug", str(error))
        line.service = stored.by_slug.get(line.slug)
        return
    same = stored.by_name.get(" ".join(line.name.split()).lower(), [])
    mine = [service for service in same if line.team and service.team_id == line.team.pk]
    if len(mine or same) > 1:
        slugs = ", ".join(service.slug for service in same)
        line.complain("name", f"Several services have this name. Say which in a column “slug”: {slugs}.")
    elif same:
        line.service = (mine or same)[0]


def _refuse_twice(line: Line, seen: dict[tuple[str, object], int]) -> None:
    team = line.team.pk if line.team else None
    key: tuple[str, object]
    if line.service is not None:
        key = ("service", line.service.pk)
    elif line.slug:
        key = ("slug", line.slug)
    else:
        key = ("name", (team, line.name.lower()))
    first = seen.setdefault(key, line.row.line)
    if first != line.row.line:
        cell = "slug" if line.row.cells.get("slug") else "name"
        line.complain(cell, f"This service is on line {first} already. Keep one of the two.")


def _compare(actor: Actor, line: Line, service: Service) -> None:
    line.slug = service.slug
    decision = permissions.allowed(actor, "service.edit", Subject(team_id=service.team_id))
    cell = "slug" if line.row.cells.get("slug") else "name"
    if decision.hidden:
        line.service = None
        line.complain(cell, f"“{service.slug}” is taken by a service of another team. Choose another.")
    elif not decision:
        line.complain(cell, f"“{service.slug}” is a service of {service.team}. {decision.reason}")
    elif service.archived_at:
        line.complain(cell, f"“{service.slug}” is archived. Restore it first, or remove this row.")
    for name in line.row.only_new:
        line.clean.pop(name, None)
    if line.problems or line.team is None:
        return
    line.name = line.clean.get("name", service.name)
    line.changes = differences(service, line.team, line.clean)
    line.kind = "changed" if line.changes else "unchanged"
    if line.team.pk != service.team_id:
        _require_create(actor, line, line.team)


def _prepare_new(actor: Actor, line: Line, stored: _Stored) -> None:
    if line.team is None:
        return
    _require_create(actor, line, line.team)
    line.kind = "new"
    line.name = line.clean["name"]
    line.slug = line.slug or free_slug(line.name, stored.slugs)
    stored.slugs.add(line.slug)


def _require_create(actor: Actor, line: Line, team: Team) -> None:
    decision = permissions.allowed(actor, "service.create", Subject(team_id=team.pk))
    if not decision:
        not_in = f"You are not in the team {team}. Ask one of its members to import this row."
        reason = not_in if decision.hidden else decision.reason
        line.complain("team", reason)


def _spot_same_names(lines: list[Line], stored: _Stored) -> None:
    """Two services of one team may not have the same name, once all of the file is in."""
    moving = [line for line in lines if line.kind == "new" or {"name", "team"} & set(line.changes)]
    leaving = {line.service.pk for line in moving if line.service}
    taken = {key for key, pk in stored.names.items() if pk not in leaving}
    for line in moving:
        key = (line.team.pk if line.team else 0, line.name.lower())
        if key in taken:
            line.kind = "bad"
            line.complain("name", f"{line.team} would have two services called “{line.name}”. Rename one.")
        taken.add(key)
