"""Three published sets through their example mappings: the months of the ledger against a recount in SQL over their
files, which shares no code with ours."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest
from django.db.models import Q
from tests.integrations.imported import bring_in

from perennial.contracts import actions, ledger
from perennial.contracts.ledger import MovementRow
from perennial.contracts.models import Movement
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import MovementKind
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.periods import Period, months_of

pytestmark = [pytest.mark.django_db, pytest.mark.sample]

PLAYBOOK = """
    SELECT customer_id AS customer, 0 AS product, start_date AS since, end_date AS until, monthly_amount * 100 AS mrr,
        NULL::DOUBLE AS quantity
    FROM '{folder}/mrr_playbook/subscription_periods.csv'
"""
RAVENSTACK = """
    SELECT account_id AS customer, plan_tier AS product, start_date AS since, end_date AS until,
        mrr_amount * 100 AS mrr, seats AS quantity
    FROM '{folder}/ravenstack/ravenstack_subscriptions.csv' WHERE NOT is_trial
"""
CRM6 = """
    SELECT account_id AS customer, product, start_date AS since, end_date AS until, round(mrr * 100) AS mrr,
        CASE units WHEN 'users' THEN quantity END AS quantity
    FROM '{folder}/crm6/subscription.csv.gz'
"""
# What each customer holds of each product before and after every day on which something of it changes; then the first
# rule that fits the day: all gone or all new, else product by product, what one product replaces of another set off.
KINDS = """
    WITH change AS (
        SELECT customer, product, since AS day, mrr, coalesce(quantity, 0) AS q, (quantity IS NULL)::INT AS unknown
        FROM line WHERE mrr <> 0 AND (until IS NULL OR until > since)
        UNION ALL
        SELECT customer, product, until, -mrr, -coalesce(quantity, 0), -(quantity IS NULL)::INT
        FROM line WHERE mrr <> 0 AND until > since),
    by_day AS (
        SELECT customer, product, day, sum(mrr) AS d, sum(q) AS dq, sum(unknown) AS du FROM change GROUP BY ALL),
    held AS (
        SELECT *, sum(d) OVER w AS a1, sum(dq) OVER w AS q1, sum(du) OVER w AS u1
        FROM by_day WINDOW w AS (PARTITION BY customer, product ORDER BY day)),
    slot AS (SELECT *, a1 - d AS a0, q1 - dq AS q0, u1 - du AS u0 FROM held),
    total AS (
        SELECT customer, day, sum(d) AS d, sum(d) FILTER (a0 = 0) AS gained, -sum(d) FILTER (a1 = 0) AS lost
        FROM slot GROUP BY customer, day),
    run AS (SELECT *, sum(d) OVER (PARTITION BY customer ORDER BY day) AS after FROM total),
    lived AS (
        SELECT *, after - d AS before,
            max(after) OVER (PARTITION BY customer ORDER BY day ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW) AS most
        FROM run),
    in_one_go AS (
        SELECT day, CASE WHEN after = 0 THEN 'churn' WHEN coalesce(most, 0) = 0 THEN 'new' ELSE 'reactivation' END
            AS kind, d AS amount
        FROM lived WHERE (before = 0) <> (after = 0)),
    going_on AS (SELECT * FROM lived WHERE before > 0 AND after > 0),
    switched AS (
        SELECT day, CASE WHEN rest > 0 THEN 'expansion' ELSE 'contraction' END AS kind, rest AS amount FROM (
            SELECT day, unnest([greatest(coalesce(gained, 0) - coalesce(lost, 0), 0),
                -greatest(coalesce(lost, 0) - coalesce(gained, 0), 0)]) AS rest FROM going_on) WHERE rest <> 0),
    volume AS (
        SELECT slot.day, slot.d,
            CASE WHEN u0 = 0 AND u1 = 0 AND q0 > 0 THEN a0 * (q1 - q0) / q0 ELSE slot.d END AS v
        FROM slot JOIN going_on USING (customer, day) WHERE a0 <> 0 AND a1 <> 0),
    repriced AS (
        SELECT day, CASE WHEN v > 0 THEN 'expansion' ELSE 'contraction' END AS kind, v AS amount FROM volume
        UNION ALL
        SELECT day, CASE WHEN d > v THEN 'price_up' ELSE 'price_down' END, d - v FROM volume)
    SELECT date_trunc('month', day)::DATE, kind, sum(amount)
    FROM (FROM in_one_go UNION ALL FROM switched UNION ALL FROM repriced) WHERE amount <> 0 GROUP BY ALL
