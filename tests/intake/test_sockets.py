"""The intake over real sockets: keys, limits, verdicts, and the real clients with only their host set."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.intake.served import Intake, basic
from tests.site.process import perennial

from perennial.intake.terms import BATCH_BYTES

NODE = Path(__file__).parent / "node"
TRACK: dict[str, Any] = {"type": "track", "userId": "u1", "event": "Report Opened"}


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    running = Intake(tmp_path_factory.mktemp("intake"))
    yield running
    running.end()


def test_each_message_gets_a_verdict_and_what_was_taken_is_on_disk(intake: Intake) -> None:
    before = len(intake.events())
    answer = intake.send({**TRACK, "messageId": "v1"}, {"type": "nothing"}, {**TRACK, "messageId": "v2"})
    assert (answer["success"], answer["sent"], answer["accepted"]) == (False, 3, 2)
    assert answer["rejected"] == [{"index": 1, "messageId": "", "reason": "unknown_type", "where": "nothing"}]
    assert len(intake.events()) == before + 2


@pytest.mark.parametrize("path", ["/v1/track", "/v1/t"])
@pytest.mark.parametrize("how", ["basic", "bearer", "body"])
def test_the_key_comes_as_user_name_as_bearer_or_in_the_body(intake: Intake, path: str, how: str) -> None:
    headers = {"basic": {"Authorization": basic(intake.key)}, "bearer": {"Authorization": f"Bearer {intake.key}"}}
    body = {**TRACK, "writeKey": intake.key} if how == "body" else TRACK
    status, _headers, answer = intake.call(path, json.dumps(body).encode(), **headers.get(how, {}))
    assert (status, answer) == (200, {"success": True})


def test_only_a_live_intake_key_may_send(intake: Intake) -> None:
    body, before = json.dumps(TRACK).encode(), len(intake.events())
    revoked = intake.new_key("old", "intake")
    assert intake.call("/v1/track", body, Authorization=basic(revoked))[0] == 200
    _revoke(intake, revoked)
    time.sleep(0.6)  # a process trusts a key for half a second
    answers = [
        intake.call("/v1/track", body, Authorization=basic(key))[0]
        for key in (revoked, "pk_unknown", intake.new_key("r", "read"), intake.new_key("w", "write"))
    ]
    assert [*answers, intake.call("/v1/track", body)[0]] == [401, 401, 403, 403, 401]
    assert len(intake.events()) == before + 1


def _revoke(intake: Intake, key: str) -> None:
    import sqlite3

    with sqlite3.connect(intake.home / "records.sqlite3") as records:
        records.execute("UPDATE perennial_apikey SET revoked_at = created_at WHERE prefix = ?", (key[:9],))


@pytest.mark.parametrize(("more", "status"), [(-1, 200), (0, 200), (1, 413)])
@pytest.mark.parametrize("packed", [False, True])
def test_the_limit_counts_unpacked_bytes(intake: Intake, more: int, status: int, packed: bool) -> None:
    start = json.dumps({"batch": [TRACK], "x": ""}).encode()
    body = start[:-2] + b"a" * (BATCH_BYTES + more - len(start)) + b'"}'
    assert len(body) == BATCH_BYTES + more
    headers = {"Authorization": basic(intake.key), **({"Content_Encoding": "gzip"} if packed else {})}
    assert intake.call("/v1/batch", gzip.compress(body) if packed else body, **headers)[0] == status


def test_a_gzip_bomb_a_cut_gzip_and_unknown_packing_are_refused(intake: Intake) -> None:
    bomb, cut = gzip.compress(b"0" * 100_000_000), gzip.compress(json.dumps(TRACK).encode())[:-9]
    key = {"Authorization": basic(intake.key)}
    assert intake.call("/v1/batch", bomb, Content_Encoding="gzip", **key)[0] == 413
    assert intake.call("/v1/track", cut, Content_Encoding="gzip", **key)[0] == 400
    assert intake.call("/v1/track", b"xx", Content_Encoding="gzip", **key)[0] == 400
    assert intake.call("/v1/track", b"xx", Content_Encoding="br", **key)[0] == 415


def test_other_addresses_and_methods_are_refused(intake: Intake) -> None:
    key = {"Authorization": basic(intake.key)}
    assert intake.call("/v1/other", b"{}", **key)[0] == 404
    assert intake.call("/v1/track", b"", method="GET", **key)[0] == 405
    assert intake.call("/sign-in", b"", method="GET")[0] == 404


def test_a_user_counts_for_the_group_that_was_named_last(intake: Intake) -> None:
    intake.send({**TRACK, "userId": "g1", "messageId": "g1a", "event": "before"})
    intake.send(
        {"type": "group", "userId": "g1", "groupId": "globex", "messageId": "g1b"},
        {**TRACK, "userId": "g1", "messageId": "g1c", "event": "after"},
    )
    intake.send({**TRACK, "userId": "g1", "messageId": "g1d", "event": "elsewhere", "context": {"groupId": "initech"}})
    intake.send({**TRACK, "userId": "g1", "messageId": "g1e", "event": "later"})
    of = {row["event"]: row["customer"] for row in intake.events() if row["event"] in
          ("before", "after", "$group", "elsewhere", "later")}  # fmt: skip
    assert of["before"] != of["after"] == of["$group"] == of["later"] != of["elsewhere"]
    assert all(number < 0 for number in of.values())  # nobody is known yet: unconfirmed


def test_the_python_client_works_with_only_its_host_set(intake: Intake) -> None:
    from segment.analytics.client import Client

    client = Client(intake.key, host=intake.host, gzip=True, timeout=20, max_retries=1)
    client.identify("p1", {"name": "Pia"})
    client.group("p1", "acme", {"name": "Acme"})
    client.track("p1", "Report Opened", {"feature": "reports", "value": 2.5}, message_id="python-1")
    client.flush()
    client.join()
    assert _sent(intake, "acme", "Report Opened") == [("reports", 2.5)]


@pytest.mark.skipif(shutil.which("npm") is None, reason="no Node on this machine")
def test_the_node_client_works_with_only_its_host_set(intake: Intake, tmp_path: Path) -> None:
    for file in ("package.json", "package-lock.json", "send.mjs"):
        shutil.copy(NODE / file, tmp_path)
    subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=tmp_path, check=True, capture_output=True
    )
    before = _sent(intake, "acme", "Report Opened")
    subprocess.run(["node", "send.mjs", intake.host, intake.key], cwd=tmp_path, check=True, timeout=60)
    assert _sent(intake, "acme", "Report Opened") == [*before, ("reports", 2.5)]


def _sent(intake: Intake, group: str, event: str) -> list[tuple[str, float]]:
    rows = intake.events()
    customers = {
        row["customer"]
        for row in rows
        if row["event"] == "$group" and f'"name":"{group.title()}"' in (row["props"] or "")
    }
    return [
        (row["feature"], float(row["value"])) for row in rows if row["event"] == event and row["customer"] in customers
    ]


def test_what_was_refused_is_kept_as_it_came(intake: Intake) -> None:
    import sqlite3

    intake.send({"type": "track", "messageId": "lost", "event": "e"})
    with sqlite3.connect(intake.home / "records.sqlite3") as records:
        rows = records.execute(
            "SELECT reason, \"where\", raw FROM perennial_rejectedmessage WHERE message_id = 'lost'"
        ).fetchall()
    assert rows == [("no_user", "userId", '{"type":"track","messageId":"lost","event":"e"}')]
    assert perennial("check", home=intake.home).code == 0
