"""The rule of every address, by its name: who may come. tests/site/test_rules.py walks the addresses against it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """Who may open an address.

    `ability` None: any signed-in member. `is_public` needs a `reason`. `by_key`: the API's own check of its key.
    """

    ability: str | None = None
    is_public: bool = False
    by_key: bool = False
    reason: str = ""


def public(reason: str) -> Rule:
    """Return the rule of an address that strangers may open, with the reason why."""
    return Rule(is_public=True, reason=reason)


SIGNED_IN = Rule()
KEY = Rule(by_key=True)

RULES: dict[str, Rule] = {
    "healthz": public("says whether the server can serve; nothing else"),
    "account_login": public("one cannot be signed in before signing in"),
    "account_logout": SIGNED_IN,
    "welcome": public("one sets a first password before one can sign in; the form asks for the link's secret"),
    "today": Rule("customers.read"),
    "today_why": Rule("customers.read"),
    "today_done": Rule("tasks.edit"),
    "today_snooze": Rule("tasks.edit"),
    "today_about": Rule("customers.read"),
    "today_order": Rule("customers.read"),
    "today_away": Rule("customers.read"),
    "today_put_away": Rule("tasks.edit"),
    "today_bring_back": Rule("tasks.edit"),
    "today_reopen": Rule("tasks.edit"),
    "today_delegate": Rule("tasks.edit"),
    "today_log": Rule("touchpoints.edit"),
    "today_log_retract": Rule("touchpoints.edit"),
    "today_task_done": Rule("tasks.edit"),
    "today_task_reopen": Rule("tasks.edit"),
    "today_task_move": Rule("tasks.edit"),
    "revenue": Rule("revenue.read"),
    "revenue_chart": Rule("revenue.read"),
    "revenue_explanation": Rule("revenue.read"),
    "revenue_customers": Rule("revenue.read"),
    "revenue_export": Rule("revenue.read"),
    "weekly": Rule("revenue.read"),
    "weekly_explanation": Rule("revenue.read"),
    "weekly_customers": Rule("revenue.read"),
    "weekly_target": Rule("revenue.read"),
    "weekly_export": Rule("exports.run"),
    "customers": Rule("customers.read"),
    "customers_count": Rule("customers.read"),
    "customers_filter": Rule("customers.read"),
    "customers_assign": Rule("customers.assign"),
    "customers_tag": Rule("customers.edit"),
    "customers_undo": Rule("customers.edit"),
    "customers_views": Rule("customers.read"),
    "customers_view": Rule("customers.read"),
    "customers_view_keep": Rule("customers.read"),
    "customers_view_delete": Rule("customers.read"),
    "palette": SIGNED_IN,
    "settings": SIGNED_IN,
    "settings_members": Rule("members.manage"),
    "settings_member": Rule("members.manage"),
    "settings_roles": Rule("members.manage"),
    "settings_keys": Rule("keys.manage"),
    "settings_key_revoke": Rule("keys.manage"),
    "settings_events": Rule("events.manage"),
    "settings_events_revoke": Rule("events.manage"),
    "settings_events_live": Rule("events.manage"),
    "settings_events_balance": Rule("events.manage"),
    "settings_events_rejected": Rule("events.manage"),
    "settings_events_rejected_list": Rule("events.manage"),
    "settings_events_rejected_file": Rule("events.manage"),
    "settings_events_rejected_discard": Rule("events.manage"),
    "settings_events_rejected_undo": Rule("events.manage"),
    "settings_events_rejected_mend": Rule("events.manage"),
    "settings_events_rejected_one": Rule("events.manage"),
    "settings_events_unconfirmed": Rule("events.manage"),
    "settings_events_unconfirmed_decide": Rule("events.manage"),
    "settings_events_unconfirmed_dialog": Rule("events.manage"),
    "settings_events_unconfirmed_choose": Rule("events.manage"),
    "settings_events_unconfirmed_back": Rule("events.manage"),
    "settings_events_guides": Rule("events.manage"),
    "settings_blueprint": Rule("settings.manage"),
    "settings_blueprint_part": Rule("settings.manage"),
    "settings_blueprint_file": Rule("settings.manage"),
    "settings_blueprint_version": Rule("settings.manage"),
    "settings_blueprint_back": Rule("settings.manage"),
    "settings_organisation": Rule("settings.manage"),
    "customer": Rule("customers.read"),
    "customer_chart": Rule("customers.read"),
    "customer_measure": Rule("customers.read"),
    "customer_why": Rule("customers.read"),
    "customer_log": Rule("touchpoints.edit"),
    "customer_log_retract": Rule("touchpoints.edit"),
    "customer_log_restore": Rule("touchpoints.edit"),
    "customer_bring_back": Rule("tasks.edit"),
    "customer_task": Rule("tasks.edit"),
    "customer_task_done": Rule("tasks.edit"),
    "customer_task_reopen": Rule("tasks.edit"),
    "customer_task_drop": Rule("tasks.edit"),
    "customer_owner": Rule("customers.assign"),
    "customer_facts": Rule("customers.edit"),
    "customer_contact": Rule("customers.edit"),
    "customer_contact_one": Rule("customers.edit"),
    "customer_undo": Rule("customers.edit"),
    "explain": Rule("customers.read"),
    "imports": Rule("imports.run"),
    "import": Rule("imports.run"),
    "import_files": Rule("imports.run"),
    "import_look": Rule("imports.run"),
    "import_mapping": Rule("imports.run"),
    "import_mapping_file": Rule("imports.run"),
    "import_mapping_yaml": Rule("imports.run"),
    "import_check": Rule("imports.run"),
    "import_rejections": Rule("imports.run"),
    "import_publish": Rule("imports.run"),
    "import_progress": Rule("imports.run"),
    "import_stop": Rule("imports.run"),
    "import_cancel": Rule("imports.run"),
    "customers_edited": Rule("customers.edit"),
    "customers_edited_one": Rule("customers.edit"),
    "customers_edited_apply": Rule("customers.edit"),
    "customers_edited_undo": Rule("customers.edit"),
    "customers_edited_discard": Rule("customers.edit"),
    "exports": Rule("exports.run"),
    "export": Rule("exports.run"),
    "export_file": Rule("exports.run"),
    "api:customers": KEY,
    "api:customer": KEY,
    "api:customer_metrics": KEY,
    "api:customers_upsert": KEY,
    "api:revenue_movements": KEY,
    "api:revenue_retention": KEY,
    "api:rejected": KEY,
    "api:rejected_replay": KEY,
    "api:rejected_discard": KEY,
    "api:api-root": SIGNED_IN,
    "api:openapi-json": SIGNED_IN,
    "api:openapi-view": SIGNED_IN,
}
