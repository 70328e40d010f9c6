"""Addresses of services and reviews, grouped by page."""

from __future__ import annotations

from django.urls import path

from reviews.views import (
    answers,
    audit,
    capacity,
    checklists,
    decisions,
    deferrals,
    drills,
    evidence,
    fit_checks,
    imports,
    items,
    my_work,
    on_call,
    packet,
    portfolio,
    probes,
    reviews,
    runbooks,
    sections,
    services,
    starting,
    table_imports,
    tables,
    tokens,
    workspace,
)

app_name = "reviews"

_SERVICE = "services/<slug:slug>/"
_REVIEW = _SERVICE + "reviews/<int:number>/"
_SECTION = _REVIEW + "<slug:section_slug>/"
_ITEM = _SECTION + "<slug:item_slug>/"
_EVIDENCE = _ITEM + "evidence/<int:evidence_id>/"
_ROW = _ITEM + "rows/<slug:row_id>/"
_DRILL = "drills/<int:drill_id>/"
_RUN = _ITEM + "probes/runs/<int:run_id>/"

urlpatterns = [
    # -- Services -------------------------------------------------------------------------------------------
    path("services/", portfolio.services, name="services"),
    path("services/new/", services.service_new, name="service_new"),
    path("services/import/", imports.service_import, name="service_import"),
    path("services/import/apply/", imports.service_import_apply, name="service_import_apply"),
    path("services/import/template.csv", imports.csv_template, name="service_csv_template"),
    path("services/export.csv", imports.csv_export, name="service_csv_export"),
    path(_SERVICE, services.service, name="service"),
    path(_SERVICE + "edit/", services.service_edit, name="service_edit"),
    path(_SERVICE + "archive/", services.service_archive, name="service_archive"),
    path(_SERVICE + "tokens/", tokens.tokens, name="service_tokens"),
    path(_SERVICE + "tokens/<int:token_id>/revoke/", tokens.revoke, name="token_revoke"),
    path(_SERVICE + "restore/", services.service_restore, name="service_restore"),
    # -- Who is on call for a service ------------------------------------------------------------------------
    path(_SERVICE + "on-call/", on_call.on_call, name="on_call"),
    path(_SERVICE + "on-call/plan/", on_call.plan, name="on_call_plan"),
    path(_SERVICE + "on-call/turn/", on_call.turn, name="on_call_turn"),
    path(_SERVICE + "on-call/pages/", on_call.pages, name="on_call_pages"),
    path(_SERVICE + "on-call/import/", on_call.import_start, name="on_call_import"),
    path(_SERVICE + "on-call/import/apply/", on_call.import_apply, name="on_call_import_apply"),
    # -- Capacity of a service -------------------------------------------------------------------------------
    path(_SERVICE + "capacity/", capacity.capacity, name="capacity"),
    path(_SERVICE + "capacity/agenda/", capacity.agenda, name="capacity_agenda"),
    path(_SERVICE + "capacity/record/", capacity.record, name="capacity_record"),
    # -- A whole review. Before the sections: these words are no section's slug. -----------------------------
    path(_SERVICE + "reviews/start/", starting.start, name="review_start"),
    path(_REVIEW, workspace.review, name="review"),
    path(_REVIEW + "facts/", reviews.facts, name="review_facts"),
    path(_REVIEW + "version/", checklists.review_version, name="review_version"),
    path(_REVIEW + "withdraw/", reviews.withdraw, name="review_withdraw"),
    path(_REVIEW + "sign-off/", reviews.sign_off, name="sign_off"),
    path(_REVIEW + "packet/", packet.packet, name="packet"),
    path(_REVIEW + "packet/retry/", packet.retry, name="packet_retry"),
    path(_REVIEW + "packet/download/", packet.download, name="packet_download"),
    path(_REVIEW + "packet/snapshot/", packet.snapshot, name="packet_snapshot"),
    path(_REVIEW + "audit/", audit.review_audit, name="review_audit"),
    # -- A section -------------------------------------------------------------------------------------------
    path(_SECTION, workspace.section, name="section"),
    path(_SECTION + "panel/", workspace.panel, name="section_panel"),
    path(_SECTION + "changes/<int:approval_id>/", workspace.changes, name="section_changes"),
    path(_SECTION + "submit/", sections.submit, name="section_submit"),
    path(_SECTION + "approve/", sections.approve, name="section_approve"),
    path(_SECTION + "send-back/", sections.send_back, name="section_send_back"),
    path(_SECTION + "order-waiver/", sections.ask_order_waiver, name="order_waiver"),
    # -- An item ---------------------------------------------------------------------------------------------
    path(_ITEM, items.item, name="item"),
    path(_ITEM + "answer/", answers.save, name="answer_save"),
    path(_ITEM + "confirm/", answers.confirm, name="answer_confirm"),
    path(_ITEM + "waiver/", items.ask_waiver, name="waiver_request"),
    path(_ITEM + "send-back/", items.send_back, name="item_send_back"),
    path(_ITEM + "findings/", items.add_finding, name="finding_raise"),
    path(_ITEM + "rulings/<slug:probe>/", items.rule, name="ruling_make"),
    # -- Rows of an inventory --------------------------------------------------------------------------------
    path(_ITEM + "rows/", tables.add, name="row_add"),
    path(_ITEM + "rows/restore/<int:revision>/", tables.restore, name="row_restore"),
    path(_ROW, tables.show, name="row"),
    path(_ITEM + "import/", table_imports.preview, name="row_import"),
    path(_ITEM + "import/apply/", table_imports.apply, name="row_import_apply"),
    path(_ITEM + "changes.csv", table_imports.changes_csv, name="alert_changes_csv"),
    path(_ITEM + "ticket/", table_imports.changes_ticket, name="alert_changes_ticket"),
    path(_ROW + "runbook/", runbooks.runbook, name="runbook"),
    path(_ITEM + "add-missing/", runbooks.add_missing, name="rows_add_missing"),
    path(_ROW + "save/", tables.save, name="row_save"),
    path(_ROW + "delete/", tables.delete, name="row_delete"),
    path(_ITEM + "figure/", on_call.take_figure, name="figure_take"),
    path(_ITEM + "held/<int:held_id>/", capacity.use, name="capacity_use"),
    # -- Evidence of an item ---------------------------------------------------------------------------------
    path(_ITEM + "evidence/", evidence.add, name="evidence_add"),
    path(_ITEM + "evidence/panel/", evidence.panel, name="evidence_panel"),
    path(_EVIDENCE, evidence.preview, name="evidence_preview"),
    path(_EVIDENCE + "content/", evidence.content, name="evidence_content"),
    path(_EVIDENCE + "download/", evidence.download, name="evidence_download"),
    path(_EVIDENCE + "withdraw/", evidence.withdraw, name="evidence_withdraw"),
    # -- Probes of an item -----------------------------------------------------------------------------------
    path(_ITEM + "probes/", probes.panel, name="probe_panel"),
    path(_ITEM + "probes/<slug:probe>/run/", probes.run, name="probe_run"),
    path(_RUN, probes.detail, name="probe_run_detail"),
    path(_RUN + "record/", probes.record, name="probe_run_record"),
    # -- Checklists: what a new version does to open reviews -------------------------------------------------
    path("checklists/<slug:slug>/draft/publish/", checklists.publish, name="checklist_publish"),
    # -- Drills: arranged at an item, run on a page that its people may open whoever else they are
    path(_ITEM + "drills/arrange/", drills.arrange, name="drill_arrange"),
    path(_ITEM + "drills/record/", drills.record, name="drill_record"),
    path(_DRILL, drills.drill, name="drill"),
    path(_DRILL + "progress/", drills.progress, name="drill_progress"),
    path(_DRILL + "clock/", drills.clock_now, name="drill_clock"),
    path(_DRILL + "start/", drills.start, name="drill_start"),
    path(_DRILL + "answers/<slug:question>/", drills.answer, name="drill_answer"),
    path(_DRILL + "notes/", drills.add_note, name="drill_note"),
    path(_DRILL + "details/", drills.details, name="drill_details"),
    path(_DRILL + "result/", drills.result, name="drill_result"),
    path(_DRILL + "stop/", drills.stop, name="drill_stop"),
    path(_DRILL + "grade/", drills.grade, name="drill_grade"),
    path(_DRILL + "abandon/", drills.abandon, name="drill_abandon"),
    # -- Over all services -----------------------------------------------------------------------------------
    path("", my_work.my_work, name="my_work"),
    path("my-work/count/", my_work.my_work_count, name="my_work_count"),
    path("audit/", audit.audit, name="audit"),
    # -- The register of deferrals ---------------------------------------------------------------------------
    path("deferrals/", deferrals.deferrals, name="deferrals"),
    path("deferrals/export.csv", deferrals.deferrals_csv, name="deferrals_csv"),
    path("deferrals/<int:deferral_id>/", deferrals.deferral, name="deferral"),
    path("deferrals/<int:deferral_id>/reopen/", deferrals.deferral_reopen, name="deferral_reopen"),
    path("deferrals/<int:deferral_id>/close/", deferrals.deferral_close, name="deferral_close"),
    # -- A recorded “does not fit” --------------------------------------------------------------------------
    path(_SERVICE + "fit/<int:fit_id>/", fit_checks.fit_check, name="fit_check"),
    path(_SERVICE + "fit/<int:fit_id>/sign/", fit_checks.sign, name="fit_sign"),
    path(_SERVICE + "fit/<int:fit_id>/withdraw/", fit_checks.withdraw, name="fit_withdraw"),
    path(_SERVICE + "fit/<int:fit_id>/retry/", fit_checks.retry, name="fit_retry"),
    path(_SERVICE + "fit/<int:fit_id>/download/", fit_checks.download, name="fit_download"),
    path(_SERVICE + "fit/<int:fit_id>/snapshot/", fit_checks.snapshot, name="fit_snapshot"),
    path(_SERVICE + "deferrals/new/", deferrals.deferral_new, name="deferral_new"),
    # -- Waivers and findings --------------------------------------------------------------------------------
    path("waivers/<int:waiver_id>/decide/", decisions.decide, name="waiver_decide"),
    path("waivers/<int:waiver_id>/withdraw/", decisions.take_back, name="waiver_withdraw"),
    path("findings/<int:finding_id>/fix/", decisions.fix, name="finding_fix"),
    path("findings/<int:finding_id>/verify/", decisions.verify, name="finding_verify"),
]
