from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.reports.meeting import (
    NOW,
    Q4,
    TODAY,
    Meeting,
    aim,
    gather,
    money,
    names,
    paid_by,
    read,
    row,
    terms,
)
from tests.reports.test_hidden_owners import hide

from perennial.customers import merging
from perennial.kernel.periods import Period, add_months
from perennial.reports.weekly.rounding import printed, scale_of
from perennial.reports.weekly.terms import SHOWN, Figure, Node, RowKind, Sheet
from perennial.team.terms import TargetKind

RENEWALS, COLLECTIONS, EXPANSION = TargetKind.RENEWALS, TargetKind.COLLECTIONS, TargetKind.EXPANSION
YEAR_2025 = Period(date(2025, 1, 1), date(2026, 1, 1))


def figures(sheet: Sheet, name: str) -> dict[str, int]:
    """Return a row's figures as shown, in cents."""
    hidden = {Figure.TO_DATE, Figure.KEPT}
    return {figure.value: amount for figure, amount in row(sheet, name).cents.items() if figure not in hidden}


@pytest.fixture
def meeting(member: Callable[..., int]) -> Meeting:
    return gather(member)


def test_who_may_not_see_whose_a_customer_is_sees_customers_alone(
    meeting: Meeting, member: Callable[..., int], now: datetime
) -> None:
    terms(meeting, ("a1", "A", "2025-11-01", "2026-11-01", 1_000_00), ("c1", "C", "2025-12-31", "2026-12-31", 300_00))
    analyst = member("analyst")
    assert "Ann" in names(read(analyst, RENEWALS))
    hide(member, now)
    sheet = read(analyst, RENEWALS)
    assert names(sheet) == ["all"]
    assert [one.name for one in sheet.top.below] == ["A", "C"]
    assert sheet.top.cents[Figure.DUE] == sum(one.cents[Figure.DUE] for one in sheet.top.below) > 0


def test_renewals_count_by_due_day_and_say_what_is_open_and_lost(meeting: Meeting) -> None:
    terms(
        meeting,
        ("a1", "A", "2025-11-01", "2026-11-01", 1_000_00),  # renewed higher
        ("a2", "A", "2026-11-01", "2027-11-01", 1_200_00),
        ("b1", "B", "2025-10-15", "2026-10-15", 500_00),  # over a month ago and nothing follows: lost
        ("c1", "C", "2025-12-31", "2026-12-31", 300_00),  # still to come
        ("d1", "D", "2026-01-01", "2027-01-01", 700_00),  # the first day after the quarter: not due in it
    )
    aim(RENEWALS, 20_000_00, member=meeting.ann)
    sheet = read(meeting.admin, RENEWALS)
    assert figures(sheet, "Ann") == {
        "target": 20_000_00, "due": 18_000_00, "renewed": 12_000_00, "lost": 6_000_00, "open": 0,
        "uplift": 2_400_00, "done": 14_400_00, "gap": 5_600_00,
    }  # fmt: skip
    nothing = {"due": 0, "renewed": 0, "lost": 0, "open": 0, "uplift": 0, "done": 0}
    assert figures(sheet, "Bob") == nothing | {"due": 3_600_00, "open": 3_600_00}
    assert figures(sheet, "Cid") == nothing
    assert row(sheet, "Ann").renewal_rate == (Fraction(2, 3), Fraction(2, 3))  # no more than was due
    assert row(sheet, "Bob").renewal_rate == (0, 1)
    assert row(sheet, "Cid").renewal_rate is None


def test_money_received_counts_for_the_one_that_uses_not_the_one_that_pays(meeting: Meeting) -> None:
    contract = paid_by(meeting, "C", "D")
    money(meeting, ("C", "2026-11-01", 900_00, {"received_on": "2026-11-20", "contract_id": contract}))
    sheet = read(meeting.admin, COLLECTIONS)
    assert figures(sheet, "Bob")["done"] == 900_00
    assert figures(sheet, "Cid")["done"] == 0
    assert row(sheet, "C").payers == ("D",)


