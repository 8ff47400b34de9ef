"""One file a day while recent, one a month once old, and never two for one day."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from perennial.lake.spans import Span, month_of, spans_to_write
from perennial.lake.terms import day_number


def test_a_month_knows_its_ends_and_its_name() -> None:
    december = month_of(day_number(date(2024, 12, 31)))
    assert december == Span(day_number(date(2024, 12, 1)), day_number(date(2025, 1, 1)))
    assert december.label == "month=2024-12"
    assert Span(19_358, 19_359).label == "day=2023-01-01"


def test_a_month_is_old_when_it_ended_thirty_five_days_before_the_last_day() -> None:
    january, ended = day_number(date(2023, 1, 5)), day_number(date(2023, 2, 1))
    assert spans_to_write([], [january, ended + 34])[january] == Span(january, january + 1)
    assert spans_to_write([], [january, ended + 35])[january] == month_of(january)


writes = st.lists(st.tuples(st.sets(st.integers(19_300, 19_500), max_size=5), st.booleans()), max_size=6)


@given(writes)
def test_after_any_writes_every_day_lies_in_exactly_one_file(drawn: list[tuple[set[int], bool]]) -> None:
    present: set[Span] = set()
    written: set[int] = set()
    for touched, newest_is_erased in drawn:
        spans = spans_to_write(present, touched)
        assert touched <= spans.keys()
        replaced = {span for span in present if span.from_day in spans}
        assert all(set(range(span.from_day, span.until_day)) <= spans.keys() for span in replaced)
        present = (present - replaced) | set(spans.values())
        written |= touched
        days = [day for span in present for day in range(span.from_day, span.until_day)]
        assert len(days) == len(set(days))
        assert written <= set(days)
        if newest_is_erased and present:
            newest = max(present)
            present.remove(newest)
            written -= set(range(newest.from_day, newest.until_day))
