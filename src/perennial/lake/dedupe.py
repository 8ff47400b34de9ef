"""Which accepted events count: one per id within the window, the first accepted; others repeat it or conflict."""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

from perennial.lake.engines.terms import Session, answers
from perennial.lake.terms import CONTENT, EVENT_SCHEMA, REPEAT_WINDOW_DAYS, Counts

_COLUMNS = ", ".join(f'"{name}"' for name in EVENT_SCHEMA.names)
_UNDECIDED = ", ".join(f'u."{name}"' for name in (*EVENT_SCHEMA.names, "stored"))
_CONTENT = ", ".join(f'"{name}"' for name in CONTENT)
# A message's time is not its sender's word alone: one without a time has that of its receipt, and a clock is corrected
# in whole minutes. Sent again it is the same message, so that its time need not be the same; an imported row's must.
_SAME_TIME = (
    "u.ts = f.ts OR (u.import_id IS NULL AND f.import_id IS NULL AND "
    "(ABS(epoch_us(u.ts) - epoch_us(f.ts)) <= 60000000 OR (u.ts = u.received_at AND f.ts = f.received_at)))"
)
_SAME = " AND ".join(
    f"({_SAME_TIME})" if name == "ts" else f'u."{name}" IS NOT DISTINCT FROM f."{name}"' for name in CONTENT
)
# A message's id is free again after the window; an imported row's id is its source's own key and is never free again.
_IN_WINDOW = f"ABS(u.day - f.day) <= {REPEAT_WINDOW_DAYS} OR (u.import_id IS NOT NULL AND f.import_id IS NOT NULL)"
# The rest only makes the choice the same on every run and in every engine.
_ACCEPTED_FIRST = f"received_at, NOT stored, day, {_CONTENT}, source, import_id"


IDS_AT_ONCE = 10_000_000
"""Arrived ids that are compared in one go."""


def judge(session: Session) -> None:
    """Judge the events of the view `incoming` against the views `stored` and `rejected`.

    Leaves behind: `judged`, every incoming event and every stored one that shares an id with one: the event's columns,
    `stored` (it was in the tables before) and `verdict` (stored, duplicate, conflict); and `shared`, (event_id, day) of
    all that share an id: those rows of the tables are to be replaced. Most events share theirs with nobody: they are
    judged by a view, and never copied.
    """
    session.view("arrived", f"SELECT {_COLUMNS} FROM incoming")
    ((count,),) = answers(session, "SELECT COUNT(*) FROM arrived")
    shares = count // IDS_AT_ONCE + 1
    for share in range(shares):
        _find_shared(session, share, _of_share(share, shares))
    session.view("known", _all_of("known", shares))
    session.view("shared_id", _all_of("shared_id", shares))
    ((some_shared,),) = answers(session, "SELECT COUNT(*) > 0 FROM shared_id")
    session.keep(
        "undecided",
        f"WITH candidate AS (SELECT {_COLUMNS}, FALSE AS stored FROM arrived "
        "WHERE event_id IN (SELECT event_id FROM shared_id) "
        f"UNION ALL SELECT {_COLUMNS}, TRUE AS stored FROM known) SELECT {_COLUMNS}, stored, "
        f"ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY {_ACCEPTED_FIRST}) AS turn FROM candidate",
    )
    session.keep("shared", "SELECT DISTINCT event_id, day FROM undecided")
    session.keep("settled_0", f"SELECT {_UNDECIDED}, 'stored' AS verdict FROM undecided AS u LIMIT 0")
    rounds = 0
    while answers(session, "SELECT COUNT(*) FROM undecided") != [(0,)]:
        rounds += 1
        _one_round(session, rounds)
    session.view("settled", _all_of("settled", rounds + 1))
    _repeated_conflicts(session)
    alone = "NOT EXISTS (SELECT 1 FROM shared_id AS s WHERE s.event_id = a.event_id)" if some_shared else "TRUE"
    session.view(
        "judged",
        f"SELECT {_COLUMNS}, stored, verdict FROM contested UNION ALL "
        f"SELECT {_COLUMNS}, FALSE AS stored, 'stored' AS verdict FROM arrived AS a WHERE {alone}",
    )


def _all_of(name: str, count: int) -> str:
    return " UNION ALL ".join(f"SELECT * FROM {name}_{number}" for number in range(count))


