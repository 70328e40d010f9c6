"""`/.well-known/security.txt` (RFC 9116): where to report a weakness in this installation."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe


@require_safe
def security_txt(_request: HttpRequest) -> HttpResponse:
    """Answer the file that the settings describe, or 404 when they describe none."""
    if not settings.SECURITY_TXT_CONTACT:
        raise Http404
    lines = [f"Contact: {contact}" for contact in settings.SECURITY_TXT_CONTACT]
    lines += [f"Expires: {settings.SECURITY_TXT_EXPIRES}", "Preferred-Languages: en"]
    lines += [f"Canonical: {settings.BASE_URL}/.well-known/security.txt"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def problem(contacts: list[str], expires: str) -> str:
    """Say what is wrong with the two settings, or return an empty string.

    RFC 9116: Contact is a URI (2.5.3), over https where it is a web address; exactly one Expires, an RFC 3339
    date and time (2.5.5).
    """
    if not contacts:
        return "SECURITY_TXT_EXPIRES is set without SECURITY_TXT_CONTACT." if expires else ""
    for contact in contacts:
        if not contact.startswith(("https://", "mailto:", "tel:")):
            return f"SECURITY_TXT_CONTACT “{contact}” does not begin with https://, mailto: or tel:."
    try:
        moment = datetime.fromisoformat(expires)
    except ValueError:
        return f"SECURITY_TXT_EXPIRES is “{expires}”, not a date and time like 2027-01-31T00:00:00Z."
    if moment.tzinfo is None or "T" not in expires.upper():
        return f"SECURITY_TXT_EXPIRES is “{expires}”: add the time and zone, like 2027-01-31T00:00:00Z."
    return ""
