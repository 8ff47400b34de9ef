"""Where personal data can lie: every field of every table, either personal, with how it is treated, or kept, with why.

The one list that export and erasure walk. tests/privacy/test_table.py fails on a field that is not named here.
Besides the tables: usage (`lake`), files (`files.py`), the journal's list of erasures, which holds digests alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from django.apps import apps
from django.db.models import Model, Q

from perennial.customers.models import OWN_COLUMNS
from perennial.privacy.terms import As, Fate, Whom

NONE = Q(pk__in=())
Kept = Mapping[str, str]
"""Why → the fields that are kept for it."""
ROW = "the row itself: numbers, instants, which import brought it"
FIGURES = "figures, days and words of a list: they name nobody, and totals are made of them"
STAFF = "the house's own staff, who keep their place in its history"
METHOD = "the house's method and settings"
LEDGER = "the ledger: kept under a pseudonym, so that revenue and retention still reconcile"


@dataclass(frozen=True)
class Held:
    """What a table holds. `customer`: the lookup of a customer's number; `person`: the rows that are a person's."""

    personal: Mapping[str, As] = field(default_factory=dict)
    kept: Kept = field(default_factory=dict)
    customer: str = ""
    person: Callable[[Whom], Q] | None = None
    of_customer: Fate | None = None
    of_person: Fate | None = None
    more_of_customer: Callable[[Whom], Q] | None = None

    def theirs(self, whom: Whom) -> Q:
        """Return the condition of the rows that are theirs."""
        if whom.subject != "customer":
            return self.person(whom) if self.person else NONE
        mine = Q(**{f"{self.customer}__in": whom.family}) if self.customer and self.of_customer else NONE
        return mine | self.more_of_customer(whom) if self.more_of_customer else mine

    def fate(self, whom: Whom) -> Fate | None:
        """Return what becomes of rows that are theirs."""
        return self.of_customer if whom.subject == "customer" else self.of_person


METRICS = " ".join(OWN_COLUMNS)
"""The columns of the house's own metrics: numbers."""
VERSION = "id fact source learned_at learned_by_assumption superseded_at import_id"


def kept(names: str = "", *, row: str = "id", **why: str) -> Kept:
    """Return which fields are kept for which reason; `names`: figures."""
    words = {"ledger": LEDGER, "staff": STAFF, "method": METHOD}
    return {key: value for key, value in {ROW: row, FIGURES: names, **{words[k]: v for k, v in why.items()}}.items()
            if value}  # fmt: skip


def _contact(whom: Whom) -> Q:
    return Q(contact_fact__in=whom.contacts)


def _logins(field_name: str, prefix: str = "") -> Callable[[Whom], Q]:
    def condition(whom: Whom) -> Q:
        return reduce(or_, (Q(source=source, **{field_name: prefix + code}) for source, code in whom.logins), NONE)

    return condition


def _rejected(whom: Whom) -> Q:
    """A message whose body names one of the ids that its own source calls them by."""
    found = (Q(key__stream__source=source, raw__contains=f'"{code}"') for source, code in whom.logins)
    return reduce(or_, found, NONE)


def _entries(whom: Whom) -> Q:
    """What the journal says of a person's contact and of what was logged with him."""
    subjects = [f"contact:{fact}" for fact in whom.contacts] + [f"touchpoint:{fact}" for fact in whom.touchpoints]
    return Q(entry__subject__in=subjects)


T, OWN, TITLE, WORD, J, UNIQUE, CODE, NAME, LINK, RAW = (
    As.TEXT, As.OWN, As.TITLE, As.WORD, As.JSON, As.UNIQUE, As.CODE, As.NAME, As.LINK, As.RAW)  # fmt: skip
GONE, BLANK = Fate.GONE, Fate.BLANK
C = "customer_id"

