"""The usage of a customer with all below it in the tree: the whole group as one, and each of its customers."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from django.utils.encoding import force_str
from ninja import Query, Router
from pydantic import Field

from perennial.api.customers import find
from perennial.api.usage import Asking, Paged, paged
from perennial.reports import customer_file, customer_group

router = Router(tags=["usage"])


class GroupQuery(Paged):
    """Which of the group's customers, and of which source the external id is."""

    source: str | None = Field(None, max_length=60)


@router.get("/customers/{external_id}/group", url_name="customer_group")
def group(request: HttpRequest, external_id: str, query: Annotated[GroupQuery, Query()]) -> dict[str, Any]:
    """The usage of a customer and all below it as if they were one: `group` has each metric of the whole, a user known
    at several counted once; `customers` has each by itself, the one on top first. Only whom you see is counted;
    `hidden` is how many more there are. Not found where nobody lies below."""
    asking = Asking.of(request)
    key = find(asking.member, external_id, query.source).key
    file = customer_file.find(asking.member, key, house=asking.house, on=asking.today)
    found = customer_group.group_of(file) if file else None
    if file is None or found is None:
        raise Http404
    told = customer_group.metrics_of(file)
    whole, apart = customer_group.day_of(found), customer_group.of_each(found)
    rows, mark = paged(found.customers, query)
    return {
        "as_of": found.on,
        "key": key,
        "hidden": found.hidden,
        "metrics": [
            {"key": one.key, "label": force_str(one.label), "definition": force_str(one.definition),
             "formula": force_str(one.formula), "unit": one.unit.value}
            for one in told
        ],
        "group": {one.key: whole.get(one.key) for one in told},
        "customers": [
            {**who, "values": {metric.key: apart.get(one.customer_id, {}).get(metric.key) for metric in told}}
            for who, one in zip(asking.who(rows), rows, strict=True)
        ],
        "next": mark,
    }  # fmt: skip