"""
HELD = """
    SELECT coalesce(sum(mrr), 0)::BIGINT, count(DISTINCT customer) FROM line
    WHERE since < $1 AND (until IS NULL OR until >= $1) AND mrr <> 0
"""


def told(folder: Path, rows: str, span: Period) -> dict[date, tuple[dict[str, float], int, int]]:
    """Return each month's movements by kind, what is held at its end and by how many, as SQL tells them."""
    line = duckdb.connect()
    line.execute(f"CREATE TABLE line AS {rows.format(folder=folder)}")
    kinds: dict[date, dict[str, float]] = defaultdict(dict)
    for month, kind, amount in line.execute(KINDS).fetchall():
        kinds[month][kind] = float(amount)
    found = {}
    for month in months_of(span):
        held, customers = line.execute(HELD, [month.until]).fetchall()[0]
        found[month.since] = kinds[month.since], held, customers
    return found


def exact(month: Period) -> dict[str, Fraction]:
    """Return the exact sums of a month's movements by kind, transfers aside: they sum to nothing."""
    sums: dict[str, Fraction] = defaultdict(Fraction)
    rows = Movement.objects.filter(on__gte=month.since, on__lt=month.until)
    for kind, numerator, denominator in rows.values_list("kind", "numerator", "denominator"):
        sums[kind] += Fraction(numerator, denominator)
    assert sums.pop(MovementKind.TRANSFER.value, 0) == 0
    return {kind: amount for kind, amount in sums.items() if amount}


@pytest.mark.parametrize(
    ("name", "rows", "span", "kinds"),
    [
        ("mrr_playbook", PLAYBOOK, Period(date(2017, 9, 1), date(2020, 3, 1)), 5),
        ("ravenstack", RAVENSTACK, Period(date(2023, 1, 1), date(2025, 1, 1)), 5),
        ("crm6", CRM6, Period(date(2022, 1, 1), date(2024, 3, 1)), 6),
    ],
)
def test_the_months_of_a_published_set_are_those_of_a_recount_in_sql(
    sample_data: Path, home: Path, organisation: None, now: datetime, name: str, rows: str, span: Period, kinds: int
) -> None:
    Organisation.objects.update(policy_switches={"grace_days": 0})  # the recount knows no late paper
    files = [path for path in (sample_data / name).iterdir() if path.is_file() and "event" not in path.name]
    bring_in(files, f"{name}.yaml", at=now)
    actions.rebuild_movements(on=span.until)
    wanted = told(sample_data, rows, span)
    ours: list[MovementRow] = ledger.movement_rows(span, Q(), Exchange.of_house(), as_of=span.until)
    assert [row.period.since for row in ours] == list(wanted)
    seen = set()
    for row in ours:
        by_kind, held, customers = wanted[row.period.since]
        found = exact(row.period)
        assert found == {kind: pytest.approx(amount, abs=1e-4) for kind, amount in by_kind.items()}
        printed = {kind.value: amount for kind, amount in row.movements.items() if amount}
        assert printed == {
            kind: pytest.approx(float(amount), abs=1) for kind, amount in found.items() if printed.get(kind)
        }
        assert row.opening + sum(row.movements.values()) == row.closing == held
        assert row.customers == customers
        seen |= found.keys()
    assert len(seen) == kinds
