"""The usage tab of the customer file: of the customer itself, or of its whole group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import MetricUnit
from perennial.customers.catalogue import FIELDS, Unit
from perennial.pages import tags
from perennial.pages.customer import words
from perennial.pages.usage import alert_words
from perennial.reports import alerts, customer_group, customer_products, customer_usage
from perennial.reports.customer_file import File
from perennial.reports.customer_group import Group
from perennial.usage import own
from perennial.usage.own import OwnMetric
from perennial.usage.queries import Values

GROUP = "group"
"""What an address says (`of=`) where the whole group is meant."""
CHARTS: Mapping[str, Promise] = {
    "users": _("Active users, last 7 and 28 days"),
    "events": _("Core events a day, by feature"),
    "logins": _("Logins in 7 days"),
    "breadth": _("Features used in 28 days"),
}
MOST_OWN_CHARTS = 6
"""Charts of own metrics; every one of them has its line in the table."""


def context(file: File, request: HttpRequest) -> dict[str, Any]:
    """Return what the tab shows. `group` None: nobody lies below; `is_group`: the whole group is shown."""
    group = customer_group.group_of(file)
    if group is not None and request.GET.get("of") == GROUP:
        return {"group": group, "is_group": True, **_of_group(file, group)}
    return {"group": group, "is_group": False, **_of_customer(file)}


def asked_group(file: File, request: HttpRequest) -> Group | None:
    """Return the group where an address asks for it.

    :raises Http404: nobody lies below the customer.
    """
    if request.GET.get("of") != GROUP:
        return None
    found = customer_group.group_of(file)
    if found is None:
        raise Http404
    return found


def metrics(file: File, group: Group | None, *, with_series: bool) -> dict[str, Any]:
    """Return the table of metrics; without its lines of thirteen weeks the page need not wait for the lake."""
    return _metrics_of_group(file, group) if group is not None else _metrics(file, with_series=with_series)


def written(value: float | None, unit: Unit | MetricUnit) -> str:
    """Write a metric's value: by the unit that the catalogue gives it, or by that of an own metric."""
    if isinstance(unit, MetricUnit):
        return tags.measured(value, unit)
    return words.written(None if value is None else round(value, 6), unit, "")


def said(group: Group) -> str:
    """Say what a group's figures are made of."""
    count = len(group.customers)
    return ngettext(
        "One customer, counted by itself.",
        "%(count)d customers, counted over their usage together as if they were one: a user whom a source knows by the "
        "same id at several of them counts once.",
        count,
    ) % {"count": count}


def left_out(group: Group) -> str:
    """Say how many customers of a group are not counted, "" where all are."""
    if not group.hidden:
        return ""
    return ngettext(
        "One more customer of the group is not yours to see and is not counted.",
        "%(count)d more customers of the group are not yours to see and are not counted.",
        group.hidden,
    ) % {"count": group.hidden}


def _charts(*, names_users: bool) -> list[tuple[str, Promise | str]]:
    return [
        *((key, label) for key, label in CHARTS.items() if names_users or key != "users"),
        *((one.key, tags.wording(one.label)) for one in own.served()[:MOST_OWN_CHARTS]),
    ]


def _of_customer(file: File) -> dict[str, Any]:
    known = customer_usage.known_of(file.row, file.on)
    names_users = known is customer_usage.Known.USERS
    return {
        **_metrics(file, with_series=False),
        "known": known,
        "names_users": names_users,
        "charts": _charts(names_users=names_users),
        "has_products": customer_products.is_told(file.on),
        "alerts": [
            (one, alert_words.kind_of(one), alert_words.said(one), alert_words.rest(one, file.on))
            for one in alerts.of_customer(file.row)
        ],
    }


def _of_group(file: File, group: Group) -> dict[str, Any]:
    day = customer_group.day_of(group)
    names_users = day.get("active_users_28d") is not None
    known = customer_usage.Known.USERS if names_users else customer_usage.Known.NO_USERS
    return {
        **_group_table(file, group, day, {}),
        "said": " ".join((said(group), left_out(group))).strip(),
        "known": known if day else customer_usage.Known.NOTHING,
        "names_users": names_users,
        "charts": _charts(names_users=names_users),
    }


def _metrics(file: File, *, with_series: bool) -> dict[str, Any]:
    days = customer_usage.series_of(file.customer.pk, file.on) if with_series else {}
    series = customer_usage.weekly(days)
    metrics = [_metric(file, series, one.key) for one in blueprint.metrics()]
    metrics += [_own_metric(one, days, series) for one in own.served()]
    return {"customer": file.customer, "row": file.row, "metrics": metrics, "is_whole": with_series}


def _metric(file: File, series: customer_usage.Series, key: str) -> dict[str, Any]:
    field = FIELDS[key]
    value = words.written(getattr(file.row, field.column), field.unit, "")
    return {"key": key, "label": field.label, "definition": field.definition, "value": value,
            "series": series.get(key, ())}  # fmt: skip


def _own_metric(one: OwnMetric, days: customer_usage.Series, series: customer_usage.Series) -> dict[str, Any]:
    """Return an own metric as the table shows it; its value comes with its line: no portfolio row holds it."""
    value = tags.measured(days[one.key][-1], one.unit) if one.key in days else "…"
    return {"key": one.key, "label": tags.wording(one.label), "definition": tags.wording(one.definition),
            "value": value, "series": series.get(one.key, ())}  # fmt: skip


def _metrics_of_group(file: File, group: Group) -> dict[str, Any]:
    days = customer_group.series_of(group)
    last = {key: values[-1] for key, values in days.items()}
    return _group_table(file, group, last, customer_usage.weekly(days))


def _group_table(file: File, group: Group, day: Values, series: customer_usage.Series) -> dict[str, Any]:
    told = [
        {"key": one.key, "label": one.label, "definition": one.definition, "value": written(day.get(one.key), one.unit),
         "series": series.get(one.key, ())}
        for one in customer_group.metrics_of(file)
    ]  # fmt: skip
    return {"customer": file.customer, "row": file.row, "metrics": told, "is_whole": bool(series), "of": GROUP,
            "group": group, "on": group.on}  # fmt: skip
