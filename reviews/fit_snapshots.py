"""Build the snapshot of a signed fit check from its rows."""

from __future__ import annotations

from typing import Literal, cast

from django.conf import settings

from readiness import __version__
from readiness.accounts.models import User
from reviews.models import Event, FitCheck
from reviews.packets import fit_schema, schema
from reviews.snapshots import event_record, fact_records, service_record


def build_fit_snapshot(row: FitCheck) -> fit_schema.FitSnapshot:
    """Return the snapshot of a fit check that was just signed. Raises ValueError before that."""
    if row.signed_at is None or row.signed_by_id is None:
        raise ValueError("This fit check is not signed.")
    version = row.version
    stream = f"service:{row.service_id}"
    events = Event.objects.filter(stream=stream, data__fit_check=row.pk).order_by("seq")
    signer = User.objects.get(pk=row.signed_by_id)
    return fit_schema.FitSnapshot(
        generator=schema.Generator(name="Readiness", version=__version__),
        service=service_record(row.service),
        checklist=schema.ChecklistRecord(
            slug=version.checklist.slug,
            title=version.checklist.title,
            version=version.number,
            content_hash=version.content_hash,
        ),
        facts=fact_records(row.facts),
        fit=schema.Fit(
            verdict=cast('Literal["fits", "fits_with_cautions", "does_not_fit"]', row.verdict),
            reasons=tuple(row.reasons),
        ),
        recorded=fit_schema.Statement(
            by=str(row.recorded_by), at=schema.timestamp(row.recorded_at), note=row.note
        ),
        signed=fit_schema.Statement(by=str(signer), at=schema.timestamp(row.signed_at), note=row.sign_note),
        digest=row.digest,
        url=settings.BASE_URL + row.get_absolute_url(),
        stream=stream,
        events=tuple(event_record(event) for event in events),
    )
