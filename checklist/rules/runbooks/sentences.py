"""Counting sentences of prose in English, German and French."""

from __future__ import annotations

import re
from typing import Final

# Dots that end no sentence.
_SHORT: Final = re.compile(
    r"\b(e\.\s?g|i\.\s?e|etc|approx|vs|cf|no|nr|resp|incl|max|min|dr|mr|mrs|st|z\.\s?b|d\.\s?h|u\.\s?a|bzw|usw|ca|ggf|evtl|inkl|p\.\s?ex|env)\.",
    re.IGNORECASE,
)
_END: Final = re.compile("[.!?…]+[\"'”\N{RIGHT SINGLE QUOTATION MARK}»)\\]]*(?=\\s|$)")
_SHOWN: Final = 60


def count_sentences(text: str) -> int:
    """How many sentences a paragraph has; one that ends without a full stop counts too."""
    bare = _SHORT.sub(lambda found: found[0].replace(".", ""), text)
    bare = re.sub(r"https?://\S*[^\s.,;:!?)]", "link", bare)
    parts = [part for part in _END.split(bare) if re.search(r"\w{2}", part)]
    return len(parts)


def first_words(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN].rsplit(' ', 1)[0]} …"
