"""What is told of a job that failed unforeseen: what happened, where, and what to do."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from perennial.jobs import failures, worker
from perennial.jobs.failures import Reached
from perennial.jobs.handlers import HANDLERS
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue.models import Job

AT = Reached(1500, 12_000, "accounts.csv")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            ValueError("no such column\nsecret trace"),
            "Something failed that nobody foresaw: ValueError: no such column.",
        ),
        (KeyError(), "Something failed that nobody foresaw: KeyError."),
        (MemoryError(), "The machine has too little memory for this."),
        (OSError(errno.ENOSPC, "full"), "The disk is full."),
        (OperationalError("locked"), "The database could not be reached, or was busy for too long."),
        (FileNotFoundError(2, "gone", "/x/a.csv"), "A file that belongs to this is not there any more: /x/a.csv."),
    ],
)
def test_the_cause_is_said_first_and_in_words(error: Exception, said: str) -> None:
    told = failures.told("import.check", 7, error, AT)
    assert told.startswith(said)
    assert "It was in accounts.csv, in the rows after 1500 of 12000." in told
    assert told.endswith("The log has the rest under job 7.")
    assert "secret" not in told


def test_what_to_do_depends_on_the_work_and_on_the_cause() -> None:
    def told(kind: str, error: Exception) -> str:
        return failures.told(kind, 7, error, AT)

    assert "save the file as CSV in UTF-8" in told("import.look", ValueError())
    assert "publish again" in told("import.publish", ValueError())
    assert "Make room on the disk" in told("import.check", OSError(errno.ENOSPC, ""))
    assert "accounts.csv" not in told("nightly", ValueError())


@pytest.mark.django_db
def test_a_worker_keeps_it_with_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_claim: Any, report: Any, _at: Any) -> None:
        report(40, 100, "lines.csv")
        raise ValueError("what is this")

    monkeypatch.setattr(worker.connection, "close", lambda: None)  # the test's own transaction is open on it
    monkeypatch.setitem(HANDLERS, "import.check", fails)
    queue.enqueue("import.check", payload={"import": 1}, at=timezone.now())
    claimed = queue.claim(at=timezone.now())
    assert claimed is not None
    worker.perform(claimed)
    error = Job.objects.get(id=claimed.id).error
    assert "ValueError: what is this" in error
    assert "lines.csv, in the rows after 40 of 100" in error
