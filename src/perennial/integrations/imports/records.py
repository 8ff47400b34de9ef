"""What a row means: from the mapped fields of a kind to the values that its room's door takes; pure, and strict.

References stay external ids here; `publish.py` resolves them. Each refusal names the column and says why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from perennial.contracts.actions import check_line
from perennial.contracts.rates import check_rate
from perennial.contracts.terms import ContractKind, InvoiceKind, InvoiceState, LineKind, StepKind
from perennial.engagement.terms import RATINGS, Channel
from perennial.integrations.imports.kinds import KindKey
from perennial.integrations.imports.mapping import AmountPer, EndIs, TableMap
from perennial.kernel import money

EARLIEST = date(1970, 1, 1)
FURTHEST = timedelta(days=366 * 30)
MOST_TEXT = 20_000
_MONTHS = {
    "monthly": 1, "month": 1, "月": 1, "按月": 1, "月付": 1, "quarterly": 3, "quarter": 3, "季": 3, "按季": 3,
    "季付": 3, "half-yearly": 6, "semiannual": 6, "半年": 6, "annual": 12, "annually": 12, "yearly": 12, "year": 12,
    "年": 12, "按年": 12, "年付": 12,
}  # fmt: skip
_LENGTHS = {
    "external_id": 200, "name": 200, "legal_name": 200, "industry": 100, "country": 100, "region": 100, "segment": 100,
    "deployment": 20, "reseller": 200, "title": 100, "email": 254, "phone": 50, "decision_role": 30, "subject": 300,
    "priority": 20, "outcome": 200, "next_step": 300, "reason": 100, "competitor": 100, "node": 30, "product": 100,
    "node_holder": 100,
    "contract": 100, "payer": 200, "reference": 200, "receivable": 200, "red_of": 200,
    "corrects": 200, "channel": 100, "credit_code": 18, "billing_status": 20,
}  # fmt: skip

_MONTH = re.compile(
    r"(?P<year>19[7-9]\d|20\d\d)(?:[-/.年]\s*)?(?P<month>1[0-2]|0?[1-9])(?:月|[-/.]\d{1,2}(?:[ T].*)?)?$", re.ASCII
)


class RowRefused(ValueError):
    """A row that cannot be imported: the reason's code, and the column and value where there is one."""

    def __init__(
        self, reason: str, *, column: str = "", value: str = "", detail: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(reason)
        self.reason, self.column, self.value, self.detail = reason, column, value, dict(detail or {})


def record_of(table: TableMap, values: Mapping[str, Any], *, currency: str, today: date) -> dict[str, Any]:
    """Return the record of a row.

    :raises RowRefused: something required is missing, impossible or too long.
    """
    _check(table, values, today)
    given = {key: value for key, value in values.items() if value is not None}
    shape = _SHAPES.get(table.kind)
    return shape(table, given, currency) if shape else given


def _check(table: TableMap, values: Mapping[str, Any], today: date) -> None:
    for field in table.definition.fields:
        value = values.get(field.key)
        column = _column(table, field.key)
        if field.required and value is None:
            raise RowRefused("missing", column=column)
        if isinstance(value, str) and len(value) > _LENGTHS.get(field.key, MOST_TEXT):
            raise RowRefused("too_long", column=column, value=value,
                             detail={"most": _LENGTHS.get(field.key, MOST_TEXT)})  # fmt: skip
        if isinstance(value, date):
            on = value.date() if isinstance(value, datetime) else value
            if not EARLIEST <= on <= today + FURTHEST:
                raise RowRefused("impossible_date", column=column, value=on.isoformat())
    for group in {field.one_of for field in table.definition.fields if field.one_of}:
        members = [field.key for field in table.definition.fields if field.one_of == group]
        if all(values.get(key) is None for key in members):
            raise RowRefused("missing", column=next((c for k in members if (c := _column(table, k)) != k), members[0]))


def _column(table: TableMap, key: str) -> str:
    use = table.columns.get(key)
    return use.column if use and use.column else key


def _customer(_table: TableMap, given: dict[str, Any], _currency: str) -> dict[str, Any]:
    if "tags" in given:
        given["tags"] = [tag.strip() for tag in given["tags"].replace("，", ",").split(",") if tag.strip()]
    return given


def _contact(table: TableMap, given: dict[str, Any], _currency: str) -> dict[str, Any]:
    for key, least, most in (("level", 1, 2), ("rung", 0, 4)):
        if key in given and not least <= given[key] <= most:
            raise RowRefused("out_of_range", column=_column(table, key), value=str(given[key]),
                             detail={"least": least, "most": most})  # fmt: skip
    return given


def _line(table: TableMap, given: dict[str, Any], currency: str) -> dict[str, Any]:
    given["currency"] = str(given.get("currency") or currency).upper()
    if table.amount_per is AmountPer.UNIT:
        if given.get("quantity") is None:
            raise RowRefused("missing", column=_column(table, "quantity"))
        given["amount"] = Decimal(given["amount"]) * Decimal(given["quantity"])
    given["amount"] = _minor(table, given, "amount", given["currency"])
    given["quantity"] = _whole(table, given, "quantity")
    if "billing_months" in given:
        given["billing_months"] = _months(table, given["billing_months"])
    trial = given.pop("is_trial", False)
    given["kind"] = LineKind.TRIAL.value if trial else str(given.get("kind") or LineKind.RECURRING.value).lower()
    if given.get("ends_on") is not None and table.end_is is EndIs.LAST_DAY:
        given["ends_on"] += timedelta(days=1)
    if given.get("ends_on") is not None and given["ends_on"] < given["starts_on"]:
        raise RowRefused("ends_before_start", column=_column(table, "ends_on"), value=given["ends_on"].isoformat())
    if "end_amount" in given:
        given["end_amount"] = _end_amount(table, given)
    given["ramp_step"] = _whole(table, given, "ramp_step")
    if given.get("renewal_of") is not None and given["renewal_of"] == given.get("external_id"):
        raise RowRefused("renews_itself", column=_column(table, "renewal_of"), value=given["renewal_of"])
    if "notice_on" in given and "ends_on" in given and given["notice_on"] >= given["ends_on"]:
        raise RowRefused("notice_after_end", column=_column(table, "notice_on"), value=given["notice_on"].isoformat())
    for key in ("tax_rate", "discount_percent", "rebate_percent"):
        if key in given:
            given[key] = str(_share(given[key], key))
    if given.get("contract_kind") and given["contract_kind"] not in set(ContractKind):
        raise RowRefused("not_one_of", column=_column(table, "contract_kind"), value=given["contract_kind"],
                         detail={"options": ", ".join(ContractKind)})  # fmt: skip
    reason = check_line({**given, "amount": int(given["amount"])})
    if reason is not None:
        raise RowRefused("line_refused", detail={"text": str(reason)})
    return given


def _end_amount(table: TableMap, given: Mapping[str, Any]) -> int:
    exact = dict(given)
    if table.amount_per is AmountPer.UNIT:
        exact["end_amount"] = Decimal(given["end_amount"]) * Decimal(given["quantity"])
    return _minor(table, exact, "end_amount", given["currency"])


def _share(value: Decimal, key: str) -> Decimal:
    """A rate may be written 0.06, 6 or 6 %: a tax above one and a discount above one are percent already.

    Tax leaves as a ratio (0.06), a discount as percent (45), as the line keeps them.
    """
    value = Decimal(value)
    if key == "tax_rate":
        return (value / 100 if value >= 1 else value).normalize()
    return (value if value > 1 else value * 100).normalize()


def _months(table: TableMap, text: str) -> int:
    known = _MONTHS.get(text.strip().lower())
    if known is None and text.strip().isdigit() and 1 <= int(text) <= 120:
        known = int(text)
    if known is None:
        raise RowRefused("not_months", column=_column(table, "billing_months"), value=text)
    return known


def _minor(table: TableMap, given: Mapping[str, Any], key: str, currency: str) -> int:
    try:
        exact = money.to_minor(Decimal(given[key]), currency)
    except money.MoneyError as error:
        raise RowRefused("unknown_currency", column=_column(table, "currency"), value=currency) from error
    if exact.denominator != 1:
        raise RowRefused("too_many_decimals", column=_column(table, key), value=f"{Decimal(given[key]).normalize():f}",
                         detail={"currency": currency})  # fmt: skip
    return int(exact)


def _whole(table: TableMap, given: Mapping[str, Any], key: str) -> int | None:
    value = given.get(key)
    if value is None:
        return None
    if Decimal(value) != int(value):
        raise RowRefused("not_whole", column=_column(table, key), value=str(value))
    return int(value)


def _receivable(table: TableMap, given: dict[str, Any], currency: str) -> dict[str, Any]:
    given["currency"] = str(given.get("currency") or currency).upper()
    given["amount"] = _minor(table, given, "amount", given["currency"])
    if "received_amount" in given:
        given["received_amount"] = _minor(table, given, "received_amount", given["currency"])
    return _one_of(table, given, "kind", StepKind)


def _one_of(table: TableMap, given: dict[str, Any], key: str, options: type[StrEnum]) -> dict[str, Any]:
    if key not in given:
        return given
    value = str(given[key]).strip().lower()
    if value not in set(options):
        raise RowRefused("not_one_of", column=_column(table, key), value=str(given[key]),
                         detail={"options": ", ".join(options)})  # fmt: skip
    return given | {key: value}


def _paid(table: TableMap, given: dict[str, Any], currency: str) -> dict[str, Any]:
    given["currency"] = str(given.get("currency") or currency).upper()
    given["amount"] = _minor(table, given, "amount", given["currency"])
    if not given["amount"]:
        raise RowRefused("missing", column=_column(table, "amount"))
    return given


def _invoice(table: TableMap, given: dict[str, Any], currency: str) -> dict[str, Any]:
    given = _one_of(table, _one_of(table, _paid(table, given, currency), "kind", InvoiceKind), "state", InvoiceState)
    if "tax_rate" in given:
        given["tax_rate"] = str(_share(given["tax_rate"], "tax_rate"))
    given.setdefault("state", "issued" if "issued_on" in given else "requested")
    if given["state"] == InvoiceState.ISSUED and "issued_on" not in given:
        raise RowRefused("missing", column=_column(table, "issued_on"))
    if "red_of" in given and given["amount"] > 0:
        raise RowRefused("line_refused", column=_column(table, "amount"), value=str(given["amount"]),
                         detail={"text": _("An invoice that takes another one back is below zero.")})  # fmt: skip
    return given


def _cancellation(table: TableMap, given: dict[str, Any], currency: str) -> dict[str, Any]:
    if "refund" in given:
        given |= {"refund": _minor(table, given, "refund", currency), "currency": currency}
    return given


def _ticket(table: TableMap, given: dict[str, Any], _currency: str) -> dict[str, Any]:
    if given.get("closed_at") is not None and given["closed_at"] < given["opened_at"]:
        raise RowRefused("ends_before_start", column=_column(table, "closed_at"), value=given["closed_at"].isoformat())
    if "satisfaction" in given:
        given["satisfaction"] = float(given["satisfaction"])
    return given


def _answer(table: TableMap, given: dict[str, Any], _currency: str) -> dict[str, Any]:
    kind = str(given.get("kind") or "nps").lower()
    least, most = {"nps": (0, 10), "csat": (1, 5)}.get(kind, (None, None))
    if least is None:
        raise RowRefused("not_one_of", column=_column(table, "kind"), value=kind, detail={"options": "nps, csat"})
    score = float(given["score"])
    if not least <= score <= (most or 0):
        raise RowRefused("out_of_range", column=_column(table, "score"), value=str(given["score"]),
                         detail={"least": least, "most": most})  # fmt: skip
    return given | {"kind": kind, "score": score}


def _touchpoint(table: TableMap, given: dict[str, Any], _currency: str) -> dict[str, Any]:
    channel = str(given.get("channel") or Channel.note.value).lower()
    if channel not in Channel.values:
        raise RowRefused("not_one_of", column=_column(table, "channel"), value=channel,
                         detail={"options": ", ".join(Channel.values)})  # fmt: skip
    if given.get("sentiment") is not None:
        rating = given["sentiment"]
        if rating not in RATINGS:
            raise RowRefused("out_of_range", column=_column(table, "sentiment"), value=str(rating),
                             detail={"least": RATINGS[0], "most": RATINGS[-1]})  # fmt: skip
        given = given | {"sentiment": int(rating)}
    return given | {"channel": channel}


def _target(table: TableMap, given: dict[str, Any], currency: str) -> dict[str, Any]:
    if table.end_is is EndIs.LAST_DAY:
        given["ends_on"] += timedelta(days=1)
    if given["ends_on"] <= given["starts_on"]:
        raise RowRefused("ends_before_start", column=_column(table, "ends_on"), value=given["ends_on"].isoformat())
    kinds = ("renewals", "collections", "expansion")
    if given["kind"].lower() not in kinds:
        raise RowRefused("not_one_of", column=_column(table, "kind"), value=given["kind"],
                         detail={"options": ", ".join(kinds)})  # fmt: skip
    amount = _minor(table, given, "amount", currency)
    return given | {"kind": given["kind"].lower(), "amount": amount, "currency": currency}


def _rate(table: TableMap, given: dict[str, Any], currency: str) -> dict[str, Any]:
    for key in ("base", "currency"):
        given[key] = str(given.get(key) or currency).upper()
        if not money.is_known(given[key]):
            raise RowRefused("unknown_currency", column=_column(table, key), value=given[key])
    given["rate"] = f"{Decimal(given['rate']).normalize():f}"
    reason = check_rate(given)
    if reason is not None:
        raise RowRefused("line_refused", detail={"text": reason})
    return given


def _spend(table: TableMap, given: dict[str, Any], currency: str) -> dict[str, Any]:
    found = _MONTH.match(given["month"].strip())
    if found is None:
        raise RowRefused("not_month", column=_column(table, "month"), value=given["month"])
    theirs = str(given.get("currency") or currency).upper()
    if theirs != currency:
        raise RowRefused("other_currency", column=_column(table, "currency"), value=theirs,
                         detail={"theirs": theirs, "ours": currency})  # fmt: skip
    month = date(int(found["year"]), int(found["month"]), 1)
    return given | {"month": month, "currency": currency, "amount": _minor(table, given, "amount", currency)}


Shape = Callable[[TableMap, dict[str, Any], str], dict[str, Any]]
_SHAPES: Mapping[KindKey, Shape] = {
    KindKey.CUSTOMERS: _customer,
    KindKey.CONTACTS: _contact,
    KindKey.CONTRACTS: _line,
    KindKey.RECEIVABLES: _receivable,
    KindKey.INVOICES: _invoice,
    KindKey.PAYMENTS: _paid,
    KindKey.CANCELLATIONS: _cancellation,
    KindKey.TICKETS: _ticket,
    KindKey.SURVEYS: _answer,
    KindKey.TOUCHPOINTS: _touchpoint,
    KindKey.TARGETS: _target,
    KindKey.RATES: _rate,
    KindKey.SPEND: _spend,
}
