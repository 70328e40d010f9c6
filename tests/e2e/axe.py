"""Accessibility, checked by axe-core in the page (vendor/axe.min.js, MPL-2.0)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

_SCRIPT: Final = Path(__file__).parent / "vendor" / "axe.min.js"
_GRAVE: Final = {"serious", "critical"}


@cache
def _source() -> str:
    return _SCRIPT.read_text(encoding="utf-8")


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe finds in the page as it is now, of level serious or worse."""
    page.evaluate(_source())
    found: list[dict[str, Any]] = page.evaluate("axe.run(document).then((result) => result.violations)")
    return [violation for violation in found if violation["impact"] in _GRAVE]


def assert_accessible(page: Page) -> None:
    """Fail with rule, element and reason for each violation of level serious or worse."""
    lines = [
        f"{violation['id']} ({violation['impact']}): {node['html'][:200]}\n    {node['failureSummary']}"
        for violation in violations(page)
        for node in violation["nodes"]
    ]
    assert not lines, f"{page.url}\n" + "\n".join(lines)
