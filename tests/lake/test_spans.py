"""One file a day while recent, one a month once old, and never two for one day."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from perennial.lake.spans import RAW, SUMS, Ages, Span, month_of, spans_to_write, week_of
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


def test_weeks_count_from_the_first_of_the_month_and_none_lies_in_two() -> None:
    first = day_number(date(2024, 2, 1))
    assert [week_of(first + day) for day in (0, 6, 7, 27)] == [
        Span(first, first + 7), Span(first, first + 7), Span(first + 7, first + 14), Span(first + 21, first + 28),
    ]  # fmt: skip
    assert week_of(first + 28) == Span(first + 28, first + 29)  # the 29th of a leap year is a week of one day
    assert (week_of(first).label, week_of(first + 28).label) == ("week=2024-02-01", "day=2024-02-29")


def test_sums_are_weeks_three_days_after_and_a_month_five_days_after_it_ended() -> None:
    first = day_number(date(2024, 1, 1))
    assert len({*spans_to_write([], range(first, first + 10), SUMS).values()}) == 10
    assert len({*spans_to_write([], range(first, first + 11), SUMS).values()}) == 1 + 4
    january = spans_to_write([], range(first, first + 36), SUMS)
    assert january[first] == Span(first, first + 7)
    assert spans_to_write([], range(first, first + 37), SUMS)[first] == month_of(first)
    assert spans_to_write({Span(first, first + 7)}, [first + 2], SUMS)[first] == Span(first, first + 7)


writes = st.lists(st.tuples(st.sets(st.integers(19_300, 19_500), max_size=5), st.booleans()), max_size=6)


@given(writes, st.sampled_from([RAW, SUMS]))
def test_after_any_writes_every_day_lies_in_exactly_one_file(drawn: list[tuple[set[int], bool]], ages: Ages) -> None:
    present: set[Span] = set()
    written: set[int] = set()
    for touched, newest_is_erased in drawn:
        spans = spans_to_write(present, touched, ages)
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
