"""The contract for scripts (docs/cli.md), kept by the real command in processes of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.site.process import PASSWORD, Served, environment, is_alive, made, perennial, until

from perennial.jobs.nightly import STEPS

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads the process tree from /proc")
MAPPING = """
source: crm
tables:
  - {file: accounts.csv, kind: customers, columns: {external_id: id, name: name}}
  - file: lines.csv
    kind: contracts
    learned: own_date
    columns: {external_id: id, customer: account, amount: mrr, starts_on: start, ends_on: end}
    constants: {amount_months: 1}
  - file: use.csv
    kind: usage
    columns: {event_id: id, customer: account, user: who, at: time, event: what}
"""
FILES = {
    "accounts.csv": "id,name\nA1,阿尔法\nA2,Beta\n",
    "lines.csv": "id,account,mrr,start,end\nL1,A1,100.50,2024-01-31,\nL2,A2,20,2024-02-29,2024-05-31\n"
    "L3,A9,5,2024-02-29,\n",
    "use.csv": "id,account,who,time,what\nE1,A1,u1,2024-05-30 10:00:00,login\nE2,A1,u2,2024-05-31 10:00:00,login\n"
    "E2,A1,u2,2024-05-31 10:00:00,login\nE2,A1,u3,2024-05-31 11:00:00,login\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with files and their mapping."""
    place = tmp_path_factory.mktemp("files")
    for name, text in FILES.items():
        (place / name).write_text(text, encoding="utf-8")
    (place / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("homes") / "one")


def records(home: Path) -> dict[str, int]:
    with sqlite3.connect(home / "records.sqlite3") as connection:
        return {
            name: connection.execute(f"SELECT count(*) FROM perennial_{name}").fetchone()[0]
            for name in ("customer", "line", "movement", "productuser")
        }


def test_init_makes_a_home_and_a_second_one_of_another_kind_is_refused(home: Path) -> None:
    again = perennial("init", "--currency", "USD", "--timezone", "Asia/Shanghai", "--json", home=home)
    assert again.json == {"home": str(home), "currency": "USD", "timezone": "Asia/Shanghai"}
    other = perennial("init", "--currency", "CNY", "--timezone", "Asia/Shanghai", home=home)
    assert (other.code, other.out) == (1, "")
    assert "already belongs" in other.err
    unknown = perennial("init", "--currency", "XXQ", "--timezone", "Asia/Shanghai", home=home.parent / "other")
    assert unknown.code == 1
    assert "XXQ" in unknown.err


def test_members_and_keys(home: Path) -> None:
    one = perennial("member", "create", "Csm@Example.com", "--role", "csm", "--password-stdin", "--json", home=home,
                    stdin=PASSWORD + "\n")  # fmt: skip
    assert {"email": "csm@example.com", "role": "csm"}.items() <= one.json.items()
    weak = perennial("member", "create", "x@example.com", "--role", "csm", "--password-stdin", home=home, stdin="abc\n")
    assert (weak.code, weak.out) == (1, "")
    assert "10 characters" in weak.err
    key = perennial("key", "create", "script", "--scope", "read", home=home)
    assert re.fullmatch(r"pk_[\w-]{43}\n", key.out)
    assert key.err == ""
    sending = perennial("key", "create", "web", "--scope", "intake", "--source", "crm", "--rate", "50", home=home)
    assert re.fullmatch(r"pk_[\w-]{43}\n", sending.out)
    with sqlite3.connect(home / "records.sqlite3") as records_:
        assert records_.execute("SELECT source, events_per_second FROM perennial_stream").fetchall() == [("crm", 50)]
    none = perennial("key", "create", "web", "--scope", "intake", "--rate", "0", home=home)
    assert (none.code, none.err) == (1, "A rate is at least 1 event a second.\n")


def test_a_dry_run_counts_and_writes_nothing(home: Path, folder: Path) -> None:
    before = records(home)
    errors = folder / "refused.csv"
    done = perennial("import", folder, "--mapping", folder / "mapping.yaml", "--dry-run", "--errors", errors, "--json",
                     home=home)  # fmt: skip
    assert done.err == ""
    assert done.json["published"] is False
    assert done.json["kinds"] == {
        "customers": {"new": 2, "changed": 0, "same": 0, "rejected": 0},
        "contracts": {"new": 2, "changed": 0, "same": 0, "rejected": 1},
        "usage": {"new": 2, "changed": 0, "same": 1, "rejected": 1},
    }
    assert records(home) == before
    assert not list((home / "uploads").rglob("*.csv"))
    refused = errors.read_text(encoding="utf-8-sig").splitlines()
    assert refused[0] == "File,Sheet,Row,Column,Value,Reason"
    assert [line.split(",")[:5] for line in refused[1:]] == [
        ["lines.csv", "", "4", "account", "A9"], ["use.csv", "", "5", "id", "E2"]]  # fmt: skip
    errors.unlink()