TABLE: dict[str, Held] = {
    "Contact": Held(
        {"name": OWN, "title": OWN, "email": OWN, "phone": OWN, "external_id": CODE},
        kept("level decision_role rung is_champion left_on customer", row=VERSION),
        C, lambda whom: Q(fact__in=whom.contacts), GONE, GONE),
    "ProductUser": Held(
        {"name": OWN, "external_id": CODE}, kept("kind", row="id source customer learned_at"),
        C, lambda whom: Q(id__in=whom.users), GONE, GONE),
    "LastGroup": Held({"user": CODE}, kept(row="id source customer_number at"), "customer_number", _logins("user"),
                      GONE, GONE),
    "Unconfirmed": Held(
        {"external_id": CODE, "name": OWN, "domain": OWN},
        kept(row="id source first_seen_at customer ignored_at decided_at", staff="decided_by"),
        C, _logins("external_id", "user:"), GONE, GONE),
    "RejectedMessage": Held(
        {"message_id": T, "raw": RAW},
        kept("kind reason where", row="id key received_at", staff="settled_at settled_as settled_by"),
        "", _rejected, BLANK, BLANK, _rejected),
    "Touchpoint": Held(
        {"contact_fact": LINK, "summary": T, "outcome": T, "next_step": T, "external_id": CODE},
        kept("channel happened_at is_proactive sentiment customer", row=VERSION, staff="member"),
        C, _contact, BLANK, BLANK),
    "SurveyAnswer": Held(
        {"contact_fact": LINK, "comment": T, "external_id": CODE},
        kept("kind score answered_at customer", row=VERSION), C, _contact, BLANK, BLANK),
    "Ticket": Held(
        {"subject": TITLE, "external_id": CODE},
        kept("priority opened_at due_at closed_at first_response_minutes satisfaction is_escalated reopened_count "
             "customer", row=VERSION), C, None, BLANK),
    "Task": Held(
        {"title": TITLE},
        kept("customer due_on done_at dropped_at touchpoint", row="id created_at", staff="owner created_by"),
        C, lambda whom: Q(touchpoint__in=whom.touchpoints), BLANK, BLANK),
    "TodayItem": Held(
        {"reasons": J},
        kept("on customer weight first_seen_on done_at touchpoint is_contact snoozed_until_on",
             staff="owner decided_by"),
        C, None, GONE),
    "PutAway": Held(
        {"note": T}, kept("customer rule why on until_on at ended_at", staff="by ended_by"), C, None, GONE),
    "PlannedDay": Held({}, kept(row="id on at")),
    "Customer": Held(
        {"name": NAME, "name_sort": NAME, "key": CODE, "legal_name": OWN, "credit_code": LINK, "tags": J, "custom": J},
        kept("industry country region segment deployment signed_up_on first_value_on parent reseller merged_into",
             row="id import_id learned_at"), "id", None, BLANK),
    "PortfolioRow": Held(
        {"name": NAME, "name_sort": NAME, "key": CODE, "tags": T, "custom": J, "next_step": T},
        kept("tier stage stage_since_on onboarding_started_on first_value_on industry country region segment currency "
             "is_live mrr arr next_renewal_on renewal_arr notice_on overdue_amount oldest_overdue_on waits_at "
             "waits_since_on waits_over_days band score score_change_28d coverage confidence health_fell_on "
             "scores_13w active_users_7d active_users_28d "
             "logins_7d breadth_28d depth_28d trend_28d seats_used_28d days_since_last errors_28d top_user_share_28d "
             f"seats open_tickets overdue_tickets last_touch_on next_task_on champion_left_on "
             "checkpoint_due_on renewal_need renewal_need_on usage_fell_on users_at_alert usual_users "
             "champion_silent_on users_silent_on "
             f"parent {METRICS}",
             row="customer as_of_on updated_at", staff="owner team"), C, None, BLANK),
    "ExternalId": Held({"external_id": CODE}, kept(row="id customer source"), C, None, GONE),
    "CustomerAlias": Held({}, kept(row="id old_id customer at")),
    "Ownership": Held({"external_id": CODE}, kept("customer from_on", row=VERSION, staff="member"), C, None, BLANK),
    "Reseller": Held({}, kept(row="id", method="name")),
    "SavedView": Held({"name": UNIQUE, "text": T, "conditions": J},
                      kept("columns sort shared", row="id created_at", staff="member")),
    "Contract": Held(
        {"external_id": CODE, "number": T, "by_hand": J},
        kept(row="id source import_id learned_at",
             ledger="kind framework customer signing_party paying_party invoiced_party reseller signed_on accepted_on "
             "credit_days rebate_percent"),
        C, None, BLANK),
    "Line": Held(
        {"external_id": CODE},
        kept(row=VERSION, ledger="customer contract product kind quantity amount amount_months currency tax_rate "
             "amount_includes_tax discount_percent discount_amount discount_months starts_on ends_on notice_on "
             "auto_renews billing_months gift_months pauses ramp_step renewal_of billing_status overdue_since_on "
             "cancelled_on ceases_on is_amended term_starts_on corrects end_amount",
             method="is_typed"), C, None, BLANK),
    "Cancellation": Held(
        {"external_id": CODE, "comment": T, "reason": WORD, "competitor": WORD},
        kept(row=VERSION, ledger="customer line_fact cancelled_on effective_on refund currency"), C, None, BLANK),
    "Receivable": Held(
        {"external_id": CODE, "node_holder": T},
        kept(row=VERSION, ledger="customer contract kind due_on amount currency invoiced_on received_on "
             "received_amount node node_since_on", method="is_typed"), C, None, BLANK),
    "NodeTime": Held({}, kept("node segment days stays")),
    "Invoice": Held(
        {"external_id": CODE, "number": T},
        kept(row=VERSION, ledger="customer contract kind red_of amount currency tax_rate state requested_on issued_on"),
        C, None, BLANK),
    "InvoiceLine": Held({"external_id": CODE}, kept(row=VERSION, ledger="customer invoice step amount"),
                        C, None, BLANK),
    "Payment": Held(
        {"external_id": CODE, "payer": T, "reference": T, "contract_number": T},
        kept(row=VERSION, ledger="customer amount currency received_on"), C, None, BLANK),
    "PaymentDoubt": Held({}, kept("payment other is_same found_at decided_at", row="id", staff="by")),
    "Settlement": Held(
        {"external_id": CODE, "reason": T},
        kept(row=VERSION, ledger="customer step payment amount written_off_on"), C, None, BLANK),
    "Movement": Held({}, kept(row="id reported_on restates",
                              ledger="customer product on kind numerator denominator currency line_facts tags")),
    "FormerMovement": Held({}, kept(row="id reported_on restates superseded_on",
                                    ledger="customer product on kind numerator denominator currency line_facts tags")),
    "GraceHold": Held({}, kept(ledger="customer product line_fact ended_on over_on numerator denominator currency")),
    "LedgerMark": Held({}, kept(row="customer drawn_from on again_on")),
    "LedgerColumns": Held({}, kept(row="id name made_at")),
    "LedgerChange": Held({}, kept(row="id customer")),
    "Rate": Held({}, kept(row=VERSION, method="base currency on rate external_id")),
    "Product": Held({}, kept(method="code name")),
    "Call": Held({"reason": T}, kept("customer due_on category model p", row="id at", staff="by"), C, None, BLANK),
    "Finding": Held(
        {"evidence": T, "link": T}, kept("customer due_on about rating percent", row="id at", staff="by"),
        C, None, BLANK),
    "RenewalCause": Held({"text": T}, kept("customer due_on outcome cause", row="id at", staff="by"), C, None, BLANK),
    "PlanStep": Held({}, kept("customer due_on task purchase step node", row="id")),
    "Checkpoint": Held({}, kept("customer due_on which on model p low high", row="id at")),
    "CheckpointCall": Held(
        {"reason": T}, kept("customer due_on which category model p low high", row="id at", staff="by"),
        C, None, BLANK),
    "CallSettled": Held({"word": T}, kept("customer call category", row="id at", staff="by"), C, None, BLANK),
    "UsageAlert": Held(
        {"reason": T, "series": J, "told": J},
        kept("customer kind listed week_on raised_on statistic p against users usual spread closed_on end "
             "muted_until_on muted_why", row="id raised_at decided_at", staff="muted_by"), C, None, GONE),
    "AlertWeek": Held({}, kept("week_on paying judged expected trouble", row="id made_at customers")),
    "ForecastModel": Held({}, kept("tallies posterior quarters rebuilt", row="id on learned_at")),
    "ForecastSnapshot": Held({}, kept("week_on as_of_on is_rebuilt currency fans", row="id frozen_at learned")),
    "ForecastRow": Held(
        {}, kept("due_on arr kept outcome p low high evidence category called segment", row="id snapshot customer",
                 staff="owner")),
    "Score": Held({"parts": J}, kept("scorecard on", row="customer computed_at"), C, None, GONE),
    "Scorecard": Held({}, kept(method="key version config published_at", staff="by")),
    "Passage": Held({}, kept("scale value entered_on left_on customer", row="id learned_at")),
    "Import": Held(
        {"name": T, "mapping": J, "findings": J, "counts": J, "quality": J, "error": T},
        kept("state", row="id job_id created_at published_at", staff="by")),
    "ImportFile": Held({"name": T}, kept("size digest", row="id belongs_to path")),
    "ImportChunk": Held({"rows": J}, kept("kind number", row="id belongs_to")),
    "ImportRejection": Held(
        {"file": T, "sheet": T, "value": T, "detail": J}, kept("row column reason", row="id belongs_to")),
    "SnapshotRow": Held(
        {"external_id": UNIQUE, "features": J}, kept("dataset as_of_on outcome", row="id belongs_to")),
    "JournalEntry": Held({}, {"names nobody by its own rule, and is sealed: personal parts are JournalPersonal's":
                              "id kind customer subject data by at reacted_at digest"}),
    "JournalPersonal": Held({"payload": J}, kept(row="entry"), "entry__customer_id", _entries, GONE, GONE),
    "Job": Held(
        {"payload": J, "result": J, "error": T, "progress_text": T},
        kept("state", row="id kind unique_key run_at lease_until fence attempts cancel_requested_at progress_done "
             "progress_total created_at started_at finished_at", staff="by")),
    "ConfigDraft": Held({}, kept(row="id at", method="part text base", staff="by")),
    "ConfigVersion": Held({"reason": T}, kept(row="id at", method="part version text from_on", staff="by")),
    "Erasure": Held(
        {"reason": T}, kept("subject customer counts waiting is_kept_out digest",
                            row="id key entry at again_at rewritten_at", staff="by")),
    "OwnField": Held({}, kept(row="id", method="key column told")),
    "MetricColumn": Held({}, kept(method="key column definition is_served made_until at")),
    "Organisation": Held({}, kept(method="name currency timezone language fiscal_start_month amounts_include_tax "
                                  "as_of_on books_opened_on policy_switches config_stamp events_kept_months is_demo "
                                  "created_at")),
    "Stream": Held({}, kept(row="key", method="source events_per_second")),
    "Spend": Held({}, kept("month channel segment amount currency", row=f"{VERSION} external_id")),
    "Backtest": Held({}, kept("on found data_version seed versions", row="id made_at", method="key version digest text",
                            staff="by")),
    "Shadow": Held({}, kept("began_on until_on found word reason", row="id backtest began_at decided_at",
                            method="text against", staff="by decided_by")),
    "BacktestCase": Held({}, kept("on is_lost score band p", row="id backtest customer"), C, None, GONE),
    "SurvivalFit": Held({}, kept("ages found seed versions", row="digest made_at")),
    "Target": Held({}, kept("kind starts_on ends_on amount currency", row=f"{VERSION} external_id",
                            staff="member team")),
    "Team": Held({}, kept(staff="name")),
    "Member": Held({}, kept(staff="password last_login email name role team language theme is_active created_at")),
    "ApiKey": Held({}, kept(staff="member name scope prefix digest created_at last_used_at revoked_at")),
    "PasswordLink": Held({}, kept(staff="member digest made_at made_by expires_at ended_at")),
}  # fmt: skip
"""By the model's name."""
FOREIGN: dict[str, str] = {
    "auth.Permission": METHOD, "auth.Group": METHOD, "contenttypes.ContentType": METHOD,
    "sessions.Session": STAFF, "account.EmailAddress": STAFF, "account.EmailConfirmation": STAFF,
}  # fmt: skip
"""Tables of the libraries, with whose data they are."""


def model_of(name: str) -> type[Model]:
    """Return the model of a table."""
    return apps.get_model("perennial", name)
