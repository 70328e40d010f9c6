"""Every address of the application."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from readiness.security_txt import security_txt

urlpatterns: list[URLPattern | URLResolver] = [
    path(".well-known/security.txt", security_txt, name="security_txt"),
    path("accounts/", include("allauth.urls")),
]
