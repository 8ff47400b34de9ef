"""A home whose lake is in an object store, by the real command: moved there, checked, backed up, restored."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lake.builders import AT, DAY, METRICS, batch, event
from tests.lake.object_server import KEY, SECRET, ObjectServer
from tests.site.process import made, perennial

from perennial.lake.storage.place import Place
from perennial.lake.store import Lake


def _named(place: Place, **instead: str) -> dict[str, str]:
    return {
        "PERENNIAL_LAKE": repr(place),
        "PERENNIAL_LAKE_ENDPOINT": place.endpoint or "",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    } | instead


def test_a_home_goes_over_to_an_object_store_and_its_backup_comes_back_from_one(
    store: ObjectServer, tmp_path: Path
) -> None:
    home = made(tmp_path / "home")
    lake = Lake(home / "lake")
    lake.accept(batch(event("a"), event("b", day=DAY + 1)), writer="w1")
    lake.compact(METRICS, at=AT)
    lake.accept(batch(event("c", day=DAY + 2)), writer="w1")
    place = store.place()
    refused = perennial("intake", home=home, **_named(place))
    assert (refused.code, "perennial lake upload" in refused.err) == (1, True), refused.err
    moved = perennial("lake", "upload", "--json", home=home, **_named(place)).json
    assert (moved["counts"]["stored"], moved["waiting"], moved["left_in"]) == (2, 1, str(home / "lake-uploaded"))
    assert perennial("lake", "check", home=home, **_named(place)).code == 0
    assert perennial("check", home=home, **_named(place)).code == 0
    assert not (home / "lake").exists()
    backup = perennial("backup", tmp_path / "b.tar.gz", home=home, **_named(place))
    assert backup.code == 0, backup.err

    taken = perennial("restore", tmp_path / "b.tar.gz", home=tmp_path / "two", **_named(place))
    assert (taken.code, "holds a lake" in taken.err) == (1, True)
    other = store.place()
    back = perennial("restore", tmp_path / "b.tar.gz", home=tmp_path / "two", **_named(other))
    assert back.code == 0, back.err
    held = perennial("lake", "check", "--json", home=tmp_path / "two", **_named(other)).json
    assert (held["counts"]["stored"], held["waiting"]) == (2, 1)
    here = perennial("restore", tmp_path / "b.tar.gz", home=tmp_path / "three")
    assert here.code == 0, here.err
    assert perennial("lake", "check", "--json", home=tmp_path / "three").json["counts"]["stored"] == 2
    for path in [path for name in ("home", "two") for path in (tmp_path / name).rglob("*") if path.is_file()]:
        assert SECRET.encode() not in path.read_bytes(), path

    fresh = perennial(
        "init", "--currency", "CNY", "--timezone", "Asia/Shanghai", home=tmp_path / "new", **_named(place)
    )
    assert (fresh.code, "holds the lake of another home" in fresh.err) == (1, True)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PERENNIAL_LAKE": "gs://x/y"}, "s3://bucket/prefix"),
        ({"PERENNIAL_LAKE": f"s3://me:{SECRET}@bucket/y"}, "s3://bucket/prefix"),
        ({"PERENNIAL_LAKE_ENDPOINT": "minio:9000"}, "for example https://"),
        ({"AWS_ACCESS_KEY_ID": ""}, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        ({"PERENNIAL_LAKE": "s3://there-is-none/y"}, "There is no bucket there-is-none"),
        ({"PERENNIAL_LAKE_ENDPOINT": "http://127.0.0.1:9"}, "is PERENNIAL_LAKE_ENDPOINT right?"),
    ],
)
def test_what_is_wrong_with_the_place_is_said_and_no_secret_is(
    store: ObjectServer, tmp_path: Path, variables: dict[str, str], said: str
) -> None:
    home = made(tmp_path / "home")
    done = perennial("lake", "check", home=home, **_named(store.place(), **variables))
    assert done.code == 1
    assert said in done.err
    assert SECRET not in done.err
    assert "Traceback" not in done.err
