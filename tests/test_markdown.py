"""Markdown: what people write looks right, what attackers write does nothing, what is huge ends soon."""

from __future__ import annotations

import html
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness import markdown
from readiness.markdown import MAX_CHARACTERS, render_markdown

TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^>]*)>")


def test_ordinary_text() -> None:
    text = "# Title\n\nA *b* **c** `d` ~~e~~\n\n1. x\n2. y\n\n- z\n\n> q\n\n```sh\nls -l | wc\n```\n\n---\n"
    assert render_markdown(text) == (
        "<h3>Title</h3>\n<p>A <em>b</em> <strong>c</strong> <code>d</code> <s>e</s></p>\n"
        "<ol>\n<li>x</li>\n<li>y</li>\n</ol>\n<ul>\n<li>z</li>\n</ul>\n"
        "<blockquote>\n<p>q</p>\n</blockquote>\n"
        '<pre tabindex="0"><code>ls -l | wc\n</code></pre>\n<hr>\n'
    )


def test_table_without_inline_style() -> None:
    rendered = render_markdown("| a | b |\n|--:|---|\n| 1 | `x \\| y` |\n")
    assert "<th>a</th>" in rendered
    assert "<td>1</td>" in rendered
    assert "<code>x | y</code>" in rendered
    assert "style" not in rendered


def test_headings_stay_below_those_of_the_page() -> None:
    rendered = render_markdown("# 1\n\n## 2\n\n###### 6\n\nSetext\n======\n")
    assert re.findall(r"<h(\d)>", rendered) == ["3", "4", "6", "3"]
    assert re.findall(r"</h(\d)>", rendered) == ["3", "4", "6", "3"]


@pytest.mark.parametrize("url", ["https://x.example/a?b=1&c=2", "http://x.example", "mailto:a@x.example"])
def test_links_are_kept_with_rel(url: str) -> None:
    rendered = render_markdown(f"[here]({url} 'hint')")
    assert f'href="{html.escape(url)}"' in rendered
    assert 'rel="nofollow noopener noreferrer"' in rendered
    assert 'title="hint"' in rendered


def test_bare_addresses_stay_text() -> None:
    assert "<a" not in render_markdown("see https://x.example and www.x.example and a@x.example")


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)' onclick='alert(1)'>x</a>",
    "<style>*{display:none}</style>",
    "<iframe src=//x.example></iframe>",
    "<form action=//x.example><input name=password></form>",
    "<p style='position:fixed'>x</p>",
    "<!-- --><script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](&#x6A;avascript:alert(1))",
    "[x](  javascript:alert(1))",
    "[x](<java\tscript:alert(1)>)",
    "[x](javascript&colon;alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](file:///etc/passwd)",
    "[x](intent://x#Intent;end)",
    "<javascript:alert(1)>",
    "![x](https://x.example/track.gif)",
    "![x](data:image/svg+xml;base64,PHN2Zy8+)",
    "[x]: javascript:alert(1)\n\n[x]",
    "[x](https://x.example \"' onmouseover=alert(1) x='\")",
    '[x](https://x.example "><script>alert(1)</script>")',
    "```<script>alert(1)</script>\n<script>alert(1)</script>\n```",
    '``` " onmouseover="alert(1)\nx\n```',
    "`<script>alert(1)</script>`",
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "- > - > <script>alert(1)</script>",
    "*<b onclick=alert(1)>x</b>*",
    "\x00<script>alert(1)</script>",
    "<ma\x00th><mtext><script>alert(1)</script>",
    "\ud800<script>alert(1)</script>",
]


def assert_harmless(rendered: str) -> None:
    for closing, tag, attributes in TAG.findall(rendered):
        assert tag in markdown._TAGS
        names = re.findall(r'([a-z]+)="[^"]*"', attributes)
        assert not re.sub(r'\s*[a-z]+="[^"]*"', "", attributes).strip(), attributes
        allowed = {"a": {"href", "title", "rel"}, "ol": {"start"}, "pre": {"tabindex"}}.get(tag, set())
        assert set(names) <= allowed, (tag, attributes)
        assert not (closing and attributes)
        for url in re.findall(r'href="([^"]*)"', attributes):
            plain = html.unescape(url)
            scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*):", plain)
            assert scheme is None or scheme[1].lower() in markdown._SCHEMES, plain
    assert "<" not in TAG.sub("", rendered)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_or_dropped_but_never_runs(text: str) -> None:
    assert_harmless(render_markdown(text))
    assert_harmless(render_markdown(f"> 1. {text}\n\nand *{text}*"))


def test_raw_html_is_shown_as_typed() -> None:
    assert render_markdown("a <b>c</b>") == "<p>a &lt;b&gt;c&lt;/b&gt;</p>\n"


@given(st.text(alphabet="ab<>\"'`*_[]()!|-#&;:=/\\ \n\tjavscript:onx", max_size=80))
def test_any_text_is_harmless(text: str) -> None:
    assert_harmless(render_markdown(text))


PATTERNS = {
    "words": "some *words* with `code` and [links](https://x.example)\n",
    "lines": "a\n",
    "quotes": ">",
    "nested list": "- - ",
    "open links": "[",
    "open images": "![",
    "link heads": "[a](",
    "references": "[a]: x\n",
    "reference links": "[a][",
    "stars": "*a ",
    "underlines": "_a",
    "backticks": "`a``",
    "headings": "#\n",
    "setext": "a\n=\n",
    "table": "|a|b\n",
    "comments": "<!--",
    "entities": "&",
    "autolinks": "<http://",
    "spaces": " ",
}
HUGE = {name: (pattern * MAX_CHARACTERS)[:MAX_CHARACTERS] for name, pattern in PATTERNS.items()} | {
    "lazy quotes": ">" * 50 + "a\n" * 49_000,
    "paired brackets": "[" * 50_000 + "]" * 50_000,
    "paired stars": "*" * 50_000 + "a" + "*" * 49_999,
    "wide table": "|" + "a|" * 2_000 + "\n|" + "-|" * 2_000 + "\n" + "|a\n" * 30_000,
    "growing backticks": "".join("a" + "`" * length for length in range(440)),
    "growing indent": "\n".join("  " * depth + "- a" for depth in range(440)),
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE.keys())
def test_a_hundred_thousand_characters_end_soon(text: str) -> None:
    started = time.thread_time()
    rendered = render_markdown(text)
    assert time.thread_time() - started < 2.5  # seconds of CPU; without the bound up to 19
    assert_harmless(rendered)


def test_too_much_work_shows_the_text_unformatted_and_whole() -> None:
    rendered = render_markdown(HUGE["lazy quotes"])
    assert rendered.startswith('<pre tabindex="0">&gt;&gt;')
    assert html.unescape(TAG.sub("", rendered)) == HUGE["lazy quotes"]


def test_honest_text_of_that_length_is_formatted() -> None:
    part = (
        "## Step\n\nRun `make x`, then *wait* for [it](https://x.example). If it does not come back within\n"
        "a minute, say so in the channel and go on with the next step.\n\n- one\n- two\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n```sh\nmake y\n```\n\n"
    )
    count = MAX_CHARACTERS // len(part)
    rendered = render_markdown(part * count)
    assert rendered.startswith("<h4>Step</h4>")
    assert rendered.count("<table>") == count


def test_what_is_beyond_the_limit_is_cut() -> None:
    rendered = render_markdown("a" * MAX_CHARACTERS + "b")
    assert rendered == f"<p>{'a' * MAX_CHARACTERS}</p>\n"
