"""Sales and marketing spend from a file: months however they are written, one currency, and nobody's team."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.integrations.imported import bring_in, checked, counts, rejections

from perennial.insights.models import Spend
from perennial.integrations.imports import proposal
from perennial.integrations.imports.detection.detect import detect
from perennial.integrations.imports.kinds import KindKey
from perennial.integrations.imports.reading.sources import read_sources, with_sample
from perennial.members.actions import create_team

pytestmark = pytest.mark.usefixtures("home", "organisation")
GIVEN = """source: finance
tables: [{file: spend.csv, kind: spend, columns: {month: month, amount: amount, channel: channel, currency: cur},
  id_from: [month, channel]}]
"""


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], list[Path]]:
    """Return a writer of a file of spend."""

    def write(rows: str) -> list[Path]:
        (tmp_path / "given").mkdir(exist_ok=True)
        path = tmp_path / "given" / "spend.csv"
        path.write_text("month,amount,channel,cur\n" + rows, encoding="utf-8")
        return [path]

    return write


def test_a_month_may_be_written_in_any_usual_way(file: Callable[[str], list[Path]], now: datetime) -> None:
    months = ["2024-01", "2024/2", "2024年3月", "202404", "2024-05-31", "2024.06", "2024-12"]
    found = bring_in(file("".join(f"{month},100,a{n},\n" for n, month in enumerate(months))), GIVEN, at=now)
    assert counts(found)["spend"] == {"new": 7, "changed": 0, "same": 0, "rejected": 0}
    assert [one.month for one in Spend.objects.order_by("month")] == [
        date(2024, month, 1) for month in (1, 2, 3, 4, 5, 6, 12)
    ]
    assert {(one.amount, one.currency) for one in Spend.objects.all()} == {(100_00, "USD")}


def test_a_row_that_cannot_be_is_refused_with_its_reason(file: Callable[[str], list[Path]], now: datetime) -> None:
    rows = "2024-13,1,a,\nspring,1,b,\n2024-01,1,c,EUR\n2024-01,,d,\n2024-01,1.001,e,\n2024-01,7,f,usd\n"
    found = checked(file(rows), GIVEN, at=now)
    told = [(one.column, one.value) for one in rejections(found)]
    assert told == [
        ("month", "2024-13"), ("month", "spring"), ("cur", "EUR"), ("amount", ""), ("amount", "1.001"),
    ]  # fmt: skip
    assert "2024-05" in rejections(found)[0].reason
    assert "EUR" in rejections(found)[2].reason
    assert counts(found)["spend"]["new"] == 1


def test_a_corrected_month_is_the_next_version_of_its_row(file: Callable[[str], list[Path]], now: datetime) -> None:
    bring_in(file("2024-01,100,ads,\n2024-01,40,fairs,\n"), GIVEN, at=now)
    found = bring_in(file("2024-01,120,ads,\n2024-01,40,fairs,\n"), GIVEN, at=now)
    assert counts(found)["spend"] == {"new": 0, "changed": 1, "same": 1, "rejected": 0}
    assert sorted(Spend.objects.current().values_list("channel", "amount")) == [("ads", 120_00), ("fairs", 40_00)]


def test_a_table_of_spend_is_known_by_its_columns(tmp_path: Path) -> None:
    for name, columns in (
        ("marketing-spend.csv", "Month,Channel,Segment,Spend"),
        ("获客成本.csv", "月份,渠道,客群,费用金额"),
    ):
        path = tmp_path / name
        path.write_text(f"{columns}\n2024-01,Ads,Large,1200.50\n2024-02,Fairs,Small,900\n", encoding="utf-8")
        reading = read_sources([path], tmp_path / f"out-{path.stem}")
        tables = [(with_sample(source), detect(source, ZoneInfo("Asia/Shanghai"))) for source in reading.sources]
        [table] = proposal.propose(tables, source="x").tables
        assert table.kind is KindKey.SPEND
        told = dict(zip(("month", "channel", "segment", "amount"), columns.split(","), strict=True))
        assert {key: use.column for key, use in table.columns.items()} == told
        assert table.id_from == tuple(columns.split(",")[:3])


def test_spend_is_the_whole_houses_and_not_a_teams(
    file: Callable[[str], list[Path]], member: Callable[..., int], now: datetime
) -> None:
    leader = member("leader", team_id=create_team(name="North", by=None, at=now))
    found = bring_in(file("2024-01,100,ads,\n"), GIVEN, at=now, by=leader)
    assert counts(found)["spend"]["rejected"] == 1
    assert "no team's" in rejections(found)[0].reason
    assert not Spend.objects.exists()
