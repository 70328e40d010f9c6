"""Make a packet from start to end, outside of any transaction, with a sign of life all the while."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, connection

from reviews.actions.packets import LEASE, Claim, claim_packet, fail_packet, finish_packet, renew_lease
from reviews.packets.render import render_packet
from reviews.packets.schema import UnreadableSnapshotError

logger = logging.getLogger(__name__)

_HEARTBEAT = LEASE.total_seconds() / 3


def make_packet(packet_id: int) -> bool:
    """Make one packet, unless somebody else does or it is made already; True when this call made it."""
    claim = claim_packet(packet_id)
    if claim is None:
        return False
    with _alive(claim):
        try:
            return finish_packet(claim, render_packet(claim.content))
        except UnreadableSnapshotError as error:
            fail_packet(claim, str(error), again=False)
        except SoftTimeLimitExceeded:
            fail_packet(
                claim,
                "Making the packet took too long and was stopped. Try again when the server has less to do; "
                "if it is stopped again, ask your operator for a faster one.",
                again=False,
            )
        except Exception as error:
            # Whatever went wrong has to reach the page: nobody watches the log of this worker.
            logger.exception("Packet %s could not be made, attempt %s", packet_id, claim.attempt)
            fail_packet(
                claim,
                f"Making the packet failed ({type(error).__name__}: {error}). Try again; if it fails again, "
                "ask your operator to look at the log of the packets worker.",
                again=True,
            )
    return False


@contextmanager
def _alive(claim: Claim) -> Iterator[None]:
    """Renew the lease from a thread of its own until the block ends."""
    over = Event()
    thread = Thread(target=_renew_until, args=(claim, over), name=f"lease-{claim.packet_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _renew_until(claim: Claim, over: Event) -> None:
    try:
        while not over.wait(_HEARTBEAT):
            try:
                if not renew_lease(claim):
                    return
            except DatabaseError:
                logger.warning("The lease of packet %s could not be renewed; trying on.", claim.packet_id)
                connection.close()
    finally:
        connection.close()
