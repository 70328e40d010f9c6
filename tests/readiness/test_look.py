"""What the style sheets and templates promise: contrast in both themes, nothing inline, scripts small."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC, TEMPLATES = ROOT / "static", ROOT / "templates"
TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", (STATIC / "css/tokens.css").read_text()
    )
}
WORDS = ["text", "text-2", "text-3", "accent", "met", "notmet", "warn", "defer"]
BEHIND = ["bg", "surface", "surface-2", "accent-soft", "met-soft", "notmet-soft", "warn-soft", "defer-soft"]
# text-3 is for quiet words on plain surfaces; nothing puts it on a soft colour.
PAIRS = [(a, b) for a, b in itertools.product(WORDS, BEHIND) if not (a == "text-3" and b.endswith("-soft"))]


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, WCAG 2.2."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_words_can_be_read_on_every_surface(theme: int) -> None:
    pairs = [*PAIRS, ("accent-ink", "accent"), ("accent-ink", "accent-hover")]
    weak = {
        f"--{word} on --{behind}": round(contrast(TOKENS[word][theme], TOKENS[behind][theme]), 2)
        for word, behind in pairs
        if contrast(TOKENS[word][theme], TOKENS[behind][theme]) < 4.5
    }
    assert not weak


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_the_edge_of_a_field_can_be_seen(theme: int) -> None:
    assert contrast(TOKENS["field"][theme], TOKENS["surface"][theme]) >= 3


def test_nothing_inline_that_the_security_policy_would_block() -> None:
    inline = re.compile(
        r"<style|\sstyle=|\son[a-z]+=|hx-on|<script(?![^>]*\bsrc=)(?![^>]*application/json)", re.IGNORECASE
    )
    pages = [path for path in TEMPLATES.rglob("*.html") if "packet" not in path.parts]
    assert len(pages) > 50
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in pages
        for match in inline.finditer(re.sub(r"{#.*?#}", "", path.read_text()))
    }
    assert not found


def test_style_sheets_and_scripts_stay_small() -> None:
    long = {
        path.name: lines
        for suffix, most in (("css", 300), ("mjs", 150))
        for path in STATIC.rglob(f"*.{suffix}")
        if (lines := len(path.read_text().splitlines())) > most
    }
    assert not long


def test_every_style_sheet_is_linked_and_every_linked_one_exists() -> None:
    linked = set(re.findall(r"css/([\w-]+\.css)", (TEMPLATES / "components/styles.html").read_text()))
    assert linked == {path.name for path in (STATIC / "css").glob("*.css")}
