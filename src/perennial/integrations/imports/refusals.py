"""The words of refused rows: what is wrong, and what to do, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from perennial.integrations.imports import messages
from perennial.integrations.imports.reading.terms import Code, Problem

_WORDS = {
    "missing": _("A value that every row needs is missing. Fill it in, or leave the row out."),
    "too_long": _("The text is too long: at most %(most)s characters are kept."),
    "impossible_date": _("This date cannot be: before 1970 or more than 30 years ahead. Correct it."),
    "ends_before_start": _("The end lies before the start. Correct one of the two."),
    "conflict": _(
        "The same id stands in row %(first)s with other content. The first row stays; correct or remove one."
    ),
    "erased": _("This person or customer was erased and is kept out. Take the row out of the file."),
    "expired": _("Usage before %(first)s is not taken any more: the events of these days are expired."),
    "out_of_range": _("The value must lie between %(least)s and %(most)s."),
    "not_one_of": _("Expected one of: %(options)s."),
    "not_whole": _("Expected a whole number."),
    "not_months": _("Expected a number of months, or a word such as monthly, quarterly, annual."),
    "too_many_decimals": _("More decimals than %(currency)s has. Round the amount in the source."),
    "unknown_currency": _("This is no ISO 4217 currency code."),
    "unknown_customer": _("No customer has this id. Import the customers first, or correct the id."),
    "code_taken": _("Another customer has this unified social credit code. Correct one of the two."),
    "unknown_member": _("No member has this mail address, and no team this name. Add them in Settings first."),
    "renews_itself": _("A line cannot renew itself. Name the line before it, or leave the cell empty."),
    "notice_after_end": _("Notice is given before the line ends. Correct one of the two."),
    "corrects_nothing": _(
        "A negative line takes something back: no line of this customer, product and currency runs in its days. Name"
        " the line that it corrects, or change its days."
    ),
    "missing_rate": _(
        "No exchange rate of this currency is known on the line's first day. Import rates with or before the contracts."
    ),
    "line_refused": _("%(text)s"),
    "not_yours": _(
        "This is not yours to write. You may import rows of your customers, and add customers that your team owns."
    ),
    "not_for_a_team": _("Such rows are no team's. Ask somebody who may import everything."),
    "not_month": _("Expected a month such as 2024-05, or a day of it."),
    "other_currency": _("The amount is in %(theirs)s, and this organisation keeps its revenue in %(ours)s."),
}
FIELDS = {
    "conflict": ("external_id", "event_id"),
    "unknown_customer": ("customer", "customer_name", "line"),
    "not_yours": ("customer", "customer_name", "line"),
    "unknown_member": ("member_email", "team"),
    "code_taken": ("credit_code",),
}
"""The fields that are wrong, where a row is refused for what it refers to and not for one cell."""
QUALITY = {
    "duplicate_names": _("Names that stand twice"),
    "nameless": _("New customers without a name: their id stands for it until one comes"),
    "missing_owner": _("Customers without a CSM"),
    "unknown_owner": _("CSMs who are no members, by mail address or name: these customers come in without an owner"),
    "unknown_customer": _("Rows of customers that nobody knows"),
    "not_yours": _("Rows that are not yours to write"),
    "conflict": _("Ids that stand twice with other content"),
    "left_empty": _("References to a group, a party, a contract or a line that nobody knows: left empty"),
    "overlapping_contracts": _("Lines of one product that run at the same time"),
    "small_gaps": _("Gaps of a week or less between lines of one product: MRR leaves and comes back"),
    "zero_length_contracts": _("Lines that end on the day they start: they never count"),
    "cancellations_without_contract": _("Cancellations that name no contract: shown, but they end no revenue"),
    "impossible_dates": _("Dates that cannot be"),
    "use_before_line": _("Usage rows before the subscription that they name began"),
    "use_after_line": _("Usage rows after the subscription that they name had ended"),
    "use_before_contract": _("Use before the first contract"),
    "use_after_contract": _("Use after the last contract ended"),
}


def reason_of(code: str, *, column: str = "", value: str = "", detail: Mapping[str, Any] | None = None) -> str:
    """Return why a row was refused and what to do."""
    if code in _WORDS:
        return str(_WORDS[code]) % dict(detail or {})
    return messages.describe(Problem(Code(code), "", column=column, value=value, details=dict(detail or {})))


def finding(key: str) -> str:
    """Return what a finding of the quality report means."""
    return str(QUALITY[key])
