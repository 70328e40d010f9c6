"""`readiness lint-runbook`: formats, exit status, files that cannot be read."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from checklist.rules.runbooks import TEMPLATE
from readiness.cli import main

BAD = "# X\n\n## Rollback\n1. Roll back somehow\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.md").write_text(TEMPLATE)
    (tmp_path / "bad.md").write_text(BAD)
    return tmp_path


def test_text_names_file_and_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint-runbook", "good.md"]) == 0
    assert "nothing to mend" in capsys.readouterr().out
    assert main(["lint-runbook", "good.md", "bad.md"]) == 1
    out = capsys.readouterr().out
    assert "bad.md:4: “Roll back somehow” names no command, query or link." in out
    assert "bad.md: 1 of 6 parts" in out


def test_github(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a,b:%.md").write_text("# X")
    assert main(["lint-runbook", "--format", "github", "bad.md", "a,b:%.md"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert all(re.match(r"::error file=[^,:]+,line=\d+,title=[^,:]+::", line) for line in lines)
    assert lines[-1].startswith("::error file=a%2Cb%3A%25.md,")
    assert any("line=4," in line for line in lines)


def test_sarif(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint-runbook", "--format", "sarif", "bad.md", "good.md"]) == 1
    report = json.loads(capsys.readouterr().out)
    (run,) = report["runs"]
    assert (report["version"], run["invocations"][0]["executionSuccessful"]) == ("2.1.0", True)
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} == {"parts", "concrete"} <= rules
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert {place["artifactLocation"]["uri"] for place in places} == {"bad.md"}
    assert all(place["region"]["startLine"] >= 1 for place in places)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe", "line 1 is not UTF-8"),
        (b"a\n\xe9", "line 2 is not UTF-8"),
        (b"x " * 2_621_440, "5,120 KB"),
    ],
)
def test_files_that_cannot_be_read(
    folder: Path, capsys: pytest.CaptureFixture[str], content: bytes, words: str
) -> None:
    (folder / "odd.md").write_bytes(content)
    assert main(["lint-runbook", "good.md", "odd.md"]) == 2
    assert words in capsys.readouterr().err
    assert main(["lint-runbook", "--format", "sarif", "odd.md"]) == 2
    assert not json.loads(capsys.readouterr().out)["runs"][0]["invocations"][0]["executionSuccessful"]


def test_no_file_and_missing_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint-runbook"]) == 2
    assert "at least one file" in capsys.readouterr().err
    assert main(["lint-runbook", "nowhere.md"]) == 2
    assert "cannot be read: No such file" in capsys.readouterr().err


def test_the_template_is_printed_and_can_be_piped(folder: Path) -> None:
    """As a process of its own: it needs neither settings nor Django."""
    start = [sys.executable, "-m", "readiness.cli", "lint-runbook"]
    root = Path(__file__).resolve().parents[2]
    template = subprocess.run([*start, "--template"], cwd=root, capture_output=True, check=True).stdout
    assert template.decode() == TEMPLATE
    assert subprocess.run([*start, "-"], cwd=root, input=template, check=False).returncode == 0
    code = (
        "import sys; from readiness.cli import main; main(['lint-runbook', '--template']); "
        "sys.exit('django' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=False)
    assert done.returncode == 0
