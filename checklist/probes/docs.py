"""The pages of docs/probes/, written from the probes' own descriptions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from checklist.probes.base import ProbeSpec

INDEX = "index.md"
_INDEX_HEAD = """\
# Probes

Checks that a machine makes. A probe attaches evidence to an item and proposes an answer; a person decides.
`unknown` (could not observe) and `error` (the probe broke) never count as a pass or a fail.

These pages are written by `python manage.py probe_docs` from the probes themselves.

| probe | what it checks | items |
|---|---|---|"""


def pages(specs: tuple[ProbeSpec, ...]) -> dict[str, str]:
    """File name to Markdown text: one page a probe, and an index."""
    return {INDEX: _index(specs), **{f"{spec.id}.md": _page(spec) for spec in specs}}


def _index(specs: tuple[ProbeSpec, ...]) -> str:
    rows = [f"| [{spec.title}]({spec.id}.md) | {spec.summary} | {', '.join(spec.items)} |" for spec in specs]
    return "\n".join([_INDEX_HEAD, *rows, ""])


def _page(spec: ProbeSpec) -> str:
    answer = (
        "`met` on a pass, `not met` on a fail" if spec.proposes_met else "`not met` on a fail, never `met`"
    )
    items = ", ".join(f"`{item}`" for item in spec.items)
    ways = ", ".join(kind.upper() for kind in spec.egress)
    parts = {
        "Why": spec.motivation,
        "What is read": _bullets(spec.reads),
        "Verdict": _bullets(f"**{rule.outcome}**: {rule.when}" for rule in spec.rules)
        + f"\n\nIt proposes {answer}, for: {items}.",
        "What to do about it": spec.remediation,
        "Permissions and network": f"{spec.permissions} It uses {ways}, up to {spec.timeout:g} seconds.",
        "Schedule": f"Every {_span(spec.every)}; a result is stale after {_span(spec.stale_after)}.",
    }
    text = "\n\n".join(f"## {title}\n\n{part}" for title, part in parts.items())
    return f"# {spec.title} (`{spec.id}`)\n\n{spec.summary}\n\n{text}\n"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _span(span: timedelta) -> str:
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count, rest = divmod(int(span.total_seconds()), size)
        if count and not rest:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{int(span.total_seconds())} seconds"
