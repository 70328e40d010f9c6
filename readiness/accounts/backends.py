"""Sign-in by e-mail address, and the rights of the signed-in user in the same query."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend

from readiness.accounts.models import User


class EmailBackend(AuthenticationBackend):
    """allauth's backend, which loads team ids together with the user, so that rights cost no query."""

    def get_user(self, user_id: int) -> User | None:
        """Return the active user with `member_team_ids` and `lead_team_ids` set, or None."""
        return User.objects.with_rights().filter(pk=user_id, is_active=True).first()
