"""Addresses of the checklist pages, below /checklists/."""

from __future__ import annotations

from django.urls import path

from checklist import views

app_name = "checklist"

urlpatterns = [
    path("", views.checklist_list, name="list"),
    path("<slug:slug>/", views.version, name="latest"),
    path("<slug:slug>/v<int:number>/", views.version, name="version"),
    path("<slug:slug>/compare/", views.compare, name="compare"),
]
