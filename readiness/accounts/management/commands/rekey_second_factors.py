"""`manage.py rekey_second_factors`: encrypt second factors with the present SECRET_KEY."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from readiness.accounts.adapters import MFAAdapter
from readiness.errors import Unavailable

# Where allauth keeps encrypted text, by kind of second factor. A passkey's public key is no secret.
_SEALED = {
    Authenticator.Type.TOTP: "secret",
    Authenticator.Type.RECOVERY_CODES: "seed",
}


class Command(BaseCommand):
    """Run it after changing SECRET_KEY, before taking the former key out of SECRET_KEY_FALLBACKS."""

    help = "Encrypt second factors with the present SECRET_KEY, so that a former key can be taken out."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Rewrite each secret; say how many, and whose cannot be read with any key."""
        done, lost = 0, []
        for pk in Authenticator.objects.filter(type__in=_SEALED).values_list("pk", flat=True):
            with transaction.atomic():
                locked = Authenticator.objects.select_for_update(of=("self",)).select_related("user")
                row = locked.filter(pk=pk).first()
                if row is None or not row.data.get(_SEALED[Authenticator.Type(row.type)]):
                    continue
                try:
                    _rekey(row)
                except Unavailable:
                    lost.append(f"{row.user.email} ({row.type})")
                else:
                    done += 1
        self.stdout.write(f"Encrypted {done} with the present key.")
        if lost:
            raise CommandError(
                f"No key fits these: {', '.join(lost)}. They cannot sign in with them. Put the former key "
                "into SECRET_KEY_FALLBACKS and run this again, or remove them on the person's page."
            )


def _rekey(row: Authenticator) -> None:
    field = _SEALED[Authenticator.Type(row.type)]
    row.data = {**row.data, field: MFAAdapter().rekey(row.data[field])}
    row.save(update_fields=["data"])
