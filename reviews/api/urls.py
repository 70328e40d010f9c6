"""Addresses of the API."""

from __future__ import annotations

from django.urls import path

from reviews.api import base, deployments

app_name = "api"

urlpatterns = [
    path("deployments", deployments.deployments, name="deployments"),
    path("<path:rest>", base.unknown),
]
