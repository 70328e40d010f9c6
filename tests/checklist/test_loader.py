"""Reading checklist files: every mistake is named by file, line and field; hostile files do no harm."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checklist.loader import ChecklistInvalid, parse_checklist, read_checklist
from checklist.schema import content_hash
from checklist.yaml_source import MAX_BYTES
from tests.checklist.sample import as_content, as_yaml, sample

SECTION = 'short_title: See\nquestion: "?"\nwhy: w\n'


def problems(raw: bytes | dict[str, Any]) -> list[str]:
    with pytest.raises(ChecklistInvalid) as caught:
        parse_checklist(as_yaml(raw) if isinstance(raw, dict) else raw, "x.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_the_sample_is_right() -> None:
    content = parse_checklist(as_yaml(sample()), "x.yaml")
    assert content == as_content(sample())
    assert [item.slug for _, item in content.items()] == ["logs", "size", "extra", "alerts", "runbooks"]


def line_of(raw: bytes, text: str, nth: int = 1) -> int:
    """The line of the nth occurrence, from 1."""
    lines = [number for number, line in enumerate(raw.decode().splitlines(), start=1) if text in line]
    return lines[nth - 1]


def test_mistake_is_named_by_file_line_and_field() -> None:
    data = sample()
    data["sections"][0]["items"][1]["severity"] = "urgent"
    raw = as_yaml(data)
    line = line_of(raw, "severity: urgent")
    assert problems(raw) == [f"x.yaml:{line}: sections[0].items[1].severity: must be blocker or advisory"]


def item(data: dict[str, Any], section: int, number: int) -> dict[str, Any]:
    found: dict[str, Any] = data["sections"][section]["items"][number]
    return found


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "missing": (lambda d: item(d, 0, 0).pop("why"), "sections[0].items[0].why: is required"),
    "unknown field": (
        lambda d: item(d, 0, 0).update(colour="red"),
        "sections[0].items[0].colour: is not a known field",
    ),
    "number as text": (lambda d: item(d, 0, 0).update(title=5), "items[0].title: must be text"),
    "empty text": (lambda d: item(d, 0, 0).update(how="  "), "items[0].how: must not be empty"),
    "slug": (lambda d: item(d, 0, 0).update(slug="Not OK"), "items[0].slug: must match"),
    "kind": (
        lambda d: item(d, 0, 0).update(kind="quiz"),
        "sections[0].items[0].kind: must be attestation, measure, drill, inventory, register",
    ),
    "no kind": (lambda d: item(d, 0, 0).pop("kind"), "sections[0].items[0].kind: is required"),
    "spec of another kind": (
        lambda d: item(d, 0, 0).update(spec={"unit": "x"}),
        "items[0].spec.unit: is not a known field",
    ),
    "no spec": (lambda d: item(d, 0, 1).pop("spec"), "items[1].spec: is required"),
    "negative threshold": (
        lambda d: item(d, 0, 1)["spec"].update(limit=-4),
        "items[1].spec.limit: must be a number above 0",
    ),
    "threshold as text": (lambda d: item(d, 0, 1)["spec"].update(limit="4"), "spec.limit: must be a number"),
    "thresholds in the wrong order": (
        lambda d: item(d, 0, 1)["spec"].update(target=3),
        "items[1].spec: target must be at or above limit",
    ),
    "threshold of a record": (
        lambda d: item(d, 0, 1)["spec"].update(direction="record"),
        "items[1].spec: a measure that is only recorded has no limit",
    ),
    "lifetime": (
        lambda d: item(d, 0, 0)["evidence"].update(lifetime_days=0),
        "evidence.lifetime_days: must be above 0",
    ),
    "lifetime as text": (
        lambda d: item(d, 0, 0)["evidence"].update(lifetime_days="90"),
        "evidence.lifetime_days: must be a whole number",
    ),
    "required evidence without lifetime": (
        lambda d: item(d, 0, 0)["evidence"].pop("lifetime_days"),
        "items[0].evidence.lifetime_days: is required where evidence is",
    ),
    "lifetime of no evidence": (
        lambda d: item(d, 0, 0)["evidence"].update(rule="none"),
        "evidence.lifetime_days: must be left out",
    ),
    "blocker deferred": (
        lambda d: item(d, 0, 0).update(allow_deferral=True),
        "items[0].allow_deferral: a blocker cannot be deferred",
    ),
    "probe id": (lambda d: item(d, 0, 0).update(probes=["Not-OK"]), "items[0].probes[0]: must match"),
    "unknown probe": (
        lambda d: item(d, 0, 0).update(probes=["tls", "weather"]),
        "items[0].probes[1]: unknown probe; known: health_endpoint",
    ),
    "probe twice": (
        lambda d: item(d, 0, 0).update(probes=["tls", "tls"]),
        "items[0].probes[1]: “tls” is used twice",
    ),
    "unknown fact": (
        lambda d: item(d, 0, 0).update(applies_when={"any": [{"fact": "shoe_size", "is": 1}]}),
        "items[0].applies_when: any[0].fact: unknown fact 'shoe_size'",
    ),
    "unknown role": (
        lambda d: d["sections"][0].update(reviewer_roles=["sre", "king"]),
        "sections[0].reviewer_roles[1]: unknown reviewer role; known: sre",
    ),
    "approvals": (
        lambda d: d["sections"][0].update(approvals_required=0),
        "approvals_required: must be at least 1",
    ),
    "short title": (
        lambda d: d["sections"][0].update(short_title="Observability"),
        "sections[0].short_title: must be at most 10 characters",
    ),
    "item slug twice": (
        lambda d: item(d, 0, 2).update(slug="logs"),
        "sections[0].items[2].slug: “logs” is used twice",
    ),
    "section slug twice": (
        lambda d: d["sections"][1].update(slug="see"),
        "sections[1].slug: “see” is used twice",
    ),
    "no items": (lambda d: d["sections"][1].update(items=[]), "sections[1].items: must have at least 1"),
    "no sections": (lambda d: d.update(sections=[]), "sections: must have at least 1"),
    "section is a number": (
        lambda d: d["sections"].__setitem__(1, 5),
        "sections[1]: must be a mapping",
    ),
    "unknown check": (
        lambda d: item(d, 1, 1)["spec"]["checks"][0].update(check="guess"),
        "items[1].spec.checks[0].check: must be",
    ),
    "field of a check": (
        lambda d: item(d, 1, 1)["spec"]["checks"][0].pop("equals"),
        "items[1].spec.checks[0].equals: is required",
    ),
    "check of no column": (
        lambda d: item(d, 1, 1)["spec"]["checks"][0].update(column="tears"),
        "items[1].spec.checks: check require_when reads column tears, which is not there",
    ),
    "check of no choice": (
        lambda d: item(d, 1, 1)["spec"]["checks"][0].update(equals="shout"),
        "shout is not a choice of column tier",
    ),
    "source": (
        lambda d: item(d, 1, 1)["spec"].update(source="logs"),
        "items[1].spec.source: “logs” is no inventory",
    ),
    "columns beside a source": (
        lambda d: item(d, 1, 1)["spec"].update(columns=item(d, 1, 0)["spec"]["columns"]),
        "items[1].spec.columns: must be left out",
    ),
    "choices": (
        lambda d: item(d, 1, 0)["spec"]["columns"][1].pop("choices"),
        "items[0].spec.columns[1]: choices must be given",
    ),
    "column twice": (
        lambda d: item(d, 1, 0)["spec"]["columns"][0].update(key="tier"),
        "column keys must be unique; twice: tier",
    ),
    "covers nothing": (
        lambda d: item(d, 1, 0)["spec"].update(
            checks=[{"check": "covers", "source": "logs", "source_column": "x", "column": "alert"}]
        ),
        "items[0].spec.checks[0].source: “logs” is no inventory",
    ),
}


@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES.keys())
def test_each_mistake_is_named(change: Callable[[dict[str, Any]], Any], message: str) -> None:
    data = sample()
    change(data)
    found = problems(data)
    assert any(message in problem for problem in found), found
    assert all(problem.startswith("x.yaml:") for problem in found)
    assert len(found) == 1


def test_all_mistakes_are_named_at_once() -> None:
    data = sample()
    item(data, 0, 0)["severity"] = "urgent"
    item(data, 1, 1)["colour"] = "red"
    del data["title"]
    assert len(problems(data)) == 3


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "x.yaml:1: is empty"),
        (b"# only a comment\n", "x.yaml:1: is empty"),
        (b"just words", "x.yaml:1: must be a mapping"),
        (b"- a\n- b\n", "x.yaml:1: must be a mapping"),
        (b"a: 1\nb: [1, 2\n", "is not valid YAML"),
        (b"a: 1\n\tb: 2\n", "x.yaml:2: is not valid YAML"),
        (b"a: 1\nb: 2\na: 3\n", "x.yaml:3: the key “a” is there twice (first on line 1)"),
        (b"a: 1\n---\nb: 2\n", "x.yaml:2: holds more than one document"),
        (b"a: \xff\n", "x.yaml:1: is not UTF-8 text"),
        (b"ok: 1\nbad: '\x01'\n", "is not valid YAML"),
        (b"a: !!python/object/apply:os.system ['true']\n", "x.yaml:1: uses the tag"),
        (b"a: !!binary aGk=\n", "uses the tag"),
        (b"a: *nothing\n", "alias *nothing has no anchor before it"),
        (b"a: &x [*x]\n", "alias *x refers to itself"),
        (b"? [a, b]\n: 1\n", "a key must be plain text"),
        (b"1: a\n", "the key '1' must be text"),
    ],
)
def test_broken_yaml(raw: bytes, message: str) -> None:
    found = problems(raw)
    assert any(message in problem for problem in found), found


def test_words_and_times_stay_text() -> None:
    data = sample()
    raw = (
        as_yaml(data)
        .replace(b"title: Sample", b"title: no", 1)
        .replace(b"summary: A sample.", b"summary: 1:30", 1)
    )
    content = parse_checklist(raw)
    assert (content.title, content.summary) == ("no", "1:30")


def test_billion_laughs_is_refused_at_once() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    started = time.monotonic()
    (problem,) = problems("\n".join(lines).encode())
    assert time.monotonic() - started < 1
    assert "stands for more than 20,000 values" in problem or "aliases" in problem


def test_few_aliases_that_grow_are_refused_too() -> None:
    lines = [f"a0: &a0 [{', '.join(['x'] * 500)}]", f"a1: &a1 [{', '.join(['*a0'] * 45)}]"]
    (problem,) = problems("\n".join(lines).encode())
    assert problem == "x.yaml:2: stands for more than 20,000 values"


def test_many_aliases_are_refused() -> None:
    raw = b"a: &a 1\nb: [" + b", ".join([b"*a"] * 51) + b"]\n"
    assert problems(raw) == ["x.yaml:2: uses more than 50 aliases; write the values out"]


def test_deep_nesting_is_refused() -> None:
    assert problems(b"a: " + b"[" * 200_000) == ["x.yaml:1: nests deeper than 20 levels"]


def test_large_file_is_refused() -> None:
    assert problems(b"a: " + b"x" * MAX_BYTES) == ["x.yaml:1: is larger than 1024 KiB"]


def test_folder_with_a_file_per_section(tmp_path: Path) -> None:
    data = sample()
    sections = data["sections"]
    data["sections"] = ["see.yaml", "act.yaml"]
    (tmp_path / "checklist.yaml").write_bytes(as_yaml(data))
    (tmp_path / "see.yaml").write_bytes(as_yaml(sections[0]))
    item_ = sections[1]["items"][0]
    item_["severity"] = "urgent"
    raw = as_yaml(sections[1])
    (tmp_path / "act.yaml").write_bytes(raw)
    with pytest.raises(ChecklistInvalid) as caught:
        read_checklist(tmp_path)
    (problem,) = caught.value.problems
    assert problem.file.endswith("act.yaml")
    assert problem.line == line_of(raw, "severity: urgent")
    assert problem.field == "sections[1].items[0].severity"
    item_["severity"] = "blocker"
    (tmp_path / "act.yaml").write_bytes(as_yaml(sections[1]))
    assert read_checklist(tmp_path) == as_content(sample())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../secret.yaml", "must be a file beside this one"),
        ("/etc/passwd", "must be a file beside this one"),
        ("gone.yaml", "no file gone.yaml here"),
    ],
)
def test_section_file_must_lie_beside(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "checklist.yaml").write_bytes(as_yaml({**sample(), "sections": [name]}))
    with pytest.raises(ChecklistInvalid, match=message):
        read_checklist(tmp_path)


def test_upload_may_not_name_files() -> None:
    assert any(
        "sections[0]: must be a mapping" in problem
        for problem in problems({**sample(), "sections": ["see.yaml"]})
    )


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(ChecklistInvalid, match="cannot be read: No such file"):
            read_checklist(path)


def test_canonical_content_and_hash() -> None:
    content = as_content(sample())
    canonical = content.canonical()
    assert as_content(canonical) == content, "canonical content reads back as itself"
    reordered = dict(reversed(sample().items()))
    assert content_hash(as_content(reordered).canonical()) == content_hash(canonical)
    explicit = sample()
    item(explicit, 0, 0)["allow_deferral"] = False
    assert content_hash(as_content(explicit).canonical()) == content_hash(canonical), (
        "defaults change nothing"
    )
    changed = sample()
    item(changed, 0, 1)["spec"]["limit"] = 5
    assert content_hash(as_content(changed).canonical()) != content_hash(canonical)
