"""Background tasks: an id in, one action call. What there is to do is a row: run twice, it is done once."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from checklist.probes.installed import egress_policy
from checklist.probes.runner import run_probe as observe
from readiness.tasks import enqueue
from reviews.actions import probe_runs
from reviews.actions.waivers import expire_waiver, waivers_to_expire


@shared_task(name="probes.run")
def run_probe(run_id: int) -> None:
    """Run one probe that somebody asked for. The network is spoken to outside of any transaction."""
    claim = probe_runs.claim_run(run_id)
    if claim is not None:
        probe_runs.finish_run(claim, observe(claim.probe, claim.config, egress_policy()))


@shared_task(name="probes.pick_up")
def pick_up_runs() -> None:
    """Queue what no worker took, because the broker was away, and what a dead worker held. Each minute."""
    for run_id in probe_runs.runs_to_pick_up():
        enqueue(run_probe, run_id)


@shared_task(name="reviews.expire_waivers")
def expire_waivers() -> None:
    """End the granted waivers whose last day is over. Each hour; once for each, however often it runs."""
    today = timezone.localdate()
    for waiver_id in waivers_to_expire(today):
        expire_waiver(waiver_id, today)
