"""Addresses of services and reviews, grouped by page."""

from __future__ import annotations

from django.urls import path

from reviews.views import workspace

app_name = "reviews"

_REVIEW = "services/<slug:slug>/reviews/<int:number>/"
_SECTION = _REVIEW + "<slug:section_slug>/"

urlpatterns = [
    # -- Workspace -----------------------------------------------------------------------------------
    path(_REVIEW, workspace.review, name="review"),
    path(_SECTION, workspace.section, name="section"),
]
