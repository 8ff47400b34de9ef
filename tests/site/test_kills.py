"""SIGKILL of server and worker in the middle of the work: afterwards all of an import is there or nothing of it, the
job says that it was taken up again, and it ends (promises I1, W1)."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from tests.site.process import Served, environment, is_alive, made, perennial, until

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads the process tree from /proc")
CUSTOMERS, LINES, EVENTS = 500, 3000, 6000
QUICK = {"PERENNIAL_LEASE_SECONDS": "1.5"}
MAPPING = """
source: crm
tables:
  - {file: accounts.csv, kind: customers, columns: {external_id: id, name: name}}
  - file: lines.csv
    kind: contracts
    learned: own_date
    columns: {external_id: id, customer: account, amount: mrr, starts_on: start}
    constants: {amount_months: 1}
  - file: use.csv
    kind: usage
    columns: {event_id: id, customer: account, user: who, at: time, event: what}
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dice = random.Random(1)
    folder = tmp_path_factory.mktemp("files")
    accounts = "".join(f"A{n},Customer {n}\n" for n in range(CUSTOMERS))
    lines = "".join(f"L{n},A{n % CUSTOMERS},{n % 90 + 10},2024-01-{n % 28 + 1:02}\n" for n in range(LINES))
    use = "".join(
        f"E{n},A{dice.randrange(CUSTOMERS)},u{n % 40},2024-05-{n % 28 + 1:02} 10:00:00,use\n" for n in range(EVENTS)
    )
    (folder / "accounts.csv").write_text("id,name\n" + accounts)
    (folder / "lines.csv").write_text("id,account,mrr,start\n" + lines)
    (folder / "use.csv").write_text("id,account,who,time,what\n" + use)
    (folder / "mapping.yaml").write_text(MAPPING)
    return folder


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home that was served once, so that its browser files are in place."""
    place = made(tmp_path_factory.mktemp("homes") / "fresh")
    assert perennial("nightly", "--on", "2024-05-31", home=place).code == 0
    Served(place).end()
    return place


@pytest.fixture
def home(fresh: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fresh, tmp_path / "home"))


ASK = """
import django; django.setup()
import sys
from datetime import UTC, datetime
from pathlib import Path
from perennial.integrations.imports import actions, mapping
folder, at = Path(sys.argv[1]), datetime.now(UTC)
if sys.argv[2] == "create":
    files = [(path.name, path.open("rb")) for path in sorted(folder.glob("*.csv"))]
    number = actions.create(files=files, name="killed", by=None, at=at)
    actions.set_mapping(import_id=number, data=mapping.to_data(mapping.parse((folder / "mapping.yaml").read_text())))
else:
    number = int(sys.argv[3])
