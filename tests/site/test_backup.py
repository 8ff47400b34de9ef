"""A backup counts only after a restore that was compared: whole, of one moment, and refused where it is not."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from tests.lake.builders import batch, event
from tests.site.process import made, perennial

DAYS = [f"2024-05-{n % 28 + 1:02}" for n in range(500)]
CSV = {
    "accounts.csv": "id,name\n" + "".join(f"A{n},Customer {n}\n" for n in range(50)),
    "use.csv": "id,account,time,event\n"
    + "".join(f"E{n},A{n % 50},{day} 10:00:00,use\n" for n, day in enumerate(DAYS)),
}
MAPPING = """
source: crm
tables:
  - {file: accounts.csv, kind: customers, columns: {external_id: id, name: name}}
  - {file: use.csv, kind: usage, columns: {event_id: id, customer: account, at: time, event: event}}
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    for name, text in CSV.items():
        (folder / name).write_text(text)
    (folder / "mapping.yaml").write_text(MAPPING)
    return folder


def filled(home: Path, files: Path, **variables: str) -> Path:
    made(home, **variables)
    for command in (["import", files, "--mapping", files / "mapping.yaml"], ["nightly", "--on", "2024-05-31"]):
        done = perennial(*command, home=home, **variables)
        assert done.code == 0, done.err
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Path:
    return filled(tmp_path_factory.mktemp("homes") / "one", files)


@pytest.fixture(scope="module")
def backup(home: Path) -> Path:
    target = home.parent / "backup.tar.gz"
    done = perennial("backup", target, "--json", home=home)
    assert done.json["bytes"] == target.stat().st_size
    return target


def tables(home: Path) -> dict[str, str]:
    """Return a digest of every table's rows."""
    with sqlite3.connect(home / "records.sqlite3") as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: hashlib.sha256(repr(connection.execute(f"SELECT * FROM [{name}]").fetchall()).encode()).hexdigest()
            for name in sorted(names)
        }


def lake(home: Path) -> dict[str, object]:
    """Return the lake's manifest, and the digest of every file that it names."""
    manifest = json.loads((home / "lake" / "manifest.json").read_text())
    names = [file[0] for files in manifest["tables"].values() for file in files] + manifest["adopted"]
    files = {name: hashlib.sha256((home / "lake" / name).read_bytes()).hexdigest() for name in names}
    return {"manifest": manifest, "files": files}


def test_a_restore_gives_the_same_tables_and_the_same_lake(home: Path, backup: Path, tmp_path: Path) -> None:
    done = perennial("restore", backup, "--json", home=tmp_path / "new")
    assert done.json["files"] > 5
    assert tables(tmp_path / "new") == tables(home)
    assert lake(tmp_path / "new") == lake(home)
    assert (tmp_path / "new" / "secret.key").read_text() != (home / "secret.key").read_text()
    assert not list(home.glob(".backup-*"))
    check = perennial("check", "--json", home=tmp_path / "new")
    assert check.json["ok"] is True


