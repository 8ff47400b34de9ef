"""Erasure on a disk: no byte is left under the home, a restore of an older backup erases again, a kill is made good."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.site.process import ROOT, environment, made, perennial

PERSON = ("canary person", "canary.person@example.com", "canary-contact", "canary-title", "canary-summary",
          "canary-comment", "canary-j")  # fmt: skip


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a step of tests/privacy/homes.py in a process of its own."""
    given = environment(PERENNIAL_HOME=str(home), DJANGO_SETTINGS_MODULE="perennial.site.settings")
    return subprocess.run(
        [sys.executable, "-m", "tests.privacy.homes", *arguments], capture_output=True, text=True, check=False,
        env={**given, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}, cwd=ROOT, timeout=120,
    )  # fmt: skip


def well(home: Path, *arguments: str) -> str:
    done = run(home, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def places(home: Path, words: tuple[str, ...]) -> list[str]:
    """Return where one of the words stands: in the bytes of a file, and in the decoded rows of a Parquet file."""
    found = []
    for path in sorted(home.rglob("*")):
        if not path.is_file():
            continue
        text = path.read_bytes().lower()
        if path.suffix == ".parquet":
            text += repr(pq.read_table(path, partitioning=None).to_pylist()).lower().encode()
        found += [f"{path.relative_to(home)}: {word}" for word in words if word.encode() in text]
    return found


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = made(tmp_path_factory.mktemp("homes") / "planted")
    well(home, "plant")
    return home


@pytest.fixture(scope="module")
def backup(planted: Path) -> Path:
    target = planted.parent / "before.tar.gz"
    assert perennial("backup", target, home=planted).code == 0
    return target


@pytest.fixture
def home(planted: Path, backup: Path, tmp_path: Path) -> Path:
    shutil.copytree(planted, tmp_path / "home")
    return tmp_path / "home"


@pytest.mark.parametrize(("subject", "words"), [("person", PERSON), ("customer", ("canary",))])
def test_no_byte_is_left_under_the_home_once_the_certificate_is_complete(
    home: Path, subject: str, words: tuple[str, ...]
) -> None:
    before = places(home, words)
    for store in ("records.sqlite3", "lake/events", "uploads", "exports", "privacy"):
        assert any(place.startswith(store) for place in before), store
    well(home, subject)
    well(home, "start", "-1")
    assert well(home, "settle", "1") == "false"
    assert well(home, "settle", "12") == "true"
    assert places(home, words) == []
    assert places(home, ("robin.person@example.com",))
    assert perennial("check", home=home).code == 0


@pytest.mark.parametrize("step", ["0", "1", "2"])
def test_a_worker_that_is_killed_in_the_middle_is_made_good_by_the_next(home: Path, step: str) -> None:
    well(home, "customer")
    assert run(home, "start", step).returncode == 9
    well(home, "start", "-1")
    well(home, "settle", "1")
    assert well(home, "settle", "12") == "true"
    assert places(home, ("canary",)) == []


@pytest.mark.parametrize("subject", ["person", "customer"])
def test_a_restore_of_an_older_backup_erases_again_before_anything_serves(
    home: Path, backup: Path, tmp_path: Path, subject: str
) -> None:
    well(home, subject)
    lost = perennial("restore", backup, home=tmp_path / "without")
    assert "No list of erasures was found" in lost.out
    target = tmp_path / "restored"
    wrong = perennial("restore", backup, "--erasures", tmp_path / "nowhere", home=target)
    assert wrong.code == 1
    assert "nowhere" in wrong.err
    done = perennial("restore", backup, "--erasures", home / "erasures.jsonl", "--json", home=target)
    assert (done.json["has_list"], done.json["erased_again"]) == (True, 1)
    words = PERSON if subject == "person" else ("canary",)
    well(target, "start", "-1")
    well(target, "settle", "1")
    assert well(target, "settle", "12") == "true"
    assert places(target, words) == []
    assert places(target, ("robin.person@example.com",))


def test_a_list_that_cannot_be_read_stops_the_restore_before_anything_is_there(backup: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text("nonsense\n")
    done = perennial("restore", backup, "--erasures", bad, home=tmp_path / "restored")
    assert done.code == 1
    assert "line 1" in done.err
    assert not (tmp_path / "restored" / "records.sqlite3").exists()


def test_the_command_finds_exports_and_erases_only_what_is_confirmed(home: Path, tmp_path: Path) -> None:
    found = perennial("privacy", "find", "canary", "--json", home=home).json["found"]
    assert [one["name"] for one in found] == ["canarycorp", "canary Person"]
    ref = found[1]["ref"]
    target = tmp_path / "canary.zip"
    assert perennial("privacy", "export", ref, "--to", target, "--json", home=home).json["events"] == 3
    assert perennial("privacy", "export", ref, "--to", target, home=home).code == 1
    assert "canary Person" in perennial("privacy", "erase", ref, "--reason", "asked", home=home).err
    assert "Say why" in perennial("privacy", "erase", ref, "--confirm", "canary Person", home=home).err
    done = perennial("privacy", "erase", ref, "--reason", "asked", "--confirm", "canary Person", "--json", home=home)
    assert done.json["rewritten"] is False
    assert perennial("privacy", "find", "canary Per", "--json", home=home).json["found"] == []
    assert perennial("privacy", "export", ref, "--to", tmp_path / "b.zip", home=home).code == 1