def _of_share(share: int, shares: int) -> str:
    """Return the predicate of a share of all ids. They are digests: their first bytes fall evenly."""
    first, until = (f"unhex('{65536 * edge // shares:04X}')" for edge in (share, share + 1))
    return f"event_id >= {first}" + (f" AND event_id < {until}" if share + 1 < shares else "")


def _find_shared(session: Session, number: int, share: str) -> None:
    """Keep, of a share of all ids (a predicate), the stored rows that arrivals meet (`known_…`) and the ids of several
    rows (`shared_id_…`): a hundred million ids at once would need gigabytes, and one id is never in two shares."""
    session.keep("arrived_id", f"SELECT event_id FROM arrived WHERE {share}")
    session.keep(
        f"known_{number}",
        f"SELECT {_COLUMNS} FROM stored WHERE {_days_with_known_ids(session, share)} AND {share} "
        "AND event_id IN (SELECT event_id FROM arrived_id)",
    )
    session.keep(
        f"shared_id_{number}",
        "SELECT event_id FROM (SELECT event_id FROM arrived_id UNION ALL "
        f"SELECT event_id FROM known_{number}) AS both_sides GROUP BY event_id HAVING COUNT(*) > 1",
    )
    session.forget("arrived_id")


def _days_with_known_ids(session: Session, share: str) -> str:
    """Look up the arrived ids in that column alone: most ids are new, and most of a file is then never read."""
    ((first, last),) = answers(
        session,
        f"SELECT MIN(day), MAX(day) FROM stored WHERE {share} AND event_id IN (SELECT event_id FROM arrived_id)",
    )
    return "FALSE" if first is None else f"day BETWEEN {first} AND {last}"


def counts_by_import(session: Session) -> dict[int | None, Counts]:
    """Return what became of the arrived events, by import; None are those of no import.

    A stored event that had to give way to one accepted earlier counts against its own import.
    """
    rows = answers(
        session,
        "SELECT import_id, COUNT(*) FILTER (WHERE NOT stored), "
        "COUNT(*) FILTER (WHERE verdict = 'stored') - COUNT(*) FILTER (WHERE stored), "
        "COUNT(*) FILTER (WHERE verdict = 'duplicate'), COUNT(*) FILTER (WHERE verdict = 'conflict') "
        "FROM judged GROUP BY import_id",
    )
    return {import_id: Counts(*counts) for import_id, *counts in rows}


def _one_round(session: Session, number: int) -> None:
    """The first of each id is stored and settles all within the window around it; the rest waits for another round."""
    session.keep(
        "first_one",
        "SELECT * FROM undecided QUALIFY ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY turn) = 1",
    )
    settled = f"f.event_id = u.event_id AND ({_IN_WINDOW})"
    session.keep(
        f"settled_{number}",
        f"SELECT {_UNDECIDED}, "
        f"CASE WHEN u.turn = f.turn THEN 'stored' WHEN {_SAME} THEN 'duplicate' ELSE 'conflict' END AS verdict "
        f"FROM undecided AS u JOIN first_one AS f ON {settled}",
    )
    session.keep(
        "undecided",
        f"SELECT u.* FROM undecided AS u WHERE NOT EXISTS (SELECT 1 FROM first_one AS f WHERE {settled})",
    )


def _repeated_conflicts(session: Session) -> None:
    """The same conflict sent again is a duplicate of it: a file imported twice changes nothing."""
    like = ("event_id", *CONTENT)
    columns = ", ".join(f'"{name}"' for name in like)
    known = " AND ".join(f'r."{name}" IS NOT DISTINCT FROM u."{name}"' for name in like)
    session.keep(
        "contested",
        f"SELECT {_UNDECIDED}, CASE WHEN u.verdict = 'conflict' AND (u.again > 1 OR r.event_id IS NOT NULL) "
        "THEN 'duplicate' ELSE u.verdict END AS verdict "
        "FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY event_id, verdict, "
        f"{_CONTENT} ORDER BY {_ACCEPTED_FIRST}) AS again FROM settled) AS u "
        f"LEFT JOIN (SELECT DISTINCT {columns} FROM rejected WHERE event_id IN (SELECT event_id FROM shared)) AS r "
        f"ON {known}",
    )
