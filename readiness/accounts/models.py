"""People, teams and roles."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import OuterRef
from django.db.models.functions import Lower
from django.utils import timezone

from readiness.accounts.roles import REVIEWER_ROLES


def validate_reviewer_role(slug: str) -> None:
    """Refuse a reviewer role that `REVIEWER_ROLES` does not name."""
    if slug not in REVIEWER_ROLES:
        raise ValidationError(f"Unknown reviewer role “{slug}”. Known: {', '.join(REVIEWER_ROLES)}.")


class UserManager(BaseUserManager["User"]):
    """Creates users by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make a user; the address is stored in lower case. Without a password none can be used."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make an admin, for `manage.py createsuperuser`: how an installation gets its first person.

        The address counts as verified: whoever runs commands on the server vouches for it, and there may be
        no mail server yet.
        """
        from allauth.account.models import EmailAddress  # noqa: PLC0415  # its models need ours first

        with transaction.atomic(using=self._db):
            user = self.create_user(email, password, **{"is_admin": True, **fields})
            EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
        return user

    def with_rights(self) -> models.QuerySet[User]:
        """Users with their team ids in `member_team_ids` and `lead_team_ids`, in the same query."""
        own = Membership.objects.filter(user=OuterRef("pk")).order_by("team_id").values("team_id")
        # A dict, because `User` declares both names and the type checker would call keywords a redefinition.
        rights = {
            "member_team_ids": ArraySubquery(own),
            "lead_team_ids": ArraySubquery(own.filter(is_lead=True)),
        }
        return self.annotate(**rights)


class User(AbstractBaseUser):
    """A person. Rights come from the flags here and from team memberships; see `reviews.permissions`."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC")
    is_active = models.BooleanField(default=True)
    is_viewer = models.BooleanField(default=False, help_text="Reads every service.")
    is_accountable = models.BooleanField(default=False, help_text="Signs reviews off.")
    is_admin = models.BooleanField(default=False, help_text="Manages people, teams and checklists.")
    reviewer_roles: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=32, validators=[validate_reviewer_role]), default=list, blank=True
    )
    date_joined = models.DateTimeField(default=timezone.now)

    objects = UserManager()

    # Set by `UserManager.with_rights`.
    member_team_ids: list[int]
    lead_team_ids: list[int]

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_ci")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def role_words(self) -> list[str]:
        """The person's roles, for people to read; teams apart."""
        flags = [
            ("Administrator", self.is_admin),
            ("Accountable", self.is_accountable),
            ("Viewer", self.is_viewer),
        ]
        words = [word for word, held in flags if held]
        reviews = [title for slug, title in REVIEWER_ROLES.items() if slug in self.reviewer_roles]
        return [*words, f"Reviewer: {', '.join(reviews)}"] if reviews else words

    @property
    def is_invited(self) -> bool:
        """Whether the person was invited and has not signed in yet."""
        return self.is_active and self.last_login is None and not self.has_usable_password()

    @property
    def initials(self) -> str:
        """Two letters for an avatar."""
        words = (self.name or self.email).replace("@", " ").split()
        return "".join(word[0] for word in words[:2]).upper()


class Team(models.Model):
    """A group of people who own services."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="team_name_ci")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person in a team. A lead also edits the team's services."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    is_lead = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="one_membership_per_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"