print(number, getattr(actions, {"create": "check"}.get(sys.argv[2], sys.argv[2]))(import_id=number, by=None, at=at))
"""


def ask(home: Path, files: Path, step: str, number: int = 0) -> tuple[int, int]:
    """Ask for a step as the wizard does; return the import and its job."""
    variables = environment(PERENNIAL_HOME=str(home), DJANGO_SETTINGS_MODULE="perennial.site.settings")
    command = [sys.executable, "-c", ASK, str(files), step, str(number)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    import_id, job = done.stdout.split()
    return int(import_id), int(job)


def one(home: Path, sql: str, *values: object) -> tuple[object, ...]:
    with sqlite3.connect(home / "records.sqlite3", timeout=20) as connection:
        found: tuple[object, ...] = connection.execute(sql, values).fetchone()
        return found


def job(home: Path, number: int) -> tuple[object, ...]:
    return one(home, "SELECT state, attempts, error FROM perennial_job WHERE id = ?", number)


def written(home: Path) -> tuple[object, ...]:
    """Return how many customers and lines the records hold, and events the lake (folded or published)."""
    records = one(home, "SELECT (SELECT count(*) FROM perennial_customer), (SELECT count(*) FROM perennial_line)")
    return (*records, events(home))


def events(home: Path) -> int:
    path = home / "lake" / "manifest.json"
    manifest = json.loads(path.read_text()) if path.exists() else {"tables": {}, "adopted": []}
    names = [file[0] for file in manifest["tables"].get("events", [])] + manifest["adopted"]
    if not names:
        return 0
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT count(*) FROM read_parquet($1, hive_partitioning = false)",
            [[str(home / "lake" / n) for n in names]],
        ).fetchone()
    assert found is not None
    return int(found[0])


def struck(served: Served, home: Path, number: int, after: float) -> bool:
    """Kill the whole tree `after` seconds into the job; return whether the job was still running."""
    until(lambda: job(home, number)[0] != "waiting", seconds=30)
    time.sleep(after)
    served.kill()
    return job(home, number)[0] == "running"


def finish(home: Path, number: int) -> Served:
    """Start anew and wait until the job is done; it is taken up when its lease has run out."""
    served = Served(home, **QUICK)
    until(lambda: job(home, number)[0] not in {"waiting", "running"}, seconds=60)
    return served


@pytest.mark.parametrize("after", [0.5])
def test_killed_while_checking_writes_nothing_and_the_check_is_taken_up_again(
    after: float, home: Path, files: Path
) -> None:
    served = Served(home, **QUICK)
    import_id, number = ask(home, files, "create")
    was_running = struck(served, home, number, after)
    assert written(home) == (0, 0, 0)
    served = finish(home, number)
    served.end()
    state, attempts, error = job(home, number)
    assert (state, error) == ("done", "")
    assert attempts == (2 if was_running else 1)
    assert written(home) == (0, 0, 0)
    (found,) = one(home, "SELECT state FROM perennial_import WHERE id = ?", import_id)
    assert found == "checked"


@pytest.mark.parametrize("after", [0.1, 0.5, 1.2])
def test_killed_while_publishing_leaves_all_or_nothing_and_the_publish_is_finished(
    after: float, home: Path, files: Path
) -> None:
    served = Served(home, **QUICK)
    import_id, checking = ask(home, files, "create")
    until(lambda: job(home, checking)[0] == "done", seconds=60)
    _import, number = ask(home, files, "publish", import_id)
    was_running = struck(served, home, number, after)
    customers, lines, stored = written(home)
    assert (customers, lines) in {(0, 0), (CUSTOMERS, LINES)}
    assert stored in {0, EVENTS}
    assert not (stored and not customers)
    served = finish(home, number)
    try:
        state, attempts, _error = job(home, number)
        assert state == "done"
        assert attempts == (2 if was_running else 1)
        assert written(home) == (CUSTOMERS, LINES, EVENTS)
        if was_running:
            (taken,) = one(home, "SELECT count(*) FROM perennial_journalentry WHERE kind = 'job.taken_over'")
            assert taken == 1
        (found,) = one(home, "SELECT state FROM perennial_import WHERE id = ?", import_id)
        assert found == "published"
        until(
            lambda: one(home, "SELECT count(*) FROM perennial_job WHERE kind = 'recompute' AND state = 'done'")[0],
            seconds=60,
        )
    finally:
        served.end()
    assert perennial("check", home=home).code == 0
    assert one(home, "SELECT count(*), sum(is_live) FROM perennial_portfoliorow") == (CUSTOMERS, CUSTOMERS)


@pytest.mark.parametrize("after", [1.0])
def test_killed_while_computing_ends_with_the_same_figures(after: float, home: Path, files: Path) -> None:
    served = Served(home, **QUICK)
    assert perennial("import", files, "--mapping", files / "mapping.yaml", home=home).code == 0

    def computing() -> tuple[object, ...] | None:
        return one(home, "SELECT min(id), count(*) FROM perennial_job WHERE kind = 'recompute'")

    until(lambda: (computing() or (None, 0))[1], seconds=30)
    found = computing()
    assert found is not None
    number = int(str(found[0]))
    struck(served, home, number, after)
    finish(home, number).end()
    assert job(home, number)[0] == "done"
    assert perennial("check", home=home).code == 0
    figures = "SELECT customer_id, mrr, band, score, active_users_28d, stage FROM perennial_portfoliorow ORDER BY 1"
    with sqlite3.connect(home / "records.sqlite3") as connection:
        once = connection.execute(figures).fetchall()
    assert perennial("nightly", "--on", "2024-05-31", home=home).code == 0
    with sqlite3.connect(home / "records.sqlite3") as connection:
        assert connection.execute(figures).fetchall() == once
    assert len(once) == CUSTOMERS
    assert events(home) == EVENTS


def test_the_worker_alone_killed_is_replaced_and_finishes(home: Path, files: Path) -> None:
    served = Served(home, **QUICK)
    try:
        import_id, number = ask(home, files, "create")
        until(lambda: job(home, number)[0] == "running", seconds=30)
        worker = served.worker()
        os.kill(worker, signal.SIGKILL)
        until(lambda: job(home, number)[0] == "done", seconds=60)
        assert not is_alive(worker)
        assert served.status("/healthz") == 200
        assert one(home, "SELECT state FROM perennial_import WHERE id = ?", import_id) == ("checked",)
    finally:
        served.end()