def test_collections_say_what_waits_where_and_what_is_invoiced(meeting: Meeting) -> None:
    money(
        meeting,
        ("A", "2026-10-10", 1_000_00, {"received_on": "2026-10-05"}),
        ("A", "2026-09-10", 200_00, {"received_on": "2026-10-01", "received_amount": 150_00}),  # late and in part
        ("A", "2026-11-10", -100_00, {"received_on": "2026-11-10"}),  # a red invoice
        ("A", "2026-12-01", 400_00, {"node": "legal", "node_since_on": "2026-12-12"}),
        ("B", "2026-12-05", 300_00, {"node": "legal", "node_since_on": "2026-12-20"}),
        ("B", "2026-12-09", 250_00, {"node": "seal"}),
        ("B", "2026-12-30", 70_00, {"invoiced_on": "2026-12-01", "node": "payment"}),
        ("B", "2027-02-01", 999_00, {"invoiced_on": "2026-12-01"}),  # due after the quarter
        ("B", "2026-12-30", 55_00, {}),  # planned only
    )
    aim(COLLECTIONS, 2_000_00, member=meeting.ann)
    sheet = read(meeting.admin, COLLECTIONS)
    assert figures(sheet, "Ann") == {
        "target": 2_000_00, "done": 1_050_00, "waiting": 950_00, "owed": 70_00, "gap": 950_00,
    }  # fmt: skip
    assert row(sheet, "Ann").nodes == (Node("legal", 2, 12), Node("seal", 1, None))
    assert row(sheet, "Ann").share_done == Fraction(1_050, 2_000)


def test_expansion_is_growth_and_price_rises_a_year_but_no_ramp(meeting: Meeting) -> None:
    terms(
        meeting,
        ("a1", "A", "2026-01-01", None, 1_000_00),
        ("a2", "A", "2026-10-01", None, 100_00),  # more, on the first day
        ("b1", "B", "2026-01-01", "2026-11-01", 400_00),
        ("b2", "B", "2026-11-01", None, 350_00),  # less: no loss of expansion
        ("c1", "C", "2026-12-01", None, 800_00),  # new business
        ("d1", "D", "2026-01-01", None, 500_00),
        ("d2", "D", "2026-12-30", None, 500_00),  # after the as-of day
    )
    sheet = read(meeting.admin, EXPANSION)
    assert [figures(sheet, name)["done"] for name in ("Ann", "Bob", "Cid")] == [1_200_00, 0, 0]


def test_a_ramp_agreed_at_signing_is_nobodys_expansion(meeting: Meeting) -> None:
    terms(meeting, ("a1", "A", "2026-01-01", "2026-11-01", 100_00), ramp_step=1)
    before = read(meeting.admin, EXPANSION)
    assert figures(before, "Ann")["done"] == 0
    terms(meeting, ("a2", "A", "2026-11-01", "2027-11-01", 150_00), ramp_step=2)
    assert figures(read(meeting.admin, EXPANSION), "Ann")["done"] == 0


def test_on_a_basis_with_tax_what_was_signed_incl_tax_is_shown_to_the_cent(member: Callable[..., int]) -> None:
    meeting = gather(member, includes_tax=True)
    tax = {"amount_includes_tax": True, "tax_rate": "0.06", "amount_months": 12}
    terms(meeting, ("a1", "A", "2025-11-01", "2026-11-01", 1_000_000_00), **tax)
    terms(meeting, ("a2", "A", "2026-11-01", "2027-11-01", 1_100_000_00), **tax)
    terms(meeting, ("b1", "B", "2025-11-02", "2026-11-02", 1_000_00))  # 12,000 a year, no rate known
    sheet = read(meeting.admin, RENEWALS)
    assert sheet.includes_tax is True
    assert row(sheet, "A").cents[Figure.DUE] == 1_000_000_00
    assert row(sheet, "A").cents[Figure.DONE] == 1_100_000_00
    assert (row(sheet, "B").cents[Figure.DUE], sheet.without_rate) == (12_000_00, 1)
    growth = read(meeting.admin, EXPANSION)
    assert row(growth, "A").cents[Figure.DONE] == 100_000_00


def test_on_a_basis_without_tax_the_tax_is_left_out(meeting: Meeting) -> None:
    tax = {"amount_includes_tax": True, "tax_rate": "0.06", "amount_months": 12}
    terms(meeting, ("a1", "A", "2025-11-01", "2026-11-01", 1_000_000_00), **tax)
    assert row(read(meeting.admin, RENEWALS), "A").cents[Figure.DUE] == 943_396_23


