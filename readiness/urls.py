"""Every address of the application."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from readiness.security_txt import security_txt

urlpatterns: list[URLPattern | URLResolver] = [
    path(".well-known/security.txt", security_txt, name="security_txt"),
    path("", include("readiness.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("checklists/", include("checklist.urls")),
    path("api/v1/", include("reviews.api.urls")),
    path("", include("reviews.urls")),
]

if settings.DEBUG:
    from readiness import styleguide

    urlpatterns += [
        path("styleguide/", styleguide.page, name="styleguide"),
        path("styleguide/save/", styleguide.save, name="styleguide-save"),
        path("styleguide/<slug:name>/", styleguide.page, name="styleguide-page"),
        path("styleguide/error/<slug:kind>/", styleguide.error, name="styleguide-error"),
    ]