def test_an_import_publishes_and_the_same_again_changes_nothing(home: Path, folder: Path) -> None:
    first = perennial("import", folder, "--mapping", folder / "mapping.yaml", "--json", home=home)
    assert first.err == ""
    assert first.json["published"] is True
    written = records(home)
    assert written | {"movement": 0} == {"customer": 2, "line": 2, "movement": 0, "productuser": 2}
    again = perennial("import", folder / "accounts.csv", folder / "lines.csv", folder / "use.csv", "--mapping",
                      folder / "mapping.yaml", "--json", home=home)  # fmt: skip
    assert {kind: (n["new"], n["changed"]) for kind, n in again.json["kinds"].items()} == {
        "customers": (0, 0), "contracts": (0, 0), "usage": (0, 0)}  # fmt: skip
    assert records(home) == written


def test_a_damaged_mapping_or_a_missing_file_is_exit_1_and_names_the_place(home: Path, folder: Path) -> None:
    bad = folder.parent / "bad.yaml"
    bad.write_text("source: crm\ntables:\n  - {file: accounts.csv, kind: customers, columns: {nam: name}}\n")
    done = perennial("import", folder, "--mapping", bad, home=home)
    assert (done.code, done.out) == (1, "")
    assert "tables[0].columns.nam" in done.err
    assert perennial("import", folder / "none.csv", home=home).code == 1
    empty = folder.parent / "empty"
    empty.mkdir(exist_ok=True)
    assert perennial("import", empty, home=home).code == 1


MADE_ANEW = {
    "perennial_movement": {"id"},
    "perennial_score": {"computed_at"},
    "perennial_portfoliorow": {"updated_at"},
    "perennial_plannedday": {"at"},
}
"""What a nightly writes anew: the numbers of derived rows and the time of writing mean nothing."""


def state(home: Path) -> dict[str, Any]:
    """Return every row of our tables, and how many rows each file of the lake has."""
    rows = {}
    with sqlite3.connect(home / "records.sqlite3") as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE 'perennial%' AND type = 'table'"
        ):
            columns = [column for _n, column, *_ in connection.execute(f"PRAGMA table_info({name})")]
            written = MADE_ANEW.get(name, set())
            kept = [one for one in columns if one not in written]
            rows[name] = connection.execute(f"SELECT {', '.join(f'[{one}]' for one in kept)} FROM {name}").fetchall()
    tables = json.loads((home / "lake" / "manifest.json").read_text())["tables"]
    return {"rows": rows, "lake": {name: [file[3] for file in files] for name, files in tables.items()}}


def test_a_nightly_computes_a_day_a_repeat_changes_nothing_and_an_earlier_one_keeps_the_as_of_day(home: Path) -> None:
    first = perennial("nightly", "--on", "2024-06-30", "--json", home=home)
    assert first.err == ""
    assert first.json["on"] == "2024-06-30"
    before = state(home)
    assert perennial("nightly", "--on", "2024-06-30", "--json", home=home).code == 0
    assert state(home) == before
    earlier = perennial("nightly", "--on", "2024-05-31", "--json", home=home)
    assert earlier.json == {"on": "2024-05-31", "frozen_rows_only": True}
    with sqlite3.connect(home / "records.sqlite3") as connection:
        assert connection.execute("SELECT as_of_on FROM perennial_organisation").fetchone() == ("2024-06-30",)
        assert connection.execute("SELECT DISTINCT as_of_on FROM perennial_portfoliorow").fetchall() == [
            ("2024-06-30",)
        ]
        days = connection.execute("SELECT count(*) FROM perennial_movement").fetchone()
    assert days == (3,)