def test_the_restored_home_works_on(backup: Path, files: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    assert perennial("restore", backup, home=new).code == 0
    again = perennial("import", files, "--mapping", files / "mapping.yaml", "--json", home=new)
    assert again.json["kinds"]["customers"] == {"new": 0, "changed": 0, "same": 50, "rejected": 0}
    assert again.json["kinds"]["usage"] == {"new": 0, "changed": 0, "same": 500, "rejected": 0}


def test_half_a_backup_is_refused_and_leaves_nothing(backup: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.tar.gz"
    for share in (0.0, 0.3, 0.999):
        half.write_bytes(backup.read_bytes()[: int(backup.stat().st_size * share)])
        done = perennial("restore", half, home=tmp_path / "new")
        assert (done.code, done.out) == (1, "")
        assert "no whole backup" in done.err
        assert {path.name for path in (tmp_path / "new").iterdir()} <= {"secret.key", "cache"}


def test_an_altered_byte_is_found_by_its_digest(backup: Path, tmp_path: Path) -> None:
    with tarfile.open(backup) as tar:
        tar.extractall(tmp_path / "parts", filter="data")
    records = tmp_path / "parts" / "records.sqlite3"
    content = bytearray(records.read_bytes())
    content[len(content) // 2] ^= 1
    records.write_bytes(content)
    altered = tmp_path / "altered.tar.gz"
    with tarfile.open(altered, "w:gz") as tar:
        for path in sorted((tmp_path / "parts").iterdir()):
            tar.add(path, arcname=path.name)
    done = perennial("restore", altered, home=tmp_path / "new")
    assert done.code == 1
    assert "records.sqlite3 is missing or differs" in done.err
    assert not (tmp_path / "new" / "records.sqlite3").exists()


def test_a_part_that_is_gone_is_found(backup: Path, tmp_path: Path) -> None:
    with tarfile.open(backup) as old, tarfile.open(tmp_path / "less.tar.gz", "w:gz") as new:
        for member in old.getmembers():
            if member.name != "lake/manifest.json":
                new.addfile(member, old.extractfile(member))
    done = perennial("restore", tmp_path / "less.tar.gz", home=tmp_path / "new")
    assert done.code == 1
    assert "lake/manifest.json is missing" in done.err


def test_a_home_in_use_and_a_file_that_is_there_are_refused(home: Path, backup: Path, tmp_path: Path) -> None:
    before = tables(home)
    into = perennial("restore", backup, home=home)
    over = perennial("backup", backup, home=home)
    assert (into.code, over.code) == (1, 1)
    assert "is in use" in into.err
    assert "exists already" in over.err
    assert tables(home) == before


def test_a_backup_taken_while_events_arrive_and_are_folded_is_a_sound_lake(
    home: Path, tmp_path: Path, files: Path
) -> None:
    from datetime import UTC, datetime, timedelta

    from perennial.lake.store import Lake
    from perennial.usage.lake import definitions

    busy = tmp_path / "busy"
    shutil.copytree(home, busy)
    over = threading.Event()
    written: list[int] = []
    store = Lake(busy / "lake", grace=timedelta(0))  # swept at once: only the backup's own names keep the files

    def write() -> None:
        while not over.is_set():
            number = len(written)
            store.accept(batch(event(f"live-{number}", customer=number % 50 + 1)), writer="test")
            written.append(number)
            store.compact(definitions(), at=datetime.now(UTC))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = []
        for number in range(4):
            before = len(written)
            done = perennial("backup", tmp_path / f"{number}.tar.gz", home=busy)
            assert done.code == 0, done.err
            counts.append((before, len(written)))
    finally:
        over.set()
        writer.join()
    assert written
    for number, (before, after) in enumerate(counts):
        restored = tmp_path / f"restored-{number}"
        assert perennial("restore", tmp_path / f"{number}.tar.gz", home=restored).code == 0
        copy = Lake(restored / "lake")
        assert copy.check() == []
        copy.compact(definitions(), at=datetime.now(UTC))
        assert before <= copy.totals().stored - 500 <= after


@pytest.fixture
def database() -> Iterator[str]:
    """Return the address of an empty PostgreSQL database beside that of the tests."""
    url = os.environ.get("TEST_DATABASE_URL")
    if not url or shutil.which("pg_dump") is None:
        pytest.skip("TEST_DATABASE_URL is not set, or pg_dump is not here")
    name = f"backup_{uuid.uuid4().hex[:12]}"
    server = urlunsplit(urlsplit(url)._replace(path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def rows(url: str) -> dict[str, str]:
    """Return a digest of every table's rows."""
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        return {
            name: hashlib.sha256(
                repr(connection.execute(f"SELECT t::text FROM {name} AS t ORDER BY 1").fetchall()).encode()
            ).hexdigest()
            for (name,) in names
        }


def test_postgresql_is_dumped_and_loaded_into_an_empty_database_only(
    database: str, files: Path, tmp_path: Path
) -> None:
    home = filled(tmp_path / "one", files, DATABASE_URL=database)
    done = perennial("backup", tmp_path / "b.tar.gz", home=home, DATABASE_URL=database)
    assert done.code == 0, done.err
    refused = perennial("restore", tmp_path / "b.tar.gz", home=tmp_path / "two", DATABASE_URL=database)
    assert refused.code == 1
    assert "in use" in refused.err
    assert not (tmp_path / "two" / "lake").exists()
    wrong = perennial("restore", tmp_path / "b.tar.gz", home=tmp_path / "three")
    assert wrong.code == 1
    assert "postgresql" in wrong.err
    before = rows(database)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    loaded = perennial("restore", tmp_path / "b.tar.gz", home=tmp_path / "two", DATABASE_URL=database)
    assert loaded.code == 0, loaded.err
    assert rows(database) == before
    assert lake(tmp_path / "two") == lake(home)
