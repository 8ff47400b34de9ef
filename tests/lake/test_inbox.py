"""The way in."""

from pathlib import Path

import pytest
from tests.lake.builders import batch, event

from perennial.lake.inbox import accept, event_ids, waiting
from perennial.lake.storage.folder import Folder


def test_an_id_is_sixteen_bytes_of_scope_and_message_and_the_same_every_time() -> None:
    ids = event_ids("key", ["a", "é" * 200, "a"]).to_pylist()
    assert ids[0] == bytes.fromhex("f4f01d8cb9cc7836a3169cd89a7dce09")
    assert ids[0] == ids[2] != ids[1]
    assert {len(one) for one in ids} == {16}


def test_scope_and_message_do_not_run_together() -> None:
    (first,), (second,) = event_ids("ab", ["c"]).to_pylist(), event_ids("a", ["bc"]).to_pylist()
    assert first != second
    assert event_ids("1", ["a"]) != event_ids("2", ["a"])


def test_every_batch_is_a_file_of_its_own_named_by_its_writer(tmp_path: Path) -> None:
    names = {accept(Folder(tmp_path), batch(event("a")), writer="web_1") for _ in range(2)}
    assert set(waiting(Folder(tmp_path))) == names
    assert len(names) == 2
    assert all(name.startswith("inbox/web_1-") for name in names)
    with pytest.raises(ValueError, match="writer"):
        accept(Folder(tmp_path), batch(event("a")), writer="../x")
