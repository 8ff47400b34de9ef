"""The addresses of the pages."""

from django.urls import path

from perennial.pages import exports, palette
from perennial.pages.contracts import edit as contract_edit
from perennial.pages.contracts import page as contract
from perennial.pages.customer import actions as customer_actions
from perennial.pages.customer import champion, charts, explain, group, opened, products, since, users, weeks
from perennial.pages.customer import features as customer_features
from perennial.pages.customer import page as customer
from perennial.pages.customers import many, views
from perennial.pages.customers import page as customers
from perennial.pages.events import guides, mend, rejected, unconfirmed
from perennial.pages.events import keys as write_keys
from perennial.pages.events import live as coming
from perennial.pages.evidence import page as evidence
from perennial.pages.evidence import shadow
from perennial.pages.forecast import opening as forecast_opens
from perennial.pages.forecast import record as forecast_record
from perennial.pages.forecast import views as forecast
from perennial.pages.health_check import healthz
from perennial.pages.imports import edits, mapping
from perennial.pages.imports import views as imports
from perennial.pages.metrics import page as metrics
from perennial.pages.privacy import keeping
from perennial.pages.privacy import views as privacy
from perennial.pages.receivables import invoices as receivables_invoices
from perennial.pages.receivables import money as receivables_money
from perennial.pages.receivables import step as receivables_step
from perennial.pages.receivables import timeliness as receivables_timeliness
from perennial.pages.receivables import views as receivables
from perennial.pages.renewals import checkpoints as renewal_checkpoints
from perennial.pages.renewals import plan as renewal_plan
from perennial.pages.renewals import room as renewal
from perennial.pages.renewals import tasks as renewal_tasks
from perennial.pages.renewals import views as renewals
from perennial.pages.revenue import later as revenue_later
from perennial.pages.revenue import opening as revenue_opens
from perennial.pages.revenue import views as revenue
from perennial.pages.revenue.lifetime import views as lifetime
from perennial.pages.revenue.retention import views as retention
from perennial.pages.settings import configuration, keys, people, profile, rates, scorecard, welcome
from perennial.pages.settings import house as home
from perennial.pages.today import actions as decide
from perennial.pages.today import away, tasks
from perennial.pages.today import explain as today_opens
from perennial.pages.today import page as today
from perennial.pages.usage import alert, alerts, behind, cohorts, drift, explorer, features, funnel
from perennial.pages.weekly import opening, targets
from perennial.pages.weekly import views as weekly

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("", today.page, name="today"),
    path("today/about", today_opens.about, name="today_about"),
    path("today/put-away", away.page, name="today_away"),
    path("today/put-away/bring-back", away.bring_back, name="today_bring_back"),
    path("today/<int:item_id>/why/<str:rule>", today_opens.why, name="today_why"),
    path("today/<int:item_id>/order", today_opens.order, name="today_order"),
    path("today/<int:item_id>/done", decide.done, name="today_done"),
    path("today/<int:item_id>/snooze", decide.snooze, name="today_snooze"),
    path("today/<int:item_id>/put-away", away.put_away, name="today_put_away"),
    path("today/<int:item_id>/reopen", decide.reopen, name="today_reopen"),
    path("today/<int:item_id>/delegate", decide.delegate, name="today_delegate"),
    path("today/<int:item_id>/log", decide.log, name="today_log"),
    path("today/log/<uuid:fact>/retract", decide.retract, name="today_log_retract"),
    path("today/tasks/<int:task_id>/done", tasks.done, name="today_task_done"),
    path("today/tasks/<int:task_id>/reopen", tasks.reopen, name="today_task_reopen"),
    path("today/tasks/<int:task_id>/due", tasks.move, name="today_task_move"),
    path("revenue", revenue.page, name="revenue"),
    path("revenue/chart", revenue.waterfall, name="revenue_chart"),
    path("revenue/explanation", revenue_opens.explanation, name="revenue_explanation"),
    path("revenue/customers", revenue_opens.customers, name="revenue_customers"),
    path("revenue/later", revenue_later.page, name="revenue_later"),
    path("revenue/export", revenue.export, name="revenue_export"),
    path("revenue/retention", retention.page, name="revenue_retention"),
    path("revenue/retention/renewals", retention.renewals, name="revenue_retention_renewals"),
    path("revenue/retention/cohorts", retention.cohort_page, name="revenue_retention_cohorts"),
    path("revenue/retention/chart", retention.chart, name="revenue_retention_chart"),
    path("revenue/retention/explanation", retention.explanation, name="revenue_retention_explanation"),
    path("revenue/retention/customers", retention.customers, name="revenue_retention_customers"),
    path("revenue/retention/export", retention.export, name="revenue_retention_export"),
    path("revenue/lifetime", lifetime.page, name="revenue_lifetime"),
    path("revenue/lifetime/chart", lifetime.chart, name="revenue_lifetime_chart"),
    path("revenue/lifetime/explanation", lifetime.explanation, name="revenue_lifetime_explanation"),
    path("revenue/lifetime/customers", lifetime.customers, name="revenue_lifetime_customers"),
    path("revenue/lifetime/export", lifetime.export, name="revenue_lifetime_export"),
    path("usage", explorer.page, name="usage"),
    path("usage/customers", behind.customers, name="usage_customers"),
    path("usage/alerts", alerts.page, name="usage_alerts"),
    path("usage/alerts/export", alerts.export, name="usage_alerts_export"),
    path("usage/alerts/<int:alert_id>", alert.page, name="usage_alert"),
    path("usage/alerts/<int:alert_id>/mute", alert.mute, name="usage_alert_mute"),
    path("usage/alerts/<int:alert_id>/unmute", alert.unmute, name="usage_alert_unmute"),
    path("usage/drift", drift.page, name="usage_drift"),
    path("usage/drift/export", drift.export, name="usage_drift_export"),
    path("usage/export", explorer.export, name="usage_export"),
    path("usage/features", features.page, name="usage_features"),
    path("usage/features/export", features.export, name="usage_features_export"),
    path("usage/cohorts", cohorts.page, name="usage_cohorts"),
    path("usage/cohorts/export", cohorts.export, name="usage_cohorts_export"),
    path("usage/funnel", funnel.page, name="usage_funnel"),
    path("usage/funnel/export", funnel.export, name="usage_funnel_export"),
    path("revenue/forecast", forecast.page, name="forecast"),
    path("revenue/forecast/chart", forecast.chart, name="forecast_chart"),
    path("revenue/forecast/explanation", forecast_opens.explanation, name="forecast_explanation"),
    path("revenue/forecast/export", forecast.export, name="forecast_export"),
    path("revenue/forecast/call", forecast_opens.call, name="forecast_call"),
    path("revenue/forecast/accuracy", forecast_record.page, name="forecast_accuracy"),
    path("revenue/forecast/accuracy/export", forecast_record.export, name="forecast_accuracy_export"),
    path("revenue/forecast/accuracy/rebuild", forecast_record.rebuild, name="forecast_rebuild"),
    path("health/evidence", evidence.page, name="evidence"),
    path("health/evidence/run", evidence.run, name="evidence_run"),
    path("health/evidence/stop", evidence.stop, name="evidence_stop"),
    path("health/evidence/shadow", shadow.begin, name="evidence_shadow"),
    path("health/evidence/shadow/decide", shadow.decide, name="evidence_shadow_decide"),
    path("health/evidence/export", evidence.export, name="evidence_export"),
    path("renewals", renewals.page, name="renewals"),
    path("renewals/explanation", renewals.explanation, name="renewals_explanation"),
    path("renewals/export", renewals.export, name="renewals_export"),
    path("renewals/<slug:key>/<str:due>", renewal.page, name="renewal"),
    path("renewals/<slug:key>/<str:due>/found/<slug:about>", renewal.find, name="renewal_find"),
    path("renewals/<slug:key>/<str:due>/cause", renewal.decide, name="renewal_decide"),
    path("renewals/<slug:key>/<str:due>/checkpoint", renewal_checkpoints.call, name="renewal_checkpoint"),
    path("renewals/<slug:key>/<str:due>/settle", renewal_checkpoints.settle, name="renewal_settle"),
    path("renewals/<slug:key>/<str:due>/plan", renewal_plan.make, name="renewal_plan"),
    path("renewals/<slug:key>/<str:due>/plan/undo/<int:number>", renewal_plan.undo, name="renewal_plan_undo"),
    path("renewals/<slug:key>/<str:due>/tasks", renewal_tasks.add, name="renewal_task"),
    path("renewals/<slug:key>/<str:due>/tasks/<int:task_id>", renewal_tasks.change, name="renewal_task_change"),
    path("renewals/<slug:key>/<str:due>/tasks/<int:task_id>/done", renewal_tasks.tick, name="renewal_task_done"),
    path("renewals/<slug:key>/<str:due>/tasks/<int:task_id>/drop", renewal_tasks.drop, name="renewal_task_drop"),
    path(
        "renewals/<slug:key>/<str:due>/tasks/<int:task_id>/restore", renewal_tasks.restore, name="renewal_task_restore"
    ),
    path(
        "renewals/<slug:key>/<str:due>/tasks/<int:task_id>/back/<int:number>",
        renewal_tasks.back,
        name="renewal_task_back",
    ),
    path("weekly", weekly.page, name="weekly"),
    path("weekly/explanation", opening.explanation, name="weekly_explanation"),
    path("weekly/customers", opening.customers, name="weekly_customers"),
    path("weekly/target", targets.target, name="weekly_target"),
    path("weekly/export", weekly.export, name="weekly_export"),
    path("receivables", receivables.page, name="receivables"),
    path("receivables/export", receivables.export, name="receivables_export"),
    path("receivables/payments/<uuid:fact>", receivables_money.payment, name="receivables_payment"),
    path("receivables/payments/<uuid:fact>/same/<str:said>", receivables_money.same, name="receivables_payment_same"),
    path("receivables/steps/<uuid:fact>", receivables_step.step, name="receivables_step"),
    path("receivables/steps/<uuid:fact>/invoice", receivables_invoices.new, name="receivables_invoice_new"),
    path("receivables/invoices/<uuid:fact>", receivables_invoices.one, name="receivables_invoice"),
    path("customers/<slug:key>/payments/new", receivables_money.record, name="receivables_payment_new"),
    path("receivables/timeliness", receivables_timeliness.page, name="receivables_timeliness"),
    path("receivables/timeliness/export", receivables_timeliness.export, name="receivables_timeliness_export"),
    path("receivables/undo/<int:number>", receivables_step.undo, name="receivables_undo"),
    path("receivables/take-back", receivables_money.take_back, name="receivables_take_back"),
    path("customers", customers.page, name="customers"),
    path("customers/list/count", customers.count, name="customers_count"),
    path("customers/list/filter/<str:field>", customers.ask, name="customers_filter"),
    path("customers/list/assign", many.assign, name="customers_assign"),
    path("customers/list/tag", many.tag, name="customers_tag"),
    path("customers/list/merge", many.merge, name="customers_merge"),
    path("customers/list/undo/<int:number>", many.undo, name="customers_undo"),
    path("customers/list/edited", edits.page, name="customers_edited"),
    path("customers/list/edited/<int:import_id>", edits.one, name="customers_edited_one"),
    path("customers/list/edited/<int:import_id>/apply", edits.apply, name="customers_edited_apply"),
    path("customers/list/edited/<int:import_id>/undo", edits.undo, name="customers_edited_undo"),
    path("customers/list/edited/<int:import_id>/discard", edits.discard, name="customers_edited_discard"),
    path("customers/list/views", views.create, name="customers_views"),
    path("customers/list/views/<int:view_id>", views.change, name="customers_view"),
    path("customers/list/views/<int:view_id>/keep", views.keep, name="customers_view_keep"),
    path("customers/list/views/<int:view_id>/delete", views.delete, name="customers_view_delete"),
    path("palette", palette.palette, name="palette"),
    path("welcome", welcome.page, name="welcome"),
    path("settings", profile.page, name="settings"),
    path("settings/members", people.members, name="settings_members"),
    path("settings/members/<int:member_id>", people.member, name="settings_member"),
    path("settings/roles", people.roles, name="settings_roles"),
    path("settings/rates", rates.rates, name="settings_rates"),
    path("settings/keys", keys.keys, name="settings_keys"),
    path("settings/keys/<int:key_id>/revoke", keys.revoke, name="settings_key_revoke"),
    path("settings/events", write_keys.keys, name="settings_events"),
    path("settings/events/<int:key_id>/revoke", write_keys.revoke, name="settings_events_revoke"),
    path("settings/events/live", coming.page, name="settings_events_live"),
    path("settings/events/balance", coming.balance, name="settings_events_balance"),
    path("settings/events/rejected", rejected.groups, name="settings_events_rejected"),
    path("settings/events/rejected/list", rejected.listed, name="settings_events_rejected_list"),
    path("settings/events/rejected/file", rejected.file, name="settings_events_rejected_file"),
    path("settings/events/rejected/discard", rejected.discard, name="settings_events_rejected_discard"),
    path("settings/events/rejected/undo/<int:number>", rejected.undo, name="settings_events_rejected_undo"),
    path("settings/events/rejected/mend", mend.many, name="settings_events_rejected_mend"),
    path("settings/events/rejected/<int:number>", mend.one, name="settings_events_rejected_one"),
    path("settings/events/unconfirmed", unconfirmed.page, name="settings_events_unconfirmed"),
    path("settings/events/unconfirmed/decide", unconfirmed.decide, name="settings_events_unconfirmed_decide"),
    path("settings/events/unconfirmed/dialog", unconfirmed.dialog, name="settings_events_unconfirmed_dialog"),
    path("settings/events/unconfirmed/choose", unconfirmed.choose, name="settings_events_unconfirmed_choose"),
    path("settings/events/unconfirmed/back", unconfirmed.take_back, name="settings_events_unconfirmed_back"),
    path("settings/events/guides", guides.page, name="settings_events_guides"),
    path("settings/scorecard", scorecard.editor, name="settings_scorecard"),
    path("settings/scorecard/preview", scorecard.preview, name="settings_scorecard_preview"),
    path("settings/scorecard/moved", scorecard.moved, name="settings_scorecard_moved"),
    path("settings/blueprint", configuration.parts, name="settings_blueprint"),
    path("settings/blueprint/<str:part>", configuration.part, name="settings_blueprint_part"),
    path("settings/blueprint/<str:part>/file", configuration.file, name="settings_blueprint_file"),
    path("settings/blueprint/<str:part>/<int:number>", configuration.version, name="settings_blueprint_version"),
    path("settings/blueprint/<str:part>/<int:number>/back", configuration.back, name="settings_blueprint_back"),
    path("settings/privacy", privacy.listed, name="settings_privacy"),
    path("settings/privacy/keeping", keeping.page, name="settings_keeping"),
    path("settings/privacy/person/<str:key>", privacy.person, name="settings_privacy_person"),
    path("settings/privacy/customer/<str:key>", privacy.customer, name="settings_privacy_customer"),
    path("settings/privacy/exports/<int:job_id>", privacy.export, name="settings_privacy_export"),
    path("settings/privacy/exports/<int:job_id>/file", privacy.file, name="settings_privacy_file"),
    path("settings/privacy/erasures/<str:key>", privacy.certificate, name="settings_privacy_certificate"),
    path(
        "settings/privacy/erasures/<str:key>/file", privacy.certificate_file, name="settings_privacy_certificate_file"
    ),
    path("settings/metrics", metrics.listed, name="settings_metrics"),
    path("settings/metrics/new", metrics.new, name="settings_metrics_new"),
    path("settings/metrics/look", metrics.look, name="settings_metrics_look"),
    path("settings/metrics/work", metrics.work, name="settings_metrics_work"),
    path("settings/metrics/one/<slug:key>", metrics.one, name="settings_metric"),
    path("settings/organisation", home.organisation, name="settings_organisation"),
    path("customers/<slug:key>", customer.page, name="customer"),
    path("customers/<slug:key>/charts/<slug:metric>", charts.chart, name="customer_chart"),
    path("customers/<slug:key>/champion", champion.page, name="customer_champion"),
    path("customers/<slug:key>/weeks", weeks.page, name="customer_weeks"),
    path("customers/<slug:key>/users", users.page, name="customer_users"),
    path("customers/<slug:key>/users/export", users.export, name="customer_users_export"),
    path("customers/<slug:key>/features", customer_features.page, name="customer_features"),
    path("customers/<slug:key>/features/export", customer_features.export, name="customer_features_export"),
    path("customers/<slug:key>/group", group.page, name="customer_group"),
    path("customers/<slug:key>/group/export", group.export, name="customer_group_export"),
    path("customers/<slug:key>/group/of/<slug:metric>", group.explain, name="customer_group_metric"),
    path("customers/<slug:key>/products", products.page, name="customer_products"),
    path("customers/<slug:key>/products/export", products.export, name="customer_products_export"),
    path("customers/<slug:key>/health/<slug:metric>", opened.page, name="customer_measure"),
    path("customers/<slug:key>/since", since.page, name="customer_since"),
    path("customers/<slug:key>/why/<slug:rule>", opened.why, name="customer_why"),
    path("customers/<slug:key>/log", customer_actions.log, name="customer_log"),
    path("customers/<slug:key>/log/<uuid:fact>/retract", customer_actions.retract, name="customer_log_retract"),
    path("customers/<slug:key>/log/<uuid:fact>/restore", customer_actions.restore, name="customer_log_restore"),
    path(
        "customers/<slug:key>/put-away/<int:number>/bring-back",
        customer_actions.bring_back,
        name="customer_bring_back",
    ),
    path("customers/<slug:key>/tasks", customer_actions.task, name="customer_task"),
    path("customers/<slug:key>/tasks/<int:task_id>/done", customer_actions.task_done, name="customer_task_done"),
    path("customers/<slug:key>/tasks/<int:task_id>/drop", customer_actions.task_drop, name="customer_task_drop"),
    path("customers/<slug:key>/tasks/<int:task_id>/reopen", customer_actions.task_reopen, name="customer_task_reopen"),
    path("customers/<slug:key>/merged/<slug:gone>/part", customer_actions.part, name="customer_part"),
    path("customers/<slug:key>/owner", customer_actions.owner, name="customer_owner"),
    path("customers/<slug:key>/facts", customer_actions.facts, name="customer_facts"),
    path("customers/<slug:key>/contacts", customer_actions.contact, name="customer_contact"),
    path("customers/<slug:key>/contacts/<uuid:fact>", customer_actions.contact, name="customer_contact_one"),
    path("customers/<slug:key>/undo/<int:number>", customer_actions.undo, name="customer_undo"),
    path("customers/<slug:key>/contracts/new", contract_edit.contract_new, name="contract_new"),
    path("contracts/<int:contract_id>", contract.page, name="contract"),
    path("contracts/<int:contract_id>/export", contract.export, name="contract_export"),
    path("contracts/<int:contract_id>/paper", contract_edit.paper, name="contract_paper"),
    path("contracts/<int:contract_id>/lines/new", contract_edit.line_new, name="contract_line_new"),
    path("contracts/<int:contract_id>/lines/<uuid:fact>", contract_edit.line, name="contract_line"),
    path("contracts/<int:contract_id>/points/<slug:column>", contract.point, name="contract_point"),
    path("contracts/<int:contract_id>/undo/<int:number>", contract.undo, name="contract_undo"),
    path("explain/<slug:field>", explain.page, name="explain"),
    path("import", imports.imports, name="imports"),
    path("import/<int:import_id>", imports.one, name="import"),
    path("import/<int:import_id>/files", imports.files, name="import_files"),
    path("import/<int:import_id>/look", imports.look, name="import_look"),
    path("import/<int:import_id>/mapping", mapping.page, name="import_mapping"),
    path("import/<int:import_id>/mapping/file", mapping.as_yaml, name="import_mapping_file"),
    path("import/<int:import_id>/mapping/yaml", mapping.from_yaml, name="import_mapping_yaml"),
    path("import/<int:import_id>/check", imports.check, name="import_check"),
    path("import/<int:import_id>/rejections", imports.rejections, name="import_rejections"),
    path("import/<int:import_id>/publish", imports.publish, name="import_publish"),
    path("import/<int:import_id>/progress", imports.progress, name="import_progress"),
    path("import/<int:import_id>/stop", imports.stop, name="import_stop"),
    path("import/<int:import_id>/cancel", imports.cancel, name="import_cancel"),
    path("exports", exports.exports, name="exports"),
    path("exports/<int:job_id>", exports.one, name="export"),
    path("exports/<int:job_id>/file", exports.file, name="export_file"),
]
