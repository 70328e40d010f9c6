"""The port through which people and teams reach the audit record.

`readiness` knows nothing of reviews, and the record is kept there; so `reviews` registers its recorder when
the applications are ready.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from readiness.accounts.rights import Actor


class Recorder(Protocol):
    """Writes one event, in the transaction of the act that it tells of."""

    def __call__(self, actor: Actor | None, verb: str, summary: str, data: dict[str, Any]) -> object:
        """Write it; `actor` None stands for the system itself."""


_recorders: list[Recorder] = []


def register(recorder: Recorder) -> None:
    """Have `recorder` write the events from now on, in place of an earlier one."""
    _recorders[:] = [recorder]


def record(actor: Actor | None, verb: str, summary: str, data: dict[str, Any]) -> None:
    """Record an act on people or teams: a verb tag `source:subject:action`, a sentence, and details as JSON.

    Raises `RuntimeError` if nobody registered: an act without its event must not happen.
    """
    if not _recorders:
        raise RuntimeError("No audit recorder is registered, so nothing that must be recorded can be done.")
    _recorders[0](actor, verb, summary, data)
