"""What the command line refuses, and how it says so: one sentence, an exit code, no traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests.site.process import PASSWORD, environment, made, perennial


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("homes") / "one")


@pytest.mark.parametrize(
    "arguments",
    [[], ["fly"], ["nightly", "--on", "2024-02-30"], ["key", "create", "k", "--scope", "all"], ["import"],
     ["member", "create", "a@example.com", "--role", "boss"], ["serve", "--port", "0"], ["serve", "--port", "65536"],
     ["serve", "--threads", "none"], ["demo", "--customers", "-5"],
     ["key", "create", "k", "--scope", "read", "--source", "crm"],
     ["member", "create", "a@example.com", "--role", "csm"]],
)  # fmt: skip
def test_wrong_usage_is_exit_2_with_the_reason_on_stderr(arguments: list[str], home: Path) -> None:
    done = perennial(*arguments, PERENNIAL_HOME=str(home))
    assert (done.code, done.out) == (2, "")
    assert "usage: perennial" in done.err


@pytest.mark.parametrize(
    "arguments",
    [["nightly", "--on", "2024-05-31"], ["key", "create", "k", "--scope", "read"], ["import", "."],
     ["member", "create", "a@example.com", "--role", "admin", "--password-stdin"], ["check"], ["backup", "b.tar.gz"]],
)  # fmt: skip
def test_work_in_a_home_that_was_never_made_is_exit_1_without_a_traceback(arguments: list[str], tmp_path: Path) -> None:
    done = perennial(*arguments, home=tmp_path / "never", stdin=PASSWORD)
    assert (done.code, done.out) == (1, "")
    assert done.err.strip()
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_that_is_taken_is_said_before_anything_takes_long(command: str, home: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        done = perennial(command, "--port", str(number), home=home if command == "serve" else tmp_path / "demo")
    assert (done.code, done.out) == (1, "")
    other = number + 1 if number < 65535 else 8000
    assert done.err == f"Port {number} is taken by another program. Choose another one: --port {other}\n"
    assert not (tmp_path / "demo" / "records.sqlite3").exists()


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid", "ü" * 70])
def test_an_address_of_another_machine_is_said(host: str, home: Path) -> None:
    done = perennial("serve", "--host", host, home=home)
    assert (done.code, done.out) == (1, "")
    assert f"{host} is no address of this machine" in done.err


@pytest.mark.parametrize("text", ["2024-13-1", "2024-02-30", "20240531", "yesterday", "", "2024-05-31T00:00"])
def test_a_day_that_is_none_is_said_with_how_to_write_one(text: str, home: Path) -> None:
    done = perennial("nightly", "--on", text, home=home)
    assert (done.code, done.out) == (2, "")
    assert f"{text!r} is no day. Write it as YYYY-MM-DD, for example 2024-05-31." in done.err
    assert "isoformat" not in done.err


def test_a_password_is_not_waited_for_without_a_terminal(home: Path) -> None:
    done = perennial("member", "create", "b@example.com", "--role", "csm", home=home, stdin=PASSWORD)
    assert (done.code, done.out) == (2, "")
    assert "--password-stdin" in done.err and "GetPassWarning" not in done.err


@pytest.mark.parametrize("arguments", [["nightly"], ["serve"], ["check"], ["worker"], ["backup", "b.tar.gz"]])
def test_a_home_that_is_not_there_is_named_and_not_made(arguments: list[str], tmp_path: Path) -> None:
    done = perennial(*arguments, home=tmp_path / "typo")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"There is no home in {tmp_path / 'typo'}. Make one: perennial init --home ")
    assert not (tmp_path / "typo").exists()


def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for arguments in (["init", "--currency", "CNY", "--timezone", "Asia/Shanghai"], ["check"]):
        done = perennial(*arguments, home=tmp_path / "file")
        assert (done.code, done.out) == (1, "")
        assert done.err == f"{tmp_path / 'file'} is a file. --home names a folder.\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become somebody without rights")
@pytest.mark.parametrize("is_made", [True, False])
def test_a_folder_without_the_right_to_write_is_named(is_made: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        (Path(name) / "secret.key").touch()
        code = f"import os; from perennial.site import env; os.setuid(65534); env.refuse_unusable_home({is_made=})"
        done = subprocess.run([sys.executable, "-c", code], env=environment(PERENNIAL_HOME=name), capture_output=True,
                              text=True, check=False)  # fmt: skip
    assert f"Unusable: This user may not write in {name}. Give it the rights" in done.stderr


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://u:geheim@h/n", "DATABASE_URL begins with mysql://."),
        ("postgresql://u:geheim@h:port/n", "DATABASE_URL has a port that is no number."),
        ("postgresql://u:geheim@h:5432", "DATABASE_URL names no database."),
        ("postgresql://u:geheim@127.0.0.1:1/n", "The records cannot be reached: "),
    ],
)
def test_an_unusable_database_url_is_said_without_its_password(url: str, said: str, home: Path) -> None:
    done = perennial("nightly", home=home, DATABASE_URL=url)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(said) and "postgresql://user:password@host:5432/name" in done.err
    assert "geheim" not in done.err and "Traceback" not in done.err


def test_a_setting_in_the_environment_that_is_none_is_said(home: Path) -> None:
    done = perennial("check", home=home, PERENNIAL_LEASE_SECONDS="soon")
    assert (done.code, done.err) == (
        1, "PERENNIAL_LEASE_SECONDS is 'soon'. Write a number of seconds, for example 60.\n")  # fmt: skip


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ("clickhouse", "PERENNIAL_ENGINE names no engine. It can be duckdb, spark://host:7077, local[*] or postgres."),
        ("postgres://u:geheim@h/n", "PERENNIAL_ENGINE names no engine."),  # the records' server, or none
        ("postgres", "PERENNIAL_ENGINE is 'postgres', and DATABASE_URL is not set."),
    ],
)
def test_an_engine_that_is_none_is_said(engine: str, said: str, home: Path) -> None:
    done = perennial("check", home=home, PERENNIAL_ENGINE=engine, DATABASE_URL="")
    assert done.code == 1 and done.err.startswith(said), done.err
    assert "geheim" not in done.err and "Traceback" not in done.err


def test_a_backup_that_is_no_file_is_said(home: Path, tmp_path: Path) -> None:
    done = perennial("restore", tmp_path / "none.tar.gz", home=tmp_path / "fresh")
    assert (done.code, done.out) == (1, "")
    assert "Traceback" not in done.err and "none.tar.gz" in done.err
