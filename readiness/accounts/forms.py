"""Forms of people and teams. They check the shape of input; the actions check what it means."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import available_timezones

from django import forms
from django.http import HttpRequest

from readiness.accounts.models import Membership, Team, User
from readiness.accounts.roles import REVIEWER_ROLES

FLAGS: Final[dict[str, str]] = {
    "is_viewer": "Viewer: reads every service and review",
    "is_accountable": "Accountable: signs reviews off",
    "is_admin": "Administrator: manages people, teams and checklists",
}


class NameField(forms.CharField):
    """A person's or a team's name: one line, spaces collapsed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 120, **kwargs})

    def to_python(self, value: Any) -> str:
        """Collapse runs of white space, line breaks included."""
        return " ".join(str(super().to_python(value) or "").split())


class SignupNameForm(forms.Form):
    """The field that our sign-up adds to allauth's; allauth builds its sign-up forms upon it."""

    name = NameField(
        label="Name",
        help_text="As colleagues know you. It stands beside what you answer and approve.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def signup(self, request: HttpRequest, user: User) -> None:  # noqa: ARG002  # allauth calls it so
        """Store the name of the new account."""
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])


class RolesForm(forms.Form):
    """Roles and teams of a person."""

    is_viewer = forms.BooleanField(required=False, label=FLAGS["is_viewer"])
    is_accountable = forms.BooleanField(required=False, label=FLAGS["is_accountable"])
    is_admin = forms.BooleanField(required=False, label=FLAGS["is_admin"])
    reviewer_roles = forms.MultipleChoiceField(
        required=False,
        label="Reviewer for",
        choices=list(REVIEWER_ROLES.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    teams = forms.ModelMultipleChoiceField(
        required=False, label="Teams", queryset=Team.objects.all(), widget=forms.CheckboxSelectMultiple
    )


class InviteForm(RolesForm):
    """A person to invite."""

    field_order = ["name", "email"]

    name = NameField(label="Name")
    email = forms.EmailField(label="E-mail", max_length=254)


class PersonForm(RolesForm):
    """What an administrator may change about a person."""

    field_order = ["name"]

    name = NameField(label="Name")
    is_active = forms.BooleanField(
        required=False,
        label="Active",
        help_text="Without this the person cannot sign in, and open sessions end at once.",
    )


class TeamForm(forms.Form):
    """A team's name and description; the address is made from the name once and then stays."""

    name = NameField(label="Name")
    description = forms.CharField(
        label="Description", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class MemberForm(forms.Form):
    """A person to add to `team`."""

    is_lead = forms.BooleanField(required=False, label="Lead: edits the team and its services")

    field_order = ["user"]

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = Membership.objects.filter(team=team).values("user_id")
        people = User.objects.filter(is_active=True).exclude(pk__in=members)
        self.fields["user"] = forms.ModelChoiceField(
            label="Person", queryset=people, empty_label="Choose a person"
        )
        self.order_fields(self.field_order)


class ProfileForm(forms.Form):
    """What people change about themselves here; address, password and second factors are allauth's pages."""

    name = NameField(label="Name")
    time_zone = forms.ChoiceField(
        label="Time zone",
        help_text="Times are shown in it.",
        choices=lambda: [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())],
    )
