"""Timeliness by CSM: sums over CSMs are the whole and the ledger's own, to the cent; scope, queries, file, API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in
from tests.reports.live_sums import computed
from tests.reports.meeting import TODAY, Meeting, gather, money

from perennial.contracts import receivables
from perennial.contracts.calculations.timeliness import Timely
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import Period
from perennial.members.models import Member
from perennial.reports.timeliness import Timeliness, timeliness

Q4 = Period(date(2026, 10, 1), date(2027, 1, 1))


@pytest.fixture
def meeting(organisation: None, member: Callable[..., int]) -> Meeting:
    Organisation.objects.update(as_of_on=TODAY)
    made = gather(member)
    money(made, ("A", "2026-10-10", 1000_01, {"received_on": "2026-10-10"}),
          ("B", "2026-11-01", 500_02, {"received_on": "2026-11-21"}),
          ("C", "2026-12-04", 300_00, {"received_on": "2026-12-14", "received_amount": 100_00}),
          ("D", "2026-12-24", 9_00, {}), ("N", "2026-10-01", 7_00, {}), ("D", "2026-09-30", 5_00, {}),
          ("A", "2026-10-10", -50_00, {}))  # fmt: skip
    return made


def ask(who: int, **more: Any) -> Timeliness:
    return timeliness(Member.objects.get(pk=who), Q4, place=house(), on=TODAY, **more)


def lines(found: Timeliness) -> dict[str, Timely]:
    every = [line for team in found.top.below for line in (team, *team.below)]
    return {line.name or line.mark: line.sum for line in every}


def test_each_csm_team_and_the_whole_add_up_to_the_steps_to_the_cent(meeting: Meeting) -> None:
    found = ask(meeting.admin)
    told = lines(found)
    assert told["Ann"] == Timely(on_time=1000_01, late=500_02, late_days=500_02 * 20)
    assert told["Bob"] == Timely(late=100_00, owed=200_00, late_days=100_00 * 10, owed_days=200_00 * 20)
    assert told["East"] == told["Ann"] + told["Bob"]
    assert told["nobody"] == Timely(owed=7_00, owed_days=7_00 * 84)
    assert "Cid" not in told  # due today: not judged yet
    assert found.top.sum == told["East"] + told["nobody"]
    due = [step for step in receivables.kept(Q()) if step.last_day in Q4 and step.last_day < TODAY and step.amount > 0]
    assert found.top.sum.due == sum(step.amount for step in due)
    assert found.top.sum.owed == sum(step.owed(TODAY) for step in due)


def test_a_member_sees_the_own_book_and_a_leader_the_own_team(meeting: Meeting) -> None:
    assert set(lines(ask(meeting.ann))) <= {"East", "Ann"}
    assert ask(meeting.ann).top.sum == lines(ask(meeting.admin))["Ann"]
    assert ask(meeting.leader).top.sum == lines(ask(meeting.admin))["East"]
    assert ask(meeting.admin, team_id=meeting.east).top.sum == lines(ask(meeting.admin))["East"]


def test_queries_do_not_grow_with_steps(meeting: Meeting) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as counted:
            ask(meeting.admin)
        return len(counted)

    few = asked()
    money(meeting, *(("ABCDN"[n % 5], "2026-10-10", 10 + n, {}) for n in range(60)))
    assert asked() == few <= 12


def test_the_page_opens_to_steps_and_the_file_adds_up(meeting: Meeting) -> None:
    client = signed_in(meeting.admin)
    page = client.get(f"/receivables/timeliness?span=quarter&on=2026-10-01&open=m{meeting.bob}").content.decode()
    assert ">C</a>" in page
    assert ">B</a>" not in page
    answer = client.post("/receivables/timeliness/export?span=quarter&on=2026-10-01", {"format": "xlsx"})
    told = computed(answer.content)
    assert told[-1][5:10] == [Decimal("1807.03"), Decimal("1000.01"), Decimal("600.02"), 207, 0]
    assert signed_in(meeting.ann).get("/receivables/timeliness?span=quarter&on=2026-10-01").status_code == 200
