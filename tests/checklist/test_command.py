"""`manage.py checklist load|lint|diff`, as text and as JSON, with exit codes."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from checklist.models import ChecklistVersion
from tests.checklist.sample import as_yaml, sample


def run(*args: Any) -> str:
    out = StringIO()
    call_command("checklist", *map(str, args), stdout=out)
    return out.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "sample.yaml"
    file.write_bytes(as_yaml(sample()))
    return file


def change(path: Path, **fields: Any) -> None:
    data = sample()
    data.update(fields)
    path.write_bytes(as_yaml(data))


@pytest.mark.django_db
def test_load_the_library_and_a_file(path: Path) -> None:
    assert run("load").startswith("mvp-to-production v1 published (")
    assert run("load").startswith("mvp-to-production v1 is up to date (")
    data = json.loads(run("load", path, "--json"))
    version = ChecklistVersion.objects.get(checklist__slug="sample")
    assert data == {
        "checklist": "sample",
        "version": 1,
        "created": True,
        "kept": False,
        "content_hash": version.content_hash,
    }


@pytest.mark.django_db
def test_load_of_a_broken_file_writes_nothing(path: Path) -> None:
    change(path, sections=[])
    with pytest.raises(CommandError) as caught:
        run("load", path)
    assert f"{path}:" in str(caught.value)
    assert "sections: must have at least 1" in str(caught.value)
    assert "1 mistake to mend." in str(caught.value)
    assert caught.value.returncode == 1
    assert not ChecklistVersion.objects.exists()


def test_lint(path: Path) -> None:
    assert run("lint") == "mvp-to-production: 9 sections, 68 items, no mistakes.\n"
    assert json.loads(run("lint", path, "--json")) == {
        "ok": True,
        "checklist": "sample",
        "sections": 2,
        "items": 5,
        "problems": [],
    }


def test_lint_as_json_lists_every_mistake_and_fails(path: Path) -> None:
    change(path, title=5, colour="red")
    out = StringIO()
    with pytest.raises(CommandError, match="2 mistakes to mend"):
        call_command("checklist", "lint", str(path), "--json", stdout=out)
    data = json.loads(out.getvalue())
    assert not data["ok"]
    assert {(problem["field"], problem["line"] > 0) for problem in data["problems"]} == {
        ("title", True),
        ("colour", True),
    }


@pytest.mark.django_db
def test_diff_of_a_file_and_of_two_versions(path: Path) -> None:
    run("load", path)
    assert "no difference" in run("diff", path)
    data = sample()
    items = data["sections"][0]["items"]
    items[1]["spec"]["limit"] = 5
    items.append({**items[0], "slug": "added", "title": "Added"})
    data["sections"][1]["items"].append(items.pop(0))
    del data["sections"][0]["items"][1]
    path.write_bytes(as_yaml(data))
    lines = run("diff", path).splitlines()
    assert lines == [
        f"sample v1 to {path}:",
        "  + see/added: Added",
        "  - see/extra: Something extra",
        "  ~ size spec.limit: 4 to 5",
        "  > logs: see 1 to act 3",
    ]
    run("load", path)
    assert run("diff", "sample", 1, 2).splitlines() == ["sample v1 to v2:", *lines[1:]]
    found = json.loads(run("diff", "sample", 2, 1, "--json"))
    assert [entry["slug"] for entry in found["removed"]] == ["added"]
    assert found["changed"][0]["fields"] == [{"field": "spec.limit", "old": 5, "new": 4}]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nowhere"], "There is no file or folder nowhere"),
        (["sample", 1], "Name two versions"),
        (["sample", 1, 2], "There is no checklist “sample”"),
        ([], "There is no checklist “mvp-to-production”"),
    ],
)
def test_diff_says_what_is_missing(args: list[Any], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run("diff", *args)
