"""Markdown that people type, as HTML that is safe to show.

Two walls: the parser takes no raw HTML, and nh3 (the ammonia sanitiser) keeps only what is listed here.
"""

from __future__ import annotations

from typing import Final

import nh3
from django.utils.html import linebreaks
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

# Beyond this a text is shown as plain paragraphs: rendering must not become the slowest part of a page.
MAX_RENDERED: Final = 20_000

_PARSER: Final = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": 20}).enable("table")
_TEXT: Final = {"a", "br", "code", "em", "strong"}
_BLOCKS: Final = {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
_TABLES: Final = {"table", "tbody", "td", "th", "thead", "tr"}
_ATTRIBUTES: Final = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES: Final = frozenset({"http", "https", "mailto"})


def render_markdown(text: str) -> SafeString:
    """Return `text` (CommonMark with tables) as sanitised HTML, without images and odd schemes."""
    if len(text) > MAX_RENDERED:
        return linebreaks(text, autoescape=True)
    html = nh3.clean(
        _PARSER.render(text),
        tags=_TEXT | _BLOCKS | _TABLES,
        attributes={name: set(values) for name, values in _ATTRIBUTES.items()},
        url_schemes=set(_SCHEMES),
        link_rel="nofollow noopener noreferrer",
    )
    return mark_safe(html)  # noqa: S308  # sanitised just above
