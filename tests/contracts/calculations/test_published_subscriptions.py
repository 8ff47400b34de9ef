"""Two published sets of subscriptions against a recount in SQL over their files, which shares no code with ours.

RavenStack: amounts are MRR, `end_date` is the first day without service, trials are of kind `trial` (every one of the
778 has an amount of 0, so leaving them out changes nothing), and 13 lines end on the day they start and never count.
Its annual subscriptions carry their MRR too, so `billing_frequency` plays no part. MRR Playbook: whole months.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest
from tests.contracts.calculations.lines import DEFAULT

from perennial.contracts.calculations.balances import balances_on
from perennial.contracts.calculations.exchange import DatedRates
from perennial.contracts.calculations.movements import movements
from perennial.contracts.calculations.mrr import stretches
from perennial.contracts.calculations.retention import retention
from perennial.contracts.calculations.waterfall import waterfall
from perennial.contracts.terms import LineKind, LineTerms
from perennial.kernel.periods import Period, day_before, months_of

pytestmark = pytest.mark.sample
USD = DatedRates("USD")

PLAYBOOK = """
    SELECT subscription_id::VARCHAR AS line, customer_id, start_date, end_date,
        monthly_amount * 100 AS mrr, false AS trial
    FROM '{folder}/mrr_playbook/subscription_periods.csv'
"""
RAVENSTACK = """
    SELECT subscription_id AS line, dense_rank() OVER (ORDER BY account_id) AS customer_id, start_date, end_date,
        mrr_amount * 100 AS mrr, is_trial AS trial
    FROM '{folder}/ravenstack/ravenstack_subscriptions.csv'
"""
# What a customer holds after each day on which something changed, and what it held before.
STEPS = """
    WITH change AS (
        SELECT customer_id, start_date AS day, mrr FROM line WHERE end_date IS NULL OR end_date > start_date
        UNION ALL SELECT customer_id, end_date, -mrr FROM line WHERE end_date > start_date),
    by_day AS (SELECT customer_id, day, sum(mrr) AS delta FROM change GROUP BY ALL),
    step AS (SELECT *, sum(delta) OVER (PARTITION BY customer_id ORDER BY day) AS held FROM by_day),
    told AS (SELECT *, held - delta AS held_before,
        max(held) OVER (PARTITION BY customer_id ORDER BY day
            ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW) AS most_before
        FROM step)
"""
KINDS = (
    STEPS
    + """
    SELECT date_trunc('month', day)::DATE AS month, CASE
        WHEN held_before = 0 AND coalesce(most_before, 0) = 0 THEN 'new'
        WHEN held_before = 0 THEN 'reactivation'
        WHEN held = 0 THEN 'churn'
        WHEN delta > 0 THEN 'expansion' ELSE 'contraction' END AS kind, sum(delta)::BIGINT
    FROM told WHERE delta <> 0 GROUP BY ALL
"""
)
HELD = """
    SELECT customer_id, sum(mrr)::BIGINT FROM line
    WHERE start_date <= $1 AND (end_date IS NULL OR end_date > $1) GROUP BY 1 HAVING sum(mrr) > 0
"""


def opened(folder: Path, rows: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE line AS {rows.format(folder=folder)}")
    return connection


def lines_in(connection: duckdb.DuckDBPyConnection) -> list[LineTerms]:
    return [
        LineTerms(
            line_key=key,
            customer_id=customer_id,
            currency="USD",
            amount_minor=mrr,
            amount_months=1,
            starts_on=starts_on,
            ends_on=ends_on,
            kind=LineKind.TRIAL if trial else LineKind.RECURRING,
        )
        for key, customer_id, starts_on, ends_on, mrr, trial in connection.execute("FROM line").fetchall()
    ]


def held_on(connection: duckdb.DuckDBPyConnection, day: date) -> dict[int, Fraction]:
    return {customer: Fraction(mrr) for customer, mrr in connection.execute(HELD, [day]).fetchall()}


def recounted(connection: duckdb.DuckDBPyConnection, months: Iterable[Period]) -> None:
    """Check every month's opening, kinds, closing and customers against SQL."""
    months = list(months)
    by_month: dict[date, dict[str, int]] = defaultdict(dict)
    for month, kind, amount in connection.execute(KINDS).fetchall():
        by_month[month][kind] = amount
    found = stretches(lines_in(connection), DEFAULT)
    rows = waterfall(Fraction(0), movements(found, DEFAULT), months)
    for row in rows:
        closing = held_on(connection, day_before(row.period.until))
        assert row.opening == sum(held_on(connection, day_before(row.period.since)).values())
        assert {kind.value: amount for kind, amount in row.movements.items() if amount} == by_month[row.period.since]
        assert row.opening + sum(row.movements.values()) == row.closing == sum(closing.values())
        ours = balances_on(found, day_before(row.period.until), USD)
        assert {customer: mrr for (customer, _), mrr in ours.items()} == closing


def test_the_mrr_playbook_is_told_month_by_month_as_sql_tells_it(sample_data: Path) -> None:
    connection = opened(sample_data, PLAYBOOK)
    recounted(connection, months_of(Period(date(2017, 9, 1), date(2020, 3, 1))))
    assert held_on(connection, date(2020, 2, 29)) == {}


def test_ravenstack_is_told_month_by_month_as_sql_tells_it(sample_data: Path) -> None:
    connection = opened(sample_data, RAVENSTACK)
    recounted(connection, months_of(Period(date(2023, 1, 1), date(2025, 1, 1))))


def test_ravenstack_trials_cost_nothing(sample_data: Path) -> None:
    connection = opened(sample_data, RAVENSTACK)
    assert connection.execute("SELECT count(*), max(mrr) FROM line WHERE trial").fetchone() == (778, 0)
    [empty] = connection.execute("SELECT count(*) FROM line WHERE end_date = start_date").fetchall()
    assert empty == (13,)


def test_ravenstack_kept_in_2024_what_sql_says(sample_data: Path) -> None:
    connection = opened(sample_data, RAVENSTACK)
    first, last = date(2023, 12, 31), date(2024, 12, 31)
    gross, net, logos, kept_logos = connection.execute(
        f"""WITH s AS ({HELD.replace("$1", "$first")}), e AS ({HELD.replace("$1", "$last")})
        SELECT sum(least(e.mrr, s.mrr)) , sum(e.mrr), count(*), count(e.mrr)
        FROM s AS s(customer_id, mrr) LEFT JOIN e AS e(customer_id, mrr) USING (customer_id)""",
        {"first": first, "last": last},
    ).fetchall()[0]
    found = stretches(lines_in(connection), DEFAULT)
    kept = retention(balances_on(found, first, USD), balances_on(found, last, USD))
    opening = sum(held_on(connection, first).values())
    assert (kept.kept, kept.closing, kept.opening) == (gross, net, opening)
    assert (kept.customers, kept.customers_kept) == (logos, kept_logos)
