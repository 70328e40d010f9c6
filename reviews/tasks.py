"""Background tasks: an id in, one action call. What there is to do is a row: run twice, it is done once."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from checklist.probes.installed import egress_policy
from checklist.probes.runner import run_probe as observe
from readiness.tasks import enqueue
from reviews import storage
from reviews.actions import probe_runs, watching
from reviews.actions.deferral_mail import mail_owner, owners_to_mail
from reviews.actions.drills import drills_to_expire, expire_drill
from reviews.actions.packet_mail import mail_packet, mails_to_pick_up
from reviews.actions.packet_making import make_packet
from reviews.actions.packets import packets_to_pick_up
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


@shared_task(name="reviews.watch_triggers")
def watch_triggers() -> None:
    """Reopen decisions whose trigger is reached, over all services. Every five minutes; each once."""
    watching.watch()
    follow_up_deferrals()


@shared_task(name="reviews.follow_up_deferrals")
def follow_up_deferrals() -> None:
    """Tell reviews and owners of reopened decisions, whoever reopened them. Each once."""
    for deferral_id in watching.deferrals_to_note():
        watching.note_reopened(deferral_id)
    for owner_id in owners_to_mail():
        enqueue(mail_deferral_owner, owner_id)


@shared_task(name="reviews.mail_deferral_owner")
def mail_deferral_owner(owner_id: int) -> None:
    """Mail one owner about all decisions of theirs that were reopened."""
    mail_owner(owner_id)


@shared_task(name="reviews.expire_drills")
def expire_drills() -> None:
    """Close drills that were left open. Each quarter of an hour; once for each, however often it runs."""
    for drill_id in drills_to_expire():
        expire_drill(drill_id)


@shared_task(name="packets.render", soft_time_limit=300, time_limit=330)
def render_packet(packet_id: int) -> None:
    """Make one packet. It may take longer than the broker waits: a copy handed out again finds it taken."""
    if make_packet(packet_id):
        enqueue(send_packet_mail, packet_id)


@shared_task(name="reviews.mail_packet")
def send_packet_mail(packet_id: int) -> None:
    """Tell the participants of a made packet."""
    mail_packet(packet_id)


@shared_task(name="reviews.pick_up_packets")
def pick_up_packets() -> None:
    """Queue packets that no worker took, because the broker was away, and those of a dead worker."""
    for packet_id in packets_to_pick_up():
        enqueue(render_packet, packet_id)


@shared_task(name="reviews.pick_up_packet_mail")
def pick_up_packet_mail() -> None:
    """Queue mails that did not go out."""
    for packet_id in mails_to_pick_up():
        enqueue(send_packet_mail, packet_id)


@shared_task(name="reviews.tidy_files")
def tidy_files() -> None:
    """Remove kept files that no row names any more. Each day."""
    storage.tidy()
