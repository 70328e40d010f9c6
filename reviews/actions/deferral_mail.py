"""Tell an owner of decisions that were reopened: one mail for all of them, once."""

from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPException
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from readiness.accounts.models import Membership, User
from reviews.models import Deferral
from reviews.states import DeferralState

logger = logging.getLogger(__name__)

_GIVE_UP: Final = timedelta(days=1)
_MOST: Final = 50
# Any fixed number will do: with the owner's id, the key of an advisory lock of PostgreSQL.
_MAILING_LOCK: Final = 7_310_203


def mail_owner(owner_id: int) -> int:
    """Mail one owner about their reopened decisions; return how many it told of, 0 when that was done.

    A mail that is not taken leaves them untold, to be tried again for a day. Who left is replaced by the
    leads of the teams.
    """
    with transaction.atomic():
        if not _alone(owner_id):
            return 0
        rows = _untold().select_for_update(of=("self",), skip_locked=True)
        found = list(rows.select_related("service", "owner").filter(owner_id=owner_id)[:_MOST])
        if not found or not _send(found):
            return 0
        now = timezone.now()
        Deferral.objects.filter(pk__in=[row.pk for row in found]).update(mailed_at=now)
    return len(found)


def _alone(owner_id: int) -> bool:
    """Whether nobody else mails this owner just now; two at once would make two mails of it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_MAILING_LOCK, owner_id])
        (is_mine,) = cursor.fetchone()
    return bool(is_mine)


def owners_to_mail() -> list[int]:
    """Ids of owners with reopened decisions that they were not told of."""
    rows = _untold().filter(reopened_at__gt=timezone.now() - _GIVE_UP)
    return sorted(set(rows.values_list("owner_id", flat=True)))


def _untold() -> QuerySet[Deferral]:
    return Deferral.objects.filter(state=DeferralState.REOPENED, mailed_at__isnull=True).order_by("pk")


def _send(rows: list[Deferral]) -> bool:
    people = _recipients(rows)
    if not people:
        return True
    first = rows[0]
    what = f"“{first.title}”" if len(rows) == 1 else f"{len(rows)} decisions"
    subject = f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}Look again at {what}"
    context = {
        "rows": [(row, settings.BASE_URL + row.get_absolute_url()) for row in rows],
        "owner": first.owner,
        "register": settings.BASE_URL + reverse("reviews:deferrals"),
    }
    body = render_to_string("reviews/email/deferrals.txt", context)
    sent = 0
    for person in people:
        try:
            mail = EmailMessage(" ".join(subject.split()), body, settings.DEFAULT_FROM_EMAIL, [person.email])
            sent += mail.send()
        except (OSError, SMTPException):
            logger.exception("A mail about reopened decisions could not be sent")
    return sent > 0


def _recipients(rows: list[Deferral]) -> list[User]:
    owner = rows[0].owner
    if owner.is_active:
        return [owner]
    teams = {row.service.team_id for row in rows}
    leads = Membership.objects.filter(team_id__in=teams, is_lead=True, user__is_active=True)
    return list({row.user_id: row.user for row in leads.select_related("user")}.values())
