"""The weekly meeting's page: what it shows and to whom, how a target is set, and that the file is what is shown."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in
from tests.contracts.books import customers, keep, line
from tests.reports.live_sums import computed, formulas, kept
from tests.reports.meeting import NOW, TODAY, Meeting, aim, gather, money, read, terms

from perennial.customers.models import Customer
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.organisation.models import Organisation
from perennial.members.models import Member
from perennial.reports.weekly.behind import behind
from perennial.reports.weekly.terms import SHOWN, Figure
from perennial.team.models import Target
from perennial.team.terms import TargetKind

COLLECTIONS = "/weekly?kind=collections"


@pytest.fixture
def meeting(member: Callable[..., int]) -> Meeting:
    made = gather(member)
    organisation.move_as_of(on=TODAY, by=None, at=NOW)
    return made


def text_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def rows_of(written: str) -> list[tuple[str, list[str]]]:
    """Return (name, exact amounts) of each row of the table."""
    body = written.split("<tbody>")[1].split("</tbody>", maxsplit=1)[0]
    found = []
    for row in body.split("<tr ")[1:]:
        name = re.sub(
            r"<svg.*?</svg>|<span class=\"muted.*?</span>|<[^>]+>", "", row.split("</th>")[0].split(">", 1)[1]
        )
        found.append((name.strip(), re.findall(r'<data value="([^"]+)"', row)))
    return found


def key_of(meeting: Meeting, name: str) -> str:
    return Customer.objects.get(id=meeting.ids[name]).key


def paid(meeting: Meeting, count: int = 5) -> None:
    money(meeting, *(
        ("ABCDN"[n % 5], "2026-10-10", 1_000_00 + n, {"received_on": "2026-10-05"}) for n in range(count)
    ))  # fmt: skip


def test_the_present_quarter_stands_there_with_its_days_basis_and_time_passed(meeting: Meeting) -> None:
    paid(meeting)
    aim(TargetKind.COLLECTIONS, 4_000_00, member=meeting.ann)
    written = text_of(signed_in(meeting.admin), COLLECTIONS)
    assert "Q4 2026" in written
    words = re.sub("<[^>]+>", "", written)
    assert "Amounts in USD · without tax · as of 24 Dec 2026 · last year: 1 Oct 2025 – 24 Dec 2025" in words
    assert '<span class="figure">91%</span><span class="note">8 days left</span>' in written
    assert rows_of(written) == [
        ("All", ["4000.00", "5000.10", "0.00", "0.00", "-1000.10"]),
        ("East", ["4000.00", "3000.03", "0.00", "0.00", "999.97"]),
        ("Ann", ["4000.00", "2000.01", "0.00", "0.00", "1999.99"]),
        ("Bob", ["1000.02", "0.00", "0.00"]),
        ("West", ["1000.03", "0.00", "0.00"]),
        ("Cid", ["1000.03", "0.00", "0.00"]),
        ("Nobody", ["1000.04", "0.00", "0.00"]),
    ]


def test_a_row_opens_to_the_customers_behind_it(meeting: Meeting) -> None:
    paid(meeting)
    names = [name for name, _ in rows_of(text_of(signed_in(meeting.admin), f"{COLLECTIONS}&open=m{meeting.ann}"))]
    assert names == ["All", "East", "Ann", "B", "A", "Bob", "West", "Cid", "Nobody"]
    names = [name for name, _ in rows_of(text_of(signed_in(meeting.admin), f"{COLLECTIONS}&open=nobody"))]
    assert names[-2:] == ["Nobody", "N"]


def test_each_member_sees_his_own_rows_and_a_reader_finds_no_page(meeting: Meeting, member: Callable[..., int]) -> None:
    paid(meeting)
    assert [name for name, _ in rows_of(text_of(signed_in(meeting.ann), COLLECTIONS))] == ["Ann"]
    assert [name for name, _ in rows_of(text_of(signed_in(meeting.leader), COLLECTIONS))] == ["East", "Ann", "Bob"]
    assert [name for name, _ in rows_of(text_of(signed_in(meeting.leader), f"{COLLECTIONS}&open=m{meeting.cid}"))] == [
        "East", "Ann", "Bob",
    ]  # fmt: skip
    for path in ("/weekly", "/weekly/explanation?figure=target", f"/weekly/target?holder=m{meeting.ann}"):
        assert signed_in(member("reader")).get(path).status_code == 404


@pytest.mark.parametrize(
    ("query", "label"),
    [
        ("span=month", "Dec 2026"),
        ("span=year", "2026"),
        ("span=quarter&on=2026-09-30", "Q3 2026"),
        ("span=custom&from=2026-10-01&until=2026-11-15", "1 Oct 2026 – 15 Nov 2026"),
        ("span=custom&from=2026-10-01", "Q4 2026"),
        ("span=year&on=9999-12-31", "2026"),
    ],
)
def test_a_period_is_chosen_by_the_address(meeting: Meeting, query: str, label: str) -> None:
    written = text_of(signed_in(meeting.admin), f"/weekly?{query}")
    assert f"{label}</strong>" in written
    assert ("are written like 2026-10-01" in written) is (query == "span=custom&from=2026-10-01")


def test_business_years_begin_in_their_own_month(meeting: Meeting) -> None:
    Organisation.objects.update(fiscal_start_month=12)
    assert "Business year 2026</strong>" in text_of(signed_in(meeting.admin), "/weekly?span=year")
    assert "Q1 2026</strong>" in text_of(signed_in(meeting.admin), "/weekly?span=quarter")


def test_a_leader_sets_a_target_and_takes_it_back_again(meeting: Meeting) -> None:
    leader = signed_in(meeting.leader)
    url = f"/weekly/target?kind=collections&holder=m{meeting.ann}"
    answer = leader.post(url, {"amount": "1,200,000"})
    assert answer.status_code == 204
    triggers = json.loads(answer.headers["HX-Trigger"])
    assert triggers["anew"] == {"target": "#weekly"}
    assert rows_of(text_of(leader, COLLECTIONS))[1] == ("Ann", ["1200000.00"])
    assert leader.post(url, {"amount": "120.5万"}).status_code == 204
    assert rows_of(text_of(leader, COLLECTIONS))[1] == ("Ann", ["1205000.00"])
    undone = leader.post(triggers["toast"]["undo"])
    assert (undone.status_code, undone.headers["HX-Refresh"]) == (204, "true")
    written = text_of(leader, COLLECTIONS)
    assert rows_of(written)[1] == ("Ann", [])
    assert "Undone: the target is as before." in written


@pytest.mark.parametrize("amount", ["abc", "1.005", "-5", "99999999999999999"])
def test_what_is_no_amount_comes_back_with_the_reason_and_changes_nothing(meeting: Meeting, amount: str) -> None:
    answer = signed_in(meeting.leader).post(
        f"/weekly/target?kind=collections&holder=m{meeting.ann}", {"amount": amount}
    )
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not Target.objects.exists()


def test_nobody_sets_a_target_outside_his_scope(meeting: Meeting, member: Callable[..., int]) -> None:
    tried = {
        "leader, other team": (meeting.leader, f"m{meeting.cid}"),
        "leader, other team's": (meeting.leader, f"t{meeting.west}"),
        "csm, himself": (meeting.ann, f"m{meeting.ann}"),
        "analyst": (member("analyst"), f"m{meeting.ann}"),
        "reader": (member("reader"), f"m{meeting.ann}"),
        "admin, nobody there": (meeting.admin, "m999"),
    }
    for who, (member_id, holder) in tried.items():
        answer = signed_in(member_id).post(f"/weekly/target?kind=collections&holder={holder}", {"amount": "5"})
        assert answer.status_code == 404, who
    assert signed_in(meeting.admin).post("/weekly/target?holder=x1", {"amount": "5"}).status_code == 400
    assert not Target.objects.exists()


def test_a_csm_opens_his_own_target_without_a_form_and_no_other(meeting: Meeting) -> None:
    aim(TargetKind.RENEWALS, 7_00, member=meeting.ann)
    csm = signed_in(meeting.ann)
    opened = text_of(csm, f"/weekly/target?holder=m{meeting.ann}")
    assert "$7.00" in opened
    assert "<form" not in opened
    assert csm.get(f"/weekly/target?holder=m{meeting.bob}").status_code == 404
    assert 'name="amount"' in text_of(signed_in(meeting.admin), f"/weekly/target?holder=m{meeting.ann}")


def test_the_file_is_what_is_shown_row_by_row_to_the_cent(meeting: Meeting) -> None:
    paid(meeting, 7)
    aim(TargetKind.COLLECTIONS, 4_000_00, team=meeting.east)
    admin, url = signed_in(meeting.admin), f"{COLLECTIONS}&open=m{meeting.ann}"
    shown = rows_of(text_of(admin, url))
    answer = admin.post(url.replace("/weekly", "/weekly/export"), {"format": "csv"})
    rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:7] == ["Row", "Name", "Target (USD)", "Received (USD)", "In process (USD)",
                           "Invoiced, not received (USD)", "Gap (USD)"]  # fmt: skip
    assert [(row[1], [cell for cell in row[2:8] if cell]) for row in rows[1:]] == shown
    assert rows[1][-2:] == ["Q4 2026: 1 Oct 2026 – 31 Dec 2026",
                            "without tax · as of 24 Dec 2026 · last year: 1 Oct 2025 – 24 Dec 2025"]  # fmt: skip
    book = admin.post(url.replace("/weekly", "/weekly/export"), {"format": "xlsx"}).content
    for written in (kept(book), computed(book)):
        assert [(row[1], [f"{cell:.2f}" for cell in row[2:8] if cell is not None]) for row in written] == shown
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="collections-2026-10-01-to-2026-12-31.csv"'
    )  # fmt: skip


def test_a_workbooks_sums_are_live_down_and_across(meeting: Meeting) -> None:
    terms(meeting, ("a1", "A", "2025-11-01", "2026-11-01", 100_00), ("a2", "A", "2026-11-01", None, 130_00),
          ("b1", "B", "2025-10-05", "2026-10-05", 50_00), ("c1", "C", "2025-12-31", "2026-12-31", 300_00),
          ("n1", "N", "2025-12-31", "2026-12-31", 10_00))  # fmt: skip
    aim(TargetKind.RENEWALS, 4_000_00, member=meeting.ann)
    book = signed_in(meeting.admin).post(f"/weekly/export?open=m{meeting.ann}", {"format": "xlsx"}).content
    assert [[None if cell is None else float(cell) for cell in row[2:11]] for row in kept(book)] == [
        [None if cell is None else float(cell) for cell in row[2:11]] for row in computed(book)
    ]
    first = {row[1]: row[2:10] for row in computed(book)}
    assert [float(cell) for cell in first["All"]] == [4000, 5520, 1200, 600, 3720, 360, 1560, 2440]
    names = [row[1] for row in computed(book)]
    assert names == ["All", "East", "Bob", "Ann", "A", "B", "West", "Cid", "Nobody"]
    written = formulas(book)
    assert "=SUM(E3,E8,E10)" in written  # renewed of all: the teams and nobody's
    assert "=SUM(E4:E5)" in written  # of East: Bob and Ann
    assert "=SUM(E6:E7)" in written  # of Ann: her customers
    assert "=E2+F2+G2" in written  # due = renewed + lost + open
    assert "=E2+H2" in written  # new value = renewed + uplift
    assert "=C2-I2" in written  # gap = target - new value


def test_whoever_takes_a_file_out_stands_in_the_journal(meeting: Meeting) -> None:
    signed_in(meeting.ann).post("/weekly/export?kind=expansion", {"format": "csv"})
    signed_in(meeting.ann).post(f"/weekly/export?figure=due&row=m{meeting.ann}", {"format": "csv"})
    entries = JournalEntry.objects.filter(kind="weekly.exported").order_by("id")
    period = {"from": "2026-10-01", "until": "2027-01-01", "format": "csv", "rows": 1}
    assert [(entry.by_id, entry.data) for entry in entries] == [
        (meeting.ann, {"kind": "expansion", **period}),
        (meeting.ann, {"kind": "renewals", **period, "figure": "due", "row": f"m{meeting.ann}"}),
    ]


def test_an_amount_opens_to_what_it_is_made_of_and_to_its_customers(meeting: Meeting) -> None:
    terms(meeting, ("a1", "A", "2025-11-01", "2026-11-01", 100_00), ("a2", "A", "2026-11-01", None, 130_00),
          ("b1", "B", "2025-10-05", "2026-10-05", 50_00), ("c1", "C", "2025-12-31", "2026-12-31", 300_00))  # fmt: skip
    admin = signed_in(meeting.admin)
    page = text_of(admin, "/weekly")
    assert f"figure=due&amp;row=m{meeting.ann}" in page
    opened = text_of(admin, f"/weekly/explanation?figure=due&row=m{meeting.ann}")
    for text in (
        "Due · Ann · Q4 2026",
        "$1,800.00",
        "$1,200.00",
        "$600.00",
        "renewed + lost + still open",
        "definition 2",
    ):
        assert text in opened
    assert (
        f"/weekly/customers?kind=renewals&amp;span=quarter&amp;on=2026-10-01&amp;figure=due&amp;row=m{meeting.ann}"
        in opened
    )
    listed = text_of(admin, f"/weekly/customers?figure=due&row=m{meeting.ann}")
    names = re.findall(r'<td class="main"><a href="/customers/\w+">(\w+)</a>', listed)
    assert names == ["A", "B"]
    assert re.findall(r'<td class="num lead">([^<]+)</td>', listed) == ["$1,200.00", "$600.00", "$1,800.00"]
    for text in ("renewed on time", "lost", "1 Nov 2026", "a1", "b1"):
        assert text in listed
    one = text_of(admin, f"/weekly/explanation?figure=uplift&row=c{key_of(meeting, 'A')}")
    assert "1 Nov 2026 · renewed on time · a1" in one
    assert "$360.00" in one


def test_the_customers_behind_each_amount_of_each_row_add_up_to_it_and_so_does_their_file(meeting: Meeting) -> None:
    terms(meeting, *((f"{n}", "ABCDN"[n % 5], "2025-11-01", "2026-11-01", 100_01 + n) for n in range(12)),
          tax_rate="0.06", amount_includes_tax=True, amount_months=12)  # fmt: skip
    terms(meeting, ("more", "A", "2026-01-01", None, 100_00), ("most", "A", "2026-12-15", None, 40_00))
    paid(meeting, 9)
    checked = 0
    for kind in TargetKind:
        sheet = read(meeting.admin, kind)
        for one in sheet.top.walk():
            for figure in {*SHOWN[kind]} - {Figure.TARGET, Figure.GAP}:
                found = behind(one, figure)
                assert sum(each.cents for each in found) == one.cents.get(figure, 0)
                checked += bool(found)
    assert checked > 30
    url = f"/weekly/export?figure=lost&row=t{meeting.east}"
    book = signed_in(meeting.admin).post(url, {"format": "xlsx"}).content
    *rows, total = computed(book)
    assert [row[1] for row in rows] == ["B", "A", "C"]
    assert {row[2] for row in rows} == {"Ann", "Bob"}
    assert total[:4] == ["Total", "East", None, sum(Decimal(str(row[3])) for row in rows)]
    assert rows[0][4:7] == ["2026-11-01", "lost", "1, 11, 6"]


def test_nobody_opens_a_row_that_his_table_does_not_have(meeting: Meeting) -> None:
    terms(meeting, ("a1", "A", "2025-11-01", "2026-11-01", 100_00), ("d1", "D", "2025-11-01", "2026-11-01", 99_00))
    for row in (f"m{meeting.ann}", f"t{meeting.east}", f"c{key_of(meeting, 'A')}", "nobody", "x"):
        for path in ("explanation", "customers"):
            assert signed_in(meeting.cid).get(f"/weekly/{path}?figure=due&row={row}").status_code == 404
        assert signed_in(meeting.cid).post(f"/weekly/export?figure=due&row={row}", {"format": "csv"}).status_code == 404
    assert not JournalEntry.objects.filter(kind="weekly.exported").exists()
    assert (
        text_of(signed_in(meeting.cid), "/weekly/customers?figure=due").count("$1,188.00") == 2
    )  # his one, and the sum


def test_the_page_says_what_a_due_term_is_and_how_much_never_comes_due(meeting: Meeting) -> None:
    terms(meeting, ("a1", "A", "2025-11-01", "2026-12-01", 100_00), ("b1", "B", "2026-01-01", None, 50_00),
          ("c1", "C", "2026-01-05", "2027-02-20", 30_00))  # fmt: skip
    Organisation.objects.update(policy_switches={"grace_days": 45})
    page = text_of(signed_in(meeting.admin), "/weekly")
    assert "Late paper has 45 days; then the term is lost." in page
    assert "An end that nobody agreed on" in page
    assert "Returns in the quick ratio" not in page
    assert "/weekly/explanation?kind=renewals&amp;span=quarter&amp;on=2026-10-01&amp;figure=due" in page
    Organisation.objects.update(policy_switches={})
    opened = text_of(signed_in(meeting.admin), "/weekly/explanation?figure=due")
    assert '<dt>ARR that never comes due, without tax</dt><dd class="num">$960.00</dd>' in opened
    Organisation.objects.update(policy_switches={"odd_end": "due"})
    opened = text_of(signed_in(meeting.admin), "/weekly/explanation?figure=due")
    assert '<dt>ARR that never comes due, without tax</dt><dd class="num">$600.00</dd>' in opened


def test_a_file_needs_the_right_to_export(meeting: Meeting, member: Callable[..., int]) -> None:
    assert signed_in(member("reader")).post("/weekly/export", {"format": "csv"}).status_code == 404
    assert signed_in(meeting.ann).post("/weekly/export", {"format": "exe"}).status_code == 404
    mine = signed_in(meeting.ann).post(COLLECTIONS.replace("/weekly", "/weekly/export"), {"format": "csv"})
    assert [row[1] for row in csv.reader(StringIO(mine.content.decode("utf-8-sig")))] == ["Name", "Ann"]


def test_printed_rows_add_up_in_ten_thousands_for_a_chinese_reader(meeting: Meeting) -> None:
    Member.objects.filter(id=meeting.admin).update(language="zh-hans")
    Organisation.objects.update(currency="CNY")
    each = {"received_on": "2026-10-05", "currency": "CNY"}
    money(meeting, *((name, "2026-10-10", 12_345_678, each) for name in "ABCDN"))  # 12.345678 万 each
    written = text_of(signed_in(meeting.admin), COLLECTIONS)
    printed = [Decimal(text) for text in re.findall(r'title="¥[\d,.]+">([\d.]+)</data>', written) if text != "0.0"]
    assert printed == [Decimal(text) for text in ("61.7", "37.0", "24.7", "12.3", "12.4", "12.4", "12.3")]


def test_a_house_without_figures_shows_dashes_and_says_how_targets_come(meeting: Meeting) -> None:
    written = text_of(signed_in(meeting.admin), "/weekly")
    assert "No targets for this period yet" in written
    assert "no data yet" in written
    assert "0.00" not in written
    assert "A leader or an administrator sets them." in text_of(signed_in(meeting.ann), "/weekly")


def test_a_house_whose_lines_all_are_open_ended_says_that_nothing_comes_due(member: Callable[..., int]) -> None:
    ids = customers("A", at=NOW)
    keep([line("1", ids["A"], "2025-03-03", None, 100), line("2", ids["A"], "2025-03-03", "2026-10-20", 50)], at=NOW)
    organisation.move_as_of(on=TODAY, by=None, at=NOW)
    page = text_of(signed_in(member("admin")), "/weekly")
    assert "No term ends in this period" in page
    assert "What these figures stand on" in page
    assert "Nobody to show yet" not in page


def test_a_house_without_csms_says_what_to_do(member: Callable[..., int]) -> None:
    assert "Nobody to show yet" in text_of(signed_in(member("admin")), "/weekly")


def test_a_column_opens_to_its_meaning_and_its_bounds(meeting: Meeting) -> None:
    terms(meeting, ("a1", "A", "2025-11-01", "2026-11-01", 100_00), ("a2", "A", "2026-11-01", None, 100_00),
          ("c1", "C", "2025-12-31", "2026-12-31", 300_00))  # fmt: skip
    opened = text_of(signed_in(meeting.admin), "/weekly/explanation?figure=done")
    assert "$1,200.00" in opened
    assert "25.0%" in opened
    assert "100.0%" in opened
    assert signed_in(meeting.admin).get("/weekly/explanation?figure=kept").status_code == 404
    page = text_of(signed_in(meeting.admin), "/weekly")
    assert "Renewal rate by amount: 25.0% so far, at most 100.0% if all that is open renews." in page


def test_htmx_gets_the_part_that_changes(meeting: Meeting) -> None:
    part = signed_in(meeting.admin).get("/weekly", headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="weekly"')
    assert "<html" not in part


def test_queries_do_not_grow_with_rows(meeting: Meeting, member: Callable[..., int]) -> None:
    admin = signed_in(meeting.admin)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            text_of(admin, f"{COLLECTIONS}&open=m{meeting.ann}")
        return len(queries)

    def plant(count: int) -> None:
        rows: list[Any] = []
        for n in range(count):
            rows += [(f"x{n}", "ABCDN"[n % 5], "2025-11-01", "2026-11-01", 100_00 + n)]
            rows += [(f"y{n}", "ABCDN"[n % 5], "2026-11-01", None, 900_00)]
            rows += [(f"z{n}", "ABCDN"[n % 5], "2024-11-01", "2025-11-01", 100_00 + n)]
        terms(meeting, *rows)
        paid(meeting, count)

    plant(1)
    few = asked()
    plant(40)
    for n in range(40):
        aim(TargetKind.COLLECTIONS, n, member=member("csm", team_id=meeting.west))
    assert asked() == few
    assert few <= 41
