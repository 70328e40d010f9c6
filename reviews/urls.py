"""Addresses of services and reviews, grouped by page."""

from __future__ import annotations

from django.urls import path

from reviews.views import imports, portfolio, services, workspace

app_name = "reviews"

_SERVICE = "services/<slug:slug>/"
_REVIEW = _SERVICE + "reviews/<int:number>/"
_SECTION = _REVIEW + "<slug:section_slug>/"

urlpatterns = [
    # -- Services ------------------------------------------------------------------------------------
    path("services/", portfolio.services, name="services"),
    path("services/new/", services.service_new, name="service_new"),
    path("services/import/", imports.service_import, name="service_import"),
    path("services/import/apply/", imports.service_import_apply, name="service_import_apply"),
    path("services/import/template.csv", imports.csv_template, name="service_csv_template"),
    path("services/export.csv", imports.csv_export, name="service_csv_export"),
    path(_SERVICE, services.service, name="service"),
    path(_SERVICE + "edit/", services.service_edit, name="service_edit"),
    path(_SERVICE + "archive/", services.service_archive, name="service_archive"),
    path(_SERVICE + "restore/", services.service_restore, name="service_restore"),
    # -- Workspace -----------------------------------------------------------------------------------
    path(_REVIEW, workspace.review, name="review"),
    path(_SECTION, workspace.section, name="section"),
]
