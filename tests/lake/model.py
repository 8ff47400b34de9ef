"""A lake and a plain list side by side (promise D10): events, repeats, conflicts, late ones, folds, erasures, backups
and restores in any order; what the lake counts is what the list counts.

The list keeps every event that counts as a dictionary and knows nothing of files, days' tables or SQL.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from tests.lake.builders import AT, DAY, METRICS, batch, event, periods
from tests.lake.recount import Row, recounted

from perennial.lake.algebra import parse_metrics
from perennial.lake.store import Lake
from perennial.lake.terms import CONTENT, REPEAT_WINDOW_DAYS, Counts, Subject, Tombstone

DAILY = parse_metrics(
    [
        {
            "key": "active_users_1d",
            "measures": {"users": {"aggregate": "distinct", "of": "user", "where": "event = 'use'", "window": 1}},
        }
    ]
)
WANTED = (*METRICS, *DAILY)
CUSTOMERS, USERS = (1, 2, 3), (11, 12, 13, 14)
SEATS = 10
SMALL_FILES = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # no fsync is proven here: D1, D2 and D8 are


@dataclass
class Book:
    """The plain count: what arrived and waits, what counts, what conflicts, what was erased, who counts nowhere."""

    waiting: list[Row] = field(default_factory=list)
    kept: list[Row] = field(default_factory=list)
    conflicts: list[Row] = field(default_factory=list)
    gone: set[tuple[str, int]] = field(default_factory=set)
    accepted: int = 0
    duplicates: int = 0
    erased: int = 0
    left_out: tuple[int, ...] = ()

    def fold(self) -> None:
        """Take out who was erased, then judge what waits in the order of its receipt."""
        for rows in (self.kept, self.conflicts, self.waiting):
            for row in [row for row in rows if self._is_gone(row)]:
                rows.remove(row)
                self.erased += 1
        for row in self.waiting:
            self._judge(row)
        self.waiting = []

    def _is_gone(self, row: Row) -> bool:
        return ("customer", row["customer"]) in self.gone or ("user", row["user"]) in self.gone

    def _judge(self, row: Row) -> None:
        same_id = [one for one in self.kept if one["event_id"] == row["event_id"]]
        near = [one for one in same_id if abs(one["day"] - row["day"]) <= REPEAT_WINDOW_DAYS]
        if not near:
            self.kept.append(row)
        elif any(_content(one) == _content(row) for one in [*near[:1], *self.conflicts]):
            self.duplicates += 1
        else:
            self.conflicts.append(row)

    @property
    def counted(self) -> list[Row]:
        """Return the events that the figures count."""
        return [row for row in self.kept if row["user"] not in self.left_out]

    @property
    def counts(self) -> Counts:
        return Counts(self.accepted, len(self.kept), self.duplicates, len(self.conflicts), self.erased)


def _content(row: Row) -> tuple[Any, ...]:
    return (row["event_id"], *(row[name] for name in CONTENT))


class Usage(RuleBasedStateMachine):
    """The steps; `compare` says that both sides agree."""

    compared = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="model-", dir=SMALL_FILES))
        self.lake = self.opened(self.folder / "0")
        self.book = Book()
        self.sent: list[Row] = []
        self.backup: tuple[Path, Book] | None = None
        self.turn = 0

    def opened(self, root: Path) -> Lake:
        """Return the lake of a folder; a planted fault stands in its place."""
        return Lake(root, threads=1)

    def teardown(self) -> None:
        self.fold()
        self.compare()
        shutil.rmtree(self.folder)

    def _accept(self, *rows: Row) -> None:
        self.turn += 1
        received = AT + timedelta(seconds=self.turn)
        rows = tuple({**row, "received_at": received + timedelta(microseconds=place)} for place, row in enumerate(rows))
        self.lake.accept(batch(*rows), writer="w1")
        self.book.waiting += rows
        self.book.accepted += len(rows)
        self.sent += rows

    @rule(
        customer=st.sampled_from(CUSTOMERS),
        user=st.sampled_from((None, *USERS)),
        name=st.sampled_from(("use", "use", "login", "error")),
        feature=st.sampled_from((None, "a", "b")),
        day=st.integers(0, 70),
        n=st.integers(0, 3),
    )
    def ingest(self, customer: int, user: int | None, name: str, feature: str | None, day: int, n: int) -> None:
        """A new event, of any day: a late one is one of a day that was folded before."""
        self._accept(event(f"new {len(self.sent)}", customer=customer, user=user, event=name, feature=feature,
                           day=DAY + day, n=n))  # fmt: skip

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        """Some events as they came, once more, twice in one batch."""
        some = data.draw(st.lists(st.sampled_from(range(len(self.sent))), min_size=1, max_size=3))
        again = [self.sent[place] for place in some]
        self._accept(*again, again[0])

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), later=st.integers(0, 40), n=st.integers(1, 3), customer=st.sampled_from(CUSTOMERS))
    def use_an_id_again(self, data: st.DataObject, later: int, n: int, customer: int) -> None:
        """Another content under an id that was used, on the same day or up to forty days later."""
        first = self.sent[data.draw(st.sampled_from(range(len(self.sent))))]
        day = first["day"] + later
        other = event("", customer=customer, user=first["user"], event=first["event"], day=day, n=n)
        self._accept({**other, "event_id": first["event_id"]})

    @rule()
    def fold(self) -> None:
        self.lake.compact(WANTED, at=AT, left_out=self.book.left_out)
        self.book.fold()

    @rule(who=st.one_of(st.sampled_from([("customer", number) for number in CUSTOMERS[1:]]),
                        st.sampled_from([("user", number) for number in USERS])))  # fmt: skip
    def erase(self, who: tuple[str, int]) -> None:
        self.lake.erase([Tombstone(Subject(who[0]), who[1])])
        self.book.gone.add(who)

    @rule(users=st.sets(st.sampled_from(USERS[:2])))
    def leave_out(self, users: set[int]) -> None:
        """Own staff, bots and tests: their events are kept and count nowhere, from the next fold on."""
        self.book.left_out = tuple(sorted(users))
        self.fold()

    @rule()
    def back_up(self) -> None:
        self.turn += 1
        into = self.folder / f"backup{self.turn}"
        into.mkdir()
        with self.lake.held(into):
            self.backup = (into, copy.deepcopy(self.book))

    @precondition(lambda self: self.backup is not None)
    @rule()
    def restore(self) -> None:
        """Go back to the backup; who was erased since is erased again, as every start does it."""
        assert self.backup is not None
        into, book = self.backup
        self.turn += 1
        root = self.folder / f"restored{self.turn}"
        shutil.copytree(into, root)
        gone = self.book.gone
        self.lake, self.book = self.opened(root), copy.deepcopy(book)
        self.lake.erase([Tombstone(Subject(subject), number) for subject, number in gone])
        self.book.gone |= gone

    @precondition(lambda self: not self.book.waiting)
    @rule(day=st.integers(0, 110))
    def compare(self, day: int = 35) -> None:
        """Totals, events of each customer, counts of days and features, daily users, and the metrics of a day."""
        self.fold()
        type(self).compared += 1
        assert self.lake.totals() == self.book.counts
        assert self.lake.rejected().num_rows == len(self.book.conflicts)
        for customer in CUSTOMERS:
            mine = [row for row in self.book.kept if row["customer"] == customer]
            found = self.lake.events(customer, from_day=0, until_day=DAY + 200, limit=1000)
            assert sorted((e.day, e.event, e.n, e.user or 0) for e in found) == sorted(
                (row["day"], row["event"], row["n"], row["user"] or 0) for row in mine
            )
            assert self._counts(customer) == _counted(self.book.counted, customer)
        self._compare_metrics(DAY + day)

    def _counts(self, customer: int) -> dict[tuple[int, str, str], int]:
        found = self.lake.event_counts(customer, from_day=0, until_day=DAY + 200)
        return {(each.day, each.event, each.feature or ""): each.n for each in found if each.n}

    def _compare_metrics(self, day: int) -> None:
        rows = self.lake.metrics_asof(WANTED, periods(*CUSTOMERS, seats=SEATS), day).to_pylist()
        for customer, row in zip(CUSTOMERS, rows, strict=True):
            expected = recounted(self.book.counted, customer, day, seats=SEATS)
            expected["active_users_1d"] = _daily_users(self.book.counted, customer, day)
            assert row.keys() == expected.keys()
            for key, value in expected.items():
                assert row[key] is value is None or (
                    None not in (row[key], value) and abs(row[key] - value) <= 1e-9 * abs(value)
                ), (customer, day - DAY, key, row[key], value)


def _counted(rows: list[Row], customer: int) -> dict[tuple[int, str, str], int]:
    counts: dict[tuple[int, str, str], int] = {}
    for row in rows:
        if row["customer"] == customer and row["n"]:
            key = (row["day"], row["event"], row["feature"] or "")
            counts[key] = counts.get(key, 0) + row["n"]
    return counts


def _daily_users(rows: list[Row], customer: int, day: int) -> int | None:
    mine = [row for row in rows if row["customer"] == customer and row["day"] <= day and row["n"] > 0]
    if not any(row["user"] is not None for row in mine):
        return None
    return len({row["user"] for row in mine if row["day"] == day and row["event"] == "use"} - {None})


def run(machine: type[Usage], *, sequences: int, steps: int, is_shrunk: bool = True) -> None:
    """Walk through that many sequences of up to that many steps.

    :raises AssertionError: both sides differ; Hypothesis prints the shortest sequence that it found.
    """
    phases = list(Phase) if is_shrunk else [Phase.generate]
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=sequences, stateful_step_count=steps, deadline=None, database=None,
                          phases=phases, suppress_health_check=list(HealthCheck), print_blob=False),
    )  # fmt: skip


class Forgetful(Lake):
    """A planted fault: it loses one event in three, and says nothing. Each lake counts its own, so that the same steps
    lose the same events again."""

    taken = 0

    def accept(self, batch: Any, *, writer: str) -> None:
        self.taken += 1
        if self.taken % 3:
            super().accept(batch, writer=writer)


class ForgetfulUsage(Usage):
    """The steps on a lake with that fault."""

    def opened(self, root: Path) -> Lake:
        return Forgetful(root, threads=1)
