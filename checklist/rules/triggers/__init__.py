"""Triggers: what makes a team look at a deferral again, typed by people and kept as plain data.

    service_count >= 10          service_count / team_size > 2 and not regulated
    on 2027-03-31                cloud changed      any fact changed
    manual: a customer asks for it

`parse` reads the text into a tree, `evaluate` looks at the facts of a service. Beside the rules of
`applicability` (all, any, not, and a fact with is, at_least or at_most) a tree holds:

{"compare": ">=", "left": n, "right": n}   n: a whole number, {"fact": name}, or
                                           {"op": "+", "left": n, "right": n} and so for - * /
{"on": "2027-03-31"}   {"changed": fact or "any"}   {"manual": words}
"""

from __future__ import annotations

from checklist.rules.triggers.evaluating import Reading, evaluate
from checklist.rules.triggers.parsing import MAX_TEXT, TriggerError, parse

__all__ = ["MAX_TEXT", "Reading", "TriggerError", "evaluate", "parse"]
