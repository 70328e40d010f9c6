"""Tags of the account pages."""

from __future__ import annotations

from django import template
from django.db.models import QuerySet

from readiness.accounts.demo import demo_people as people_of_the_demo
from readiness.accounts.models import User
from readiness.accounts.signup import current_policy

register = template.Library()


@register.simple_tag
def demo_people() -> QuerySet[User]:
    """Whom one may sign in as with one click: nobody outside the demo."""
    return people_of_the_demo()


@register.simple_tag
def signup_is_open() -> bool:
    """Whether anybody may sign up without an invitation; by domain counts."""
    return current_policy().kind != "closed"
