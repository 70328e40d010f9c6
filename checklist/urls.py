"""Addresses of the checklist pages, below /checklists/. Publishing a draft is a page of reviews."""

from __future__ import annotations

from django.urls import path

from checklist.views import drafts, parts, reading

app_name = "checklist"

_DRAFT = "<slug:slug>/draft/"

urlpatterns = [
    path("", reading.checklist_list, name="list"),
    path("import/", drafts.import_file, name="import"),
    path("<slug:slug>/", reading.version, name="latest"),
    path("<slug:slug>/v<int:number>/", reading.version, name="version"),
    path("<slug:slug>/v<int:number>/export.yaml", reading.export, name="export"),
    path("<slug:slug>/v<int:number>/copy/", drafts.copy, name="copy"),
    path("<slug:slug>/v<int:number>/draft/", drafts.begin, name="draft_begin"),
    path("<slug:slug>/compare/", reading.compare, name="compare"),
    # -- The draft -------------------------------------------------------------------------------------------
    path(_DRAFT, drafts.outline, name="draft"),
    path(_DRAFT + "preview/", drafts.preview, name="draft_preview"),
    path(_DRAFT + "compare/", drafts.compare_draft, name="draft_compare"),
    path(_DRAFT + "export.yaml", drafts.export_draft, name="draft_export"),
    path(_DRAFT + "delete/", drafts.delete, name="draft_delete"),
    path(_DRAFT + "head/", parts.head, name="draft_head"),
    path(_DRAFT + "move/", parts.move, name="draft_move"),
    path(_DRAFT + "sections/new/", parts.section, name="draft_section_new"),
    path(_DRAFT + "sections/<int:pk>/", parts.section, name="draft_section"),
    path(_DRAFT + "sections/<int:pk>/remove/", parts.remove_section, name="draft_section_remove"),
    path(_DRAFT + "sections/<int:section_pk>/items/new/", parts.item_new, name="draft_item_new"),
    path(_DRAFT + "items/<int:pk>/", parts.item, name="draft_item"),
    path(_DRAFT + "items/<int:pk>/remove/", parts.remove_item, name="draft_item_remove"),
]