def test_check_finds_an_edited_journal_entry_and_a_missing_file_of_the_lake(home: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    assert perennial("check", "--json", home=copy).json["ok"] is True
    file = next((copy / "lake" / "events").rglob("*.parquet"))
    file.rename(file.with_suffix(".gone"))
    done = perennial("check", home=copy)
    assert (done.code, done.out) == (1, "")
    assert "is missing" in done.err
    file.with_suffix(".gone").rename(file)
    seal = "import django; django.setup(); from perennial.kernel.journal import actions; actions.seal()"
    run_python(seal, copy)
    assert perennial("check", home=copy).code == 0
    with sqlite3.connect(copy / "records.sqlite3") as connection:
        connection.execute(
            """UPDATE perennial_journalentry SET data = '{"role": "reader"}' WHERE kind = 'member.created'"""
        )
        (number,) = connection.execute(
            "SELECT min(id) FROM perennial_journalentry WHERE kind = 'member.created'"
        ).fetchone()
    done = perennial("check", home=copy)
    assert done.code == 1
    assert f"Journal entry {number} " in done.err


def run_python(text: str, home: Path) -> None:

    variables = environment(PERENNIAL_HOME=str(home), DJANGO_SETTINGS_MODULE="perennial.site.settings")
    subprocess.run([sys.executable, "-c", text], env=variables, check=True)


def test_two_homes_never_meet(home: Path, folder: Path, tmp_path: Path) -> None:
    other = made(tmp_path / "other")
    key = perennial("key", "create", "k", "--scope", "read", home=home).out.strip()
    served = Served(other)
    try:
        asked = urllib.request.Request(
            f"http://127.0.0.1:{served.port}/api/v1/customers", headers={"Authorization": f"Bearer {key}"}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked)
        assert refused.value.code == 401
        ours = perennial("key", "create", "k", "--scope", "read", home=other).out.strip()
        asked.add_header("Authorization", f"Bearer {ours}")
        with urllib.request.urlopen(asked) as answer:
            assert json.loads(answer.read())["customers"] == []
    finally:
        served.end()
    assert records(other)["customer"] == 0
    assert records(home)["customer"] == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_ends_with_its_whole_tree(number: signal.Signals, home: Path) -> None:
    served = Served(home)
    tree = served.tree()
    assert len(tree) >= 4  # the supervisor, the web server and its process, the worker
    assert served.status("/healthz") == 200
    os.kill(served.process.pid, number)
    code = served.process.wait(timeout=30)
    assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    until(lambda: not any(is_alive(pid) for pid in tree), seconds=30)


def test_a_worker_that_dies_is_started_again(home: Path) -> None:
    served = Served(home)
    try:
        first = served.worker()
        os.kill(first, signal.SIGKILL)
        until(lambda: any(pid != first and is_alive(pid) for pid in _workers(served)), seconds=15)
    finally:
        assert served.end() == 0


def _workers(served: Served) -> list[int]:
    try:
        return [served.worker()]
    except StopIteration:
        return []


def test_results_are_sentences_for_a_person(home: Path, tmp_path: Path) -> None:
    member = perennial("member", "create", "Reader@example.com", "--role", "reader", "--password-stdin", home=home,
                       stdin=PASSWORD)  # fmt: skip
    assert member.out == "reader@example.com is a member now, with the role reader.\n"
    night = perennial("nightly", "--on", "2024-06-30", home=home)
    told = night.out.splitlines()
    assert told[0] == "Computed everything as of 2024-06-30."
    assert [line.split()[0] for line in told[1:]] == [*(name for name, _step in STEPS), "fold"]
    assert all(re.fullmatch(r"  \w+ +[\d.]+ s", line) for line in told[1:])
    assert night.err.splitlines()[0] == f"nightly: {STEPS[0][0]} …"
    backup = perennial("backup", tmp_path / "b.tar.gz", home=home)
    assert re.fullmatch(r"Wrote \S+b\.tar\.gz: \d+ files, [\d.]+ [KM]iB\.\n", backup.out)
    restored = perennial("restore", tmp_path / "b.tar.gz", home=tmp_path / "again")
    assert restored.out.startswith(f"Restored into {tmp_path / 'again'} what was backed up on ")
    assert perennial("check", home=tmp_path / "again").out.startswith("All is well: ")
    assert perennial("lake", "check", home=tmp_path / "again").out.startswith("The lake is sound: ")
    for done in (member, night, backup, restored):
        assert "{" not in done.out and "'" not in done.out
