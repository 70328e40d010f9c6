"""A service's tokens: make one, see when each was used, revoke."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from readiness.errors import DomainError, Invalid
from readiness.http import redirect, render_page
from reviews import access
from reviews.actions.tokens import create_token, revoke_token
from reviews.forms.tokens import TokenForm
from reviews.models import Service


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest, slug: str) -> HttpResponse:
    """List the tokens, or make one: its text is in this one answer and never again."""
    row = access.service(request, slug, "token.manage")
    if request.method != "POST":
        return _page(request, row, TokenForm())
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form, status=422)
    try:
        _, text = create_token(
            access.actor(request),
            row.pk,
            name=form.cleaned_data["name"],
            actions=form.cleaned_data["actions"],
            expires_at=form.expires_at,
        )
    except Invalid as error:
        for name, said in error.fields.items():
            form.add_error(name if name in form.fields else None, said[0])
        return _page(request, row, form, status=422)
    except DomainError as error:
        form.add_error(None, error.message)
        return _page(request, row, form, status=error.status)
    return _page(request, row, TokenForm(), made=text)


@login_required
@require_POST
def revoke(request: HttpRequest, slug: str, token_id: int) -> HttpResponse:
    """Revoke a token."""
    row = access.service(request, slug, "token.manage")
    token = revoke_token(access.actor(request), row.pk, token_id)
    messages.success(request, f"“{token.name}” is revoked. Whoever sends it is turned away from now on.")
    return redirect(request, reverse("reviews:service_tokens", args=[slug]))


def _page(
    request: HttpRequest, row: Service, form: TokenForm, *, made: str = "", status: int = 200
) -> HttpResponse:
    now = timezone.now()
    listed = row.tokens.select_related("created_by", "revoked_by")[:100]
    context = {
        "service": row,
        "tokens": [(token, token.is_live(now)) for token in listed],
        "form": form,
        "made": made,
        "api_url": f"{settings.BASE_URL}{reverse('api:deployments')}",
    }
    return render_page(request, "reviews/service_tokens.html", None, context, status)
