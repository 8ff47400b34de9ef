"""What a person reads on the terminal."""

from __future__ import annotations

import io

import pytest

from perennial.site import imported, telling
from perennial.site.telling import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_result_is_lines_without_braces() -> None:
    told = telling.lines({
        "import": 7,
        "kinds": {"customers": {"new": 1200, "same": 0}, "usage": {"new": 2, "same": 1}},
        "quality": {},
        "published": True,
        "files": ["a.csv", "b.csv"],
        "frozen_rows_only": None,
    })  # fmt: skip
    assert told.splitlines() == [
        "import: 7",
        "kinds:",
        "  customers: new 1,200, same 0",
        "  usage: new 2, same 1",
        "quality: none",
        "published: yes",
        "files:",
        "  a.csv",
        "  b.csv",
        "frozen rows only: unknown",
    ]


@pytest.mark.parametrize(("number", "said"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (185, "3 min 5 s")])
def test_durations_are_short(number: float, said: str) -> None:
    assert telling.seconds(number) == said


@pytest.mark.parametrize(("number", "said"), [(512, "512 bytes"), (1536, "1.5 KiB"), (5 * 1024**3, "5.0 GiB")])
def test_sizes_are_short(number: int, said: str) -> None:
    assert telling.size(number) == said


def test_progress_in_a_file_is_a_line_for_each_step() -> None:
    file = io.StringIO()
    progress = Progress("demo", to=file)
    for done in range(3):
        progress("computing", done, 3)
    progress("ready")
    progress.end()
    assert file.getvalue() == "demo: computing …\ndemo: ready …\n"


def test_progress_on_a_terminal_is_one_line_that_is_written_over_and_cleared() -> None:
    terminal = Terminal()
    progress = Progress("demo", to=terminal)
    progress("computing", 1, 4)
    progress("computing", 4, 4)
    progress.end()
    progress.end()
    assert [line.strip() for line in terminal.getvalue().split("\r")] == [
        "", "demo: computing … 25 %", "demo: computing … 100 %", "", ""]  # fmt: skip
    assert "\n" not in terminal.getvalue()


def test_an_import_is_told_by_its_counts_what_to_look_at_and_what_nobody_said() -> None:
    counted = {"new": 1200, "changed": 0, "same": 3, "rejected": 2}
    result = {
        "import": 7,
        "kinds": {"customers": counted, "touchpoints": dict.fromkeys(counted, 0)},
        "quality": {"missing_owner": {"count": 4, "examples": ["A", "B", "C", "D"]}},
        "assumed": ["lines.csv, column “end”: read as the day after."],
        "published": True,
    }
    assert imported.told(result).splitlines() == [
        "Published: 1,200 new, 3 unchanged, 2 refused.",
        "  customers      1,200 new        3 unchanged        2 refused",
        "  touchpoints        0 rows",
        "",
        "What to look at in the data:",
        "        4  Customers without a CSM (A; B; C; …)",
        "",
        "Read without anybody having said so:",
        "  lines.csv, column “end”: read as the day after.",
        "",
        "Refused rows, with column, value and reason: in the web under Import, no. 7; or give --errors FILE.",
        "",
        "The figures follow where a worker runs (`perennial serve --with-worker`), or now: "
        "`perennial nightly --on YYYY-MM-DD`.",
    ]
    dry = imported.told({**result, "published": False, "assumed": [], "errors": "e.csv"}).splitlines()
    assert dry[0] == "Checked, nothing written: 1,200 new, 3 unchanged, 2 refused."
    assert dry[-1] == "Refused rows, with column, value and reason: e.csv"
