"""Forms of people and teams. They check the shape of input; the actions check what it means."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import available_timezones

from allauth.account.forms import ResetPasswordKeyForm
from allauth.account.models import EmailAddress
from django import forms

from readiness.accounts.demo import demo_people
from readiness.accounts.models import Membership, Team, User
from readiness.accounts.roles import REVIEWER_ROLES
from readiness.accounts.signup_form import NameField
from readiness.errors import Invalid

FLAGS: Final[dict[str, str]] = {
    "is_viewer": "Viewer: reads every service and review",
    "is_accountable": "Accountable: signs reviews off",
    "is_admin": "Administrator: manages people, teams and checklists",
}


def show_errors(form: forms.Form, error: Invalid) -> None:
    """Put what an action refused beside the fields it is about; the rest above the form."""
    for name, sentences in error.fields.items():
        for sentence in sentences:
            form.add_error(name if name in form.fields else None, sentence)
    if not error.fields:
        form.add_error(None, error.message)


class ChoosePasswordForm(ResetPasswordKeyForm):
    """The form behind the link of an invitation or a password reset."""

    def save(self) -> None:
        """Store the password. The link was mailed, so the address it went to is verified by its use."""
        super().save()
        addresses = EmailAddress.objects.filter(user=self.user)
        # With a second address the link may have gone to that one: then nothing is proven about the first.
        if [address.email for address in addresses] == [self.user.email]:
            addresses.update(verified=True)


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


class DemoForm(forms.Form):
    """One of the demo's people."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"] = forms.ModelChoiceField(queryset=demo_people())
