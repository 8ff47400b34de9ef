"""The ledger read once, for pages that tell many days and cohorts of it."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from django.db.models import Q

from perennial.contracts.calculations.courses import Move
from perennial.contracts.models import Movement
from perennial.contracts.terms import MovementKind


def read(rows: Q, *, on: date) -> list[Move]:
    """Return the movements of `rows` (access.revenue_of) up to the day, by day. One query, a row for each movement."""
    kinds = {kind.value: kind for kind in MovementKind}
    found = Movement.objects.filter(rows, on__lte=on).order_by("on", "id")
    return [
        Move(day, customer_id, product_id, kinds[kind], currency, Fraction(numerator, denominator))
        for day, customer_id, product_id, kind, currency, numerator, denominator in found.values_list(
            "on", "customer_id", "product_id", "kind", "currency", "numerator", "denominator"
        )
    ]
