"""A parser of Markdown whose work is bounded by a count of steps, not by a clock. Knows no Django."""

from __future__ import annotations

from typing import Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

MAX_STEPS: Final = 80_000
MAX_TOKENS: Final = 40_000


class TooMuchWork(Exception):
    """The text takes more steps than an honest one of its length."""


def _step(state: StateBlock | StateInline) -> bool:
    env = state.env
    env["steps"] = steps = env.get("steps", 0) + 1
    if steps > env.get("max_steps", MAX_STEPS) or len(state.tokens) > env.get("max_tokens", MAX_TOKENS):
        raise TooMuchWork
    return False


def _block_step(state: StateBlock, _start: int, _end: int, _silent: bool) -> bool:
    return _step(state)


def _inline_step(state: StateInline, _silent: bool) -> bool:
    return _step(state)


def bounded_parser(renderer: type[RendererHTML] = RendererHTML) -> MarkdownIt:
    """A parser of CommonMark with tables and struck text; raw HTML is text, images are links.

    `parse` and `render` raise TooMuchWork beyond MAX_STEPS or MAX_TOKENS, or what the environment that is
    passed to them says as `max_steps` and `max_tokens`.
    """
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}, renderer_cls=renderer)
    parser.enable(["table", "strikethrough"]).disable(["image", "html_block", "html_inline"])
    # The first rule of both rulers and of every search for the end of a block: it counts and matches nothing.
    inside: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("table", "step", _block_step, inside)
    parser.inline.ruler.before("text", "step", _inline_step)
    return parser
