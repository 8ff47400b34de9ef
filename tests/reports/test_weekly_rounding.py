from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from perennial.reports.weekly.rounding import Scale, printed, round_to_cents, scale_of
from perennial.reports.weekly.terms import Figure, Row, RowKind

AMOUNTS = st.lists(st.lists(st.fractions(-(10**6), 10**6, max_denominator=360), max_size=4), min_size=1, max_size=4)


def tree(parts: list[list[Fraction]]) -> Row:
    teams = []
    for team in parts:
        members = [Row(RowKind.MEMBER, exact={Figure.DONE: amount}) for amount in team]
        teams.append(Row(RowKind.TEAM, exact={Figure.DONE: sum(team, Fraction(0))}, below=members))
    return Row(RowKind.ALL, exact={Figure.DONE: sum((sum(t, Fraction(0)) for t in parts), Fraction(0))}, below=teams)


@given(AMOUNTS, st.sampled_from([Scale(100, 2), Scale(100, 0), Scale(1_000_000, 1), Scale(1, 0)]))
def test_printed_rows_always_add_up_and_none_is_off_by_more_than_one_digit(
    parts: list[list[Fraction]], scale: Scale
) -> None:
    top = tree(parts)
    round_to_cents(top)
    shown = printed(top, scale)
    for row in top.walk():
        assert abs(shown[id(row)][Figure.DONE] * scale.step - row.exact[Figure.DONE]) < 2 * scale.step + 1
        if row.below:
            assert sum(below.cents[Figure.DONE] for below in row.below) == row.cents[Figure.DONE]
            assert sum(shown[id(below)][Figure.DONE] for below in row.below) == shown[id(row)][Figure.DONE]


def test_target_less_done_is_the_printed_gap_in_every_row() -> None:
    members = [Row(RowKind.MEMBER, exact={Figure.DONE: Fraction(1_49)}, cents={Figure.TARGET: 10_50}) for _ in range(3)]
    top = Row(RowKind.TEAM, exact={Figure.DONE: Fraction(4_47)}, cents={Figure.TARGET: 31_50}, below=members)
    round_to_cents(top)
    shown = printed(top, Scale(100, 0))
    for row in top.walk():
        figures = shown[id(row)]
        assert figures[Figure.GAP] == figures[Figure.TARGET] - figures[Figure.DONE]
    assert shown[id(top)] == {Figure.DONE: 4, Figure.TARGET: 32, Figure.GAP: 28}
    assert sorted(shown[id(row)][Figure.DONE] for row in members) == [1, 1, 2]


def test_a_teams_own_target_beside_its_members_is_printed_as_it_is() -> None:
    members = [Row(RowKind.MEMBER, cents={Figure.TARGET: 100_00}), Row(RowKind.MEMBER)]
    top = Row(RowKind.TEAM, cents={Figure.TARGET: 250_00}, below=members)
    shown = printed(top, Scale(100, 0))
    assert [shown[id(row)].get(Figure.TARGET) for row in top.walk()] == [250, 100, None]


def test_members_keep_their_figures_where_the_total_is_unknown() -> None:
    top = Row(RowKind.ALL, below=[Row(RowKind.MEMBER, cents={Figure.TARGET: 7})])
    assert printed(top, Scale(1, 0))[id(top.below[0])] == {Figure.TARGET: 7}


def test_sheets_print_cents_while_small_whole_units_when_large_and_ten_thousands_where_read_so() -> None:
    def scale(major: int, *, chinese: bool) -> Scale:
        return scale_of(Row(RowKind.ALL, cents={Figure.DONE: major * 100}), "CNY", in_ten_thousands=chinese)

    assert scale(9_999, chinese=True) == Scale(100, 2)
    assert scale(10_000, chinese=True) == Scale(100, 0)
    assert scale(100_000, chinese=True) == Scale(1_000_000, 1, is_ten_thousands=True)
    assert scale(10_000_000, chinese=True) == Scale(1_000_000, 0, is_ten_thousands=True)
    assert scale(10_000_000, chinese=False) == Scale(100, 0)
    assert scale_of(Row(RowKind.ALL), "JPY", in_ten_thousands=False) == Scale(1, 0)
