"""What becomes of a line at its end, as its paper says."""

from __future__ import annotations

from datetime import date

import pytest

from perennial.contracts.calculations.at_end import at_end
from perennial.contracts.terms import AtEnd

ENDS, NOTICE = date(2027, 1, 1), date(2026, 11, 30)


@pytest.mark.parametrize(
    ("says", "ends_on", "notice_on", "is_given_up", "on", "becomes"),
    [
        (True, ENDS, NOTICE, False, date(2026, 11, 30), AtEnd.UNLESS_NOTICE),  # the last day of notice is one of notice
        (True, ENDS, NOTICE, False, date(2026, 12, 1), AtEnd.GOES_ON),
        (True, ENDS, NOTICE, False, date(2026, 12, 31), AtEnd.GOES_ON),
        (True, ENDS, NOTICE, False, date(2027, 1, 1), None),  # past its end: the grace tells
        (True, ENDS, None, False, date(2026, 12, 31), AtEnd.UNLESS_NOTICE),
        (True, ENDS, NOTICE, True, date(2026, 12, 1), None),
        (True, None, NOTICE, False, date(2026, 12, 1), None),
        (False, ENDS, NOTICE, False, date(2026, 12, 1), AtEnd.ENDS),
        (False, ENDS, None, True, date(2026, 12, 1), None),
        (None, ENDS, NOTICE, False, date(2026, 12, 1), None),  # nobody said so: nothing is claimed
    ],
)
def test_a_line_goes_on_by_itself_where_its_paper_says_so_and_nobody_gave_notice(
    says: bool | None, ends_on: date | None, notice_on: date | None, is_given_up: bool, on: date, becomes: AtEnd | None
) -> None:
    assert at_end(says, ends_on=ends_on, notice_on=notice_on, is_given_up=is_given_up, on=on) is becomes
