"""Red (negative) lines of a file: which line each takes something back of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from perennial.contracts import facts
from perennial.contracts.calculations import red_lines
from perennial.contracts.models import Line
from perennial.contracts.terms import LineTerms
from perennial.kernel.versions import Incoming

CHUNK = 500


def fitting(rows: Sequence[Incoming]) -> list[list[str]]:
    """Return for each red line the facts of the kept lines of its customer that it may take something back of; none: it
    corrects nothing. One query for 500 customers."""
    ids = sorted({row.values["customer_id"] for row in rows})
    kept: dict[int, list[LineTerms]] = defaultdict(list)
    for start in range(0, len(ids), CHUNK):
        lines = Line.objects.current().filter(customer_id__in=ids[start : start + CHUNK], amount__gt=0)
        for line in lines.order_by("starts_on", "id").values_list(*facts.COLUMNS, named=True):
            kept[line.customer_id].append(facts.terms_of(line))
    return [red_lines.corrected(_terms(row), kept[row.values["customer_id"]]) for row in rows]


def _terms(row: Incoming) -> LineTerms:
    values = row.values
    return LineTerms(
        line_key=row.external_id or "", customer_id=values["customer_id"], currency=values["currency"],
        amount_minor=values["amount"], starts_on=values["starts_on"], ends_on=values.get("ends_on"), amount_months=1,
        product_id=values.get("product_id"),
    )  # fmt: skip
