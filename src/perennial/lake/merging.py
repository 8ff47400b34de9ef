"""Merged customers and users counted as one, where facts are read: the facts themselves stay as they were learned."""
# ruff: noqa: S608 (names and numbers only)

from collections.abc import Iterable

import pyarrow as pa

from perennial.lake.engines.terms import Session
from perennial.lake.facts import FACT_TABLES, columns_of
from perennial.lake.terms import Merged


def use_merged(session: Session, merged: Merged) -> None:
    """Make the tables known that `merged_sql` joins: `member` (number, counts_for), with those that others count for,
    and `same_user` (customer, "user", counts_as)."""
    everybody = {**merged.customers, **{customer: customer for customer in merged.customers.values()}}
    members = {"number": pa.array(everybody, pa.int64()), "counts_for": pa.array(everybody.values(), pa.int64())}
    users = {
        "customer": pa.array([customer for customer, _user in merged.users], pa.int64()),
        "user": pa.array([user for _customer, user in merged.users], pa.int64()),
        "counts_as": pa.array(merged.users.values(), pa.int64()),
    }
    session.register("member", pa.table(members))
    session.register("same_user", pa.table(users))


def merged_sql(facts: str, table: str, columns: Iterable[str], merged: Merged) -> str:
    """Return SELECT of a fact table in which whoever counts for another was added to him; `facts` where nobody does.

    The grain stays: one row for a customer and day, whichever numbers its facts carry, and a user once.
    """
    if not merged.customers:
        return facts
    grain = [f'"{name}"' for name in FACT_TABLES[table]]
    sums, has_users = columns_of(table, columns), "user" in FACT_TABLES[table]
    customer = {'"customer"': "m.counts_for"}
    if has_users:
        customer['"user"'] = 'COALESCE(s.counts_as, f."user")'
    told = ", ".join(f"{customer.get(name, f'f.{name}')} AS {name}" for name in grain)
    added = ", ".join(
        f"CAST(SUM(f.{name}) AS BIGINT) AS {name}" if name[0] != "v" else f"SUM(f.{name}) AS {name}" for name in sums
    )
    same = ' LEFT JOIN same_user AS s ON s.customer = m.counts_for AND s."user" = f."user"'
    return (
        f"SELECT {', '.join([*grain, *sums])} FROM ({facts}) WHERE customer NOT IN (SELECT number FROM member) "
        f"UNION ALL SELECT {told}, {added} FROM ({facts}) AS f JOIN member AS m ON m.number = f.customer"
        f"{same if has_users else ''} GROUP BY {', '.join(map(str, range(1, len(grain) + 1)))}"
    )
