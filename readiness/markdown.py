"""Markdown that people typed, as HTML that is safe to show.

Two walls, each enough by itself: the parser knows no raw HTML and no images, and what it makes is cleaned
against a list of allowed elements and attributes. Work is bounded by a count of parsing steps, not by a
clock, so that a text looks the same on every machine and in every packet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from readiness.bounded_markdown import TooMuchWork, bounded_parser

MAX_CHARACTERS: Final = 100_000

_HEADINGS_DOWN: Final = 2  # text stands below a page's and a section's own headings
_LOWEST_HEADING: Final = 6
_TAGS: Final = {
    *("p", "br", "hr", "blockquote", "pre", "code", "em", "strong", "s", "a", "ul", "ol", "li"),
    *("h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES: Final = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES: Final = {"http", "https", "mailto"}


class _Renderer(RendererHTML):
    """Shifts headings down, so that they fit into the outline of the page."""

    def heading_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        tokens[idx].tag = _shifted(tokens[idx].tag)
        return self.renderToken(tokens, idx, options, env)

    def heading_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        return self.heading_open(tokens, idx, options, env)


def _shifted(tag: str) -> str:
    return f"h{min(int(tag[1]) + _HEADINGS_DOWN, _LOWEST_HEADING)}"


_PARSER: Final = bounded_parser(renderer=_Renderer)


def render_markdown(text: str) -> SafeString:
    """Turn Markdown (CommonMark with tables) into safe HTML.

    Raw HTML is shown as the text it is, images become links, links carry rel="nofollow noopener noreferrer"
    and only http, https and mailto. A text made to be slow is shown unformatted. Arguments: `text`, at most
    MAX_CHARACTERS; the rest is cut off.
    """
    readable = text[:MAX_CHARACTERS].encode("utf-8", "replace").decode()
    try:
        html = _PARSER.render(readable)
    except TooMuchWork:
        html = f"<pre>{escape(readable)}</pre>"
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener noreferrer",
        # What scrolls sideways must be reachable by keyboard.
        set_tag_attribute_values={"pre": {"tabindex": "0"}},
    )
    return mark_safe(clean)  # noqa: S308  # cleaned just above
