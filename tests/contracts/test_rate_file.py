"""The European Central Bank's file: read whole, or refused with the line that is wrong."""

from __future__ import annotations

from datetime import date

import pytest

from perennial.contracts.rate_file import FileRefused, read

GOOD = b"Date,USD,JPY,CYP,\n2026-11-20,1.1234,163.05,N/A,\n2026-11-19,1.12,,N/A,\n\n"


def test_every_known_rate_of_every_day_is_read() -> None:
    told = [(row.values["base"], row.values["currency"], row.values["on"], row.values["rate"]) for row in read(GOOD)]
    assert told == [
        ("EUR", "USD", date(2026, 11, 20), "1.1234"),
        ("EUR", "JPY", date(2026, 11, 20), "163.05"),
        ("EUR", "USD", date(2026, 11, 19), "1.12"),
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "first line"),
        (b"base,currency\nEUR,USD\n", "first line"),
        (b"Date,usd\n2026-01-01,1\n", "usd"),
        (b"Date,USD\n2026-02-30,1\n", "Line 2: 2026-02-30"),
        (b"Date,USD\n2026-02-01,1\n2026-02-02,one\n", "Line 3, USD: one"),
        (b"Date,USD\n2026-02-01,-1\n", "Line 2, USD: -1"),
        (b"Date,USD\n2026-02-01,NaN\n", "Line 2, USD: NaN"),
        (b"\xff\xfe\x00", "no text file"),
        (b"x" * 4_000_001, "larger"),
    ],
)
def test_a_file_with_a_fault_is_refused_by_its_line(content: bytes, told: str) -> None:
    with pytest.raises(FileRefused, match=told):
        read(content)