def test_rows_rounded_to_the_cent_still_add_up(meeting: Meeting) -> None:
    tax = {"amount_includes_tax": True, "tax_rate": "0.06", "amount_months": 12}
    for name in "ABCDN":
        terms(meeting, (f"{name}1", name, "2025-11-01", "2026-11-01", 100_09), **tax)
    sheet = read(meeting.admin, RENEWALS)
    assert sheet.top.exact[Figure.DUE] == Fraction(5 * 100_09 * 100, 106)
    for one in sheet.top.walk():
        if one.below:
            assert sum(below.cents[Figure.DUE] for below in one.below) == one.cents[Figure.DUE]
    assert sheet.top.cents[Figure.DUE] == 472_12  # five times 94.4245…, which alone rounds to 94.42: 472.10
    assert sheet.top.renewal_rate == (0, 0)


@pytest.mark.parametrize("includes_tax", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_every_row_and_every_column_adds_up_whatever_was_renewed_and_however_it_is_printed(
    member: Callable[..., int], seed: int, includes_tax: bool
) -> None:
    meeting, chance = gather(member, includes_tax=includes_tax), Random(seed)
    rows: dict[str | None, list[Any]] = {None: [], "0.06": [], "0.13": []}
    for number in range(40):
        name, due = chance.choice("ABCDN"), Q4.since + timedelta(days=chance.randrange(92))
        ready = rows[chance.choice(list(rows))]
        ready.append((f"{number}", name, f"{add_months(due, -12)}", f"{due}", chance.randrange(1, 9_999_999)))
        if chance.random() < 0.6:
            begins = due + timedelta(days=chance.choice([0, 0, 9, 29, 45]))
            ready.append((f"{number}b", name, f"{begins}", None, chance.randrange(1, 9_999_999)))
    for rate, ready in rows.items():
        terms(meeting, *ready, tax_rate=rate, amount_includes_tax=rate is not None, amount_months=12)
    aim(RENEWALS, 1_234_567, member=meeting.ann)
    sheet = read(meeting.admin, RENEWALS)
    exact = sheet.top.exact
    assert all(exact[figure] > 0 for figure in (Figure.RENEWED, Figure.LOST, Figure.OPEN))
    assert exact[Figure.DUE] == exact[Figure.RENEWED] + exact[Figure.LOST] + exact[Figure.OPEN]
    assert exact[Figure.DONE] == exact[Figure.RENEWED] + exact[Figure.UPLIFT]
    scales = [scale_of(sheet.top, "USD", in_ten_thousands=wan) for wan in (False, True)]
    assert len(set(scales)) == 2
    for shown in [{id(one): one.cents for one in sheet.top.walk()}, *(printed(sheet.top, scale) for scale in scales)]:
        for one in sheet.top.walk():
            cells = shown[id(one)]
            assert cells[Figure.DUE] == cells[Figure.RENEWED] + cells[Figure.LOST] + cells[Figure.OPEN]
            assert cells[Figure.DONE] == cells[Figure.RENEWED] + cells[Figure.UPLIFT]
            for figure in {*SHOWN[RENEWALS]} - {Figure.TARGET, Figure.GAP, Figure.LAST_YEAR}:
                if one.below:
                    assert sum(shown[id(below)][figure] for below in one.below) == cells[figure]
                assert abs(one.cents[figure] - one.exact[figure]) < 2


def test_what_nobody_ever_kept_is_unknown_and_not_zero(meeting: Meeting) -> None:
    aim(COLLECTIONS, 100_00, member=meeting.ann)
    for kind in TargetKind:
        sheet = read(meeting.admin, kind)
        assert sheet.is_known is False
        assert set(row(sheet, "Ann").cents) <= {Figure.TARGET}
        assert (row(sheet, "Ann").share_done, row(sheet, "Ann").change) == (None, None)


def test_last_year_is_compared_on_the_same_days_where_it_has_data(meeting: Meeting) -> None:
    money(meeting, ("A", "2026-10-10", 110_00, {"received_on": "2026-10-05"}))
    assert "last_year" not in figures(read(meeting.admin, COLLECTIONS), "Ann")
    money(
        meeting,
        ("A", "2026-10-10", 110_00, {"received_on": "2026-10-05"}),
        ("A", "2025-10-10", 100_00, {"received_on": "2025-12-24"}),
        ("A", "2025-10-10", 40_00, {"received_on": "2025-12-25"}),  # a year ago this was still to come
    )
    sheet = read(meeting.admin, COLLECTIONS)
    assert figures(sheet, "Ann")["last_year"] == 100_00
    assert row(sheet, "Ann").change == Fraction(1, 10)
    assert (figures(sheet, "Bob")["last_year"], row(sheet, "Bob").change) == (0, None)
    ended = read(meeting.admin, COLLECTIONS, period=YEAR_2025)
    assert (figures(ended, "Ann")["done"], ended.passed) == (140_00, 1)


def test_renewals_compare_terms_due_so_far_with_those_due_by_the_same_day(meeting: Meeting) -> None:
    terms(
        meeting,
        ("a1", "A", "2024-11-01", "2025-11-01", 100_00),
        ("a2", "A", "2025-11-01", "2026-11-01", 100_00),
        ("a3", "A", "2026-11-01", "2027-11-01", 150_00),
        ("b1", "B", "2025-12-31", "2026-12-31", 100_00),
    )
    sheet = read(meeting.admin, RENEWALS)
    assert (figures(sheet, "Ann")["last_year"], row(sheet, "Ann").change) == (1_200_00, Fraction(1, 2))


def test_teams_and_all_are_the_sum_of_their_rows_and_nobody_has_a_row(meeting: Meeting) -> None:
    money(meeting, *((name, "2026-10-10", 10**n, {"received_on": "2026-10-05"}) for n, name in enumerate("ABCDN")))
    sheet = read(meeting.admin, COLLECTIONS)
    assert names(sheet) == ["all", "West", "Cid", "East", "Bob", "Ann", "nobody"]  # the largest first, nobody last
    done = {one.name or one.kind.value: one.cents[Figure.DONE] for one in sheet.top.walk()}
    assert done == {"all": 11111, "East": 111, "Ann": 11, "A": 1, "B": 10, "Bob": 100, "C": 100, "West": 1000,
                    "Cid": 1000, "D": 1000, "nobody": 10000, "N": 10000}  # fmt: skip
    assert [one.customers for one in sheet.top.walk() if one.kind is RowKind.TEAM] == [1, 3]


def test_what_was_learned_for_a_merged_entry_counts_for_the_customer_that_it_became(meeting: Meeting) -> None:
    terms(meeting, ("n1", "N", "2025-11-01", "2026-11-01", 100_00), ("a1", "A", "2025-11-01", "2026-11-01", 10_00))
    money(meeting, ("N", "2026-10-10", 500_00, {"received_on": "2026-10-05"}))
    merging.merge(customer_id=meeting.ids["N"], into=meeting.ids["A"], by=None, at=NOW)
    for who in (meeting.admin, meeting.ann):
        assert figures(read(who, RENEWALS), "A")["lost"] == 1_320_00
        assert figures(read(who, COLLECTIONS), "A")["done"] == 500_00
        assert "nobody" not in names(read(who, COLLECTIONS))
    assert "done" not in figures(read(meeting.cid, COLLECTIONS), "Cid")  # nothing of his was ever kept


def test_a_teams_target_is_its_own_or_else_what_its_members_have(meeting: Meeting) -> None:
    money(meeting, ("A", "2026-10-10", 1, {"received_on": "2026-10-05"}))
    aim(COLLECTIONS, 100, member=meeting.ann)
    aim(COLLECTIONS, 70, member=meeting.cid)
    sheet = read(meeting.admin, COLLECTIONS)
    assert (row(sheet, "East").cents[Figure.TARGET], row(sheet, "East").without_target) == (100, 1)
    assert (sheet.top.cents[Figure.TARGET], sheet.top.without_target) == (170, 1)
    aim(COLLECTIONS, 250, team=meeting.east)
    sheet = read(meeting.admin, COLLECTIONS)
    assert (row(sheet, "East").cents[Figure.TARGET], row(sheet, "East").without_target) == (250, 0)
    assert (sheet.top.cents[Figure.TARGET], sheet.top.cents[Figure.GAP]) == (320, 319)


def test_a_years_target_is_shown_beside_the_quarter_and_not_split(meeting: Meeting) -> None:
    aim(RENEWALS, 1_000, member=meeting.ann, period=Period(date(2026, 1, 1), date(2027, 1, 1)))
    ann = row(read(meeting.admin, RENEWALS), "Ann")
    assert Figure.TARGET not in ann.cents
    assert ann.aim is not None
    assert ann.aim.wider_amount == 1_000


def test_each_role_sees_its_own_rows_only(meeting: Meeting, member: Callable[..., int]) -> None:
    money(meeting, *((name, "2026-10-10", 10, {"received_on": "2026-10-05"}) for name in "ABCDN"))
    seen = {
        who: (names(sheet), sheet.top.cents.get(Figure.DONE, 0))
        for who, sheet in {
            "csm": read(meeting.ann, COLLECTIONS),
            "leader": read(meeting.leader, COLLECTIONS),
            "analyst": read(member("analyst"), COLLECTIONS),
            "reader": read(member("reader"), COLLECTIONS),
        }.items()
    }
    assert seen == {
        "csm": (["Ann"], 20),
        "leader": (["East", "Ann", "Bob"], 30),
        "analyst": (["all", "East", "Ann", "Bob", "West", "Cid", "nobody"], 50),
        "reader": (["all"], 0),
    }


def test_a_team_filter_shows_one_team_and_never_a_strangers(meeting: Meeting) -> None:
    money(meeting, *((name, "2026-10-10", 10, {"received_on": "2026-10-05"}) for name in "ABCDN"))
    assert names(read(meeting.admin, COLLECTIONS, team_id=meeting.west)) == ["West", "Cid"]
    assert names(read(meeting.leader, COLLECTIONS, team_id=meeting.west)) == ["all"]


def test_amounts_in_another_currency_are_left_out_and_counted(meeting: Meeting) -> None:
    money(meeting, ("A", "2026-10-10", 10, {"received_on": "2026-10-05", "currency": "EUR"}))
    sheet = read(meeting.admin, COLLECTIONS)
    assert (figures(sheet, "Ann")["done"], sheet.left_out) == (0, 1)


def test_the_share_of_time_passed_stands_beside_what_is_done(meeting: Meeting) -> None:
    assert read(meeting.admin, COLLECTIONS).passed == Fraction(84, 92)
    assert read(meeting.admin, COLLECTIONS, on=date(2026, 9, 1)).passed == 0
    assert (Q4.days, TODAY, NOW.date()) == (92, date(2026, 12, 24), date(2026, 12, 24))


@pytest.mark.parametrize("includes_tax", [False, True])
def test_queries_do_not_grow_with_rows(member: Callable[..., int], includes_tax: bool) -> None:
    meeting = gather(member, includes_tax=includes_tax)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            read(meeting.admin, RENEWALS)
        return len(queries)

    def plant(count: int) -> None:
        rows: list[Any] = []
        for n in range(count):
            name = "ABCDN"[n % 5]
            rows += [
                (f"x{n}", name, "2025-11-01", "2026-11-01", 100_00 + n),
                (f"y{n}", name, "2026-11-01", None, 900_00),
            ]
            rows += [(f"z{n}", name, "2024-11-01", "2025-11-01", 100_00 + n)]
        terms(meeting, *rows, tax_rate="0.06")
        money(meeting, *(("ABCDN"[n % 5], "2026-10-10", 10, {"received_on": "2026-10-05"}) for n in range(count)))

    plant(1)
    few = asked()
    plant(40)
    assert asked() == few
    assert few <= 36


def test_three_hundred_receivables_agree_with_a_plain_recount_in_sql(meeting: Meeting) -> None:
    chance = Random(7)

    def some_day() -> str:
        return (date(2025, 9, 1) + timedelta(days=chance.randrange(550))).isoformat()

    rows: list[Any] = []
    for _ in range(300):
        amount, more = chance.randrange(-50_000, 900_000), {}
        if chance.random() < 0.6:
            more |= {"received_on": some_day(), "received_amount": chance.choice([amount, amount // 2])}
        if chance.random() < 0.6:
            more |= {"invoiced_on": some_day()}
        rows.append((chance.choice("ABCDN"), some_day(), amount, more))
    money(meeting, *rows)
    recount = """
        SELECT p.owner_id,
               SUM(CASE WHEN r.received_on >= %s AND r.received_on <= %s THEN r.received_amount ELSE 0 END),
               SUM(CASE WHEN r.due_on < %s AND r.invoiced_on <= %s
                   THEN r.amount - CASE WHEN r.received_on <= %s THEN r.received_amount ELSE 0 END ELSE 0 END)
        FROM perennial_receivable r JOIN perennial_portfoliorow p ON p.customer_id = r.customer_id GROUP BY p.owner_id
    """
    with connection.cursor() as cursor:
        cursor.execute(recount, [Q4.since, TODAY, Q4.until, TODAY, TODAY])
        wanted = {owner: (int(done), int(owed)) for owner, done, owed in cursor.fetchall()}
    top = read(meeting.admin, COLLECTIONS).top
    found = {
        one.holder.member_id if one.holder else None: (one.cents[Figure.DONE], one.cents[Figure.OWED])
        for one in top.walk()
        if one.kind in {RowKind.MEMBER, RowKind.NOBODY}
    }
    assert found == wanted
    assert top.cents[Figure.DONE] == sum(done for done, _owed in wanted.values())
