"""A paper that a member changed, when its source is read again: the member's word stays, a new one is an open point."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from django.db.models import Q
from tests.contracts.books import customers

from perennial.contracts import by_hand, collecting, papers
from perennial.contracts.actions import write_contracts
from perennial.contracts.drafts import LineError
from perennial.contracts.models import Contract
from perennial.contracts.papers import Paper
from perennial.kernel.versions import Incoming

TOLD = {"number": "C-1", "kind": "order", "signed_on": date(2025, 1, 10), "credit_days": 30}


@pytest.fixture
def place(organisation: None, now: datetime, member: Callable[..., int]) -> dict[str, Any]:
    found = {"id": customers("Acme", at=now)["Acme"], "by": member("admin"), "at": now}
    read(found)
    return found


def read(place: dict[str, Any], **more: Any) -> str:
    """Read the source's file again; return what became of the contract."""
    row = Incoming("C-1", {"customer_id": place["id"], **TOLD, **more})
    _ids, counted = write_contracts([row], source="crm", at=place["at"])
    return counted.outcomes["C-1"]


def one() -> Contract:
    return Contract.objects.get(external_id="C-1")


def change(place: dict[str, Any], **more: Any) -> int | None:
    paper = Paper(**{"number": "C-1", "kind": "order", "signed_on": one().signed_on, **more})
    return papers.change(one().pk, paper, seen=papers.mark(one()), by=place["by"], at=place["at"])


def decide(place: dict[str, Any], column: str, *, takes: bool) -> int | None:
    return papers.decide(one().pk, column, takes=takes, seen=papers.mark(one()), by=place["by"], at=place["at"])


def test_what_the_source_repeats_leaves_the_members_word_and_asks_nothing(place: dict[str, Any]) -> None:
    change(place, signed_on=date(2025, 1, 12))
    collecting.set_credit_days(one().pk, 60, rows=Q(), by=place["by"], at=place["at"])
    assert read(place) == "same"
    assert (one().signed_on, one().credit_days, by_hand.open_points(one())) == (date(2025, 1, 12), 60, [])
    assert read(place, kind="supplement") == "changed", "what nobody changed here follows the source"
    assert one().kind == "supplement"


def test_what_the_source_says_anew_is_an_open_point_until_somebody_decides(place: dict[str, Any]) -> None:
    change(place, signed_on=date(2025, 1, 12))
    read(place, signed_on=date(2025, 2, 1))
    assert (one().signed_on, by_hand.open_points(one())) == (date(2025, 1, 12), ["signed_on"])
    with pytest.raises(LineError, match="meanwhile"):
        papers.decide(one().pk, "signed_on", takes=True, seen="other", by=place["by"], at=place["at"])
    assert decide(place, "number", takes=True) is None
    assert decide(place, "signed_on", takes=False) is not None
    assert by_hand.open_points(one()) == []
    assert read(place, signed_on=date(2025, 2, 1)) == "same", "it is decided until the source says yet another day"
    read(place, signed_on=date(2025, 3, 1))
    entry = decide(place, "signed_on", takes=True)
    assert (one().signed_on, one().by_hand) == (date(2025, 3, 1), {})
    assert entry is not None and papers.undo(entry_id=entry, by=place["by"], at=place["at"])
    assert (one().signed_on, by_hand.open_points(one())) == (date(2025, 1, 12), ["signed_on"])


def test_where_both_say_the_same_nothing_is_by_hand_any_more(place: dict[str, Any]) -> None:
    entry = change(place, signed_on=date(2025, 1, 12))
    read(place, signed_on=date(2025, 1, 12))
    assert one().by_hand == {}
    assert read(place, signed_on=date(2025, 4, 1)) == "changed"
    assert one().signed_on == date(2025, 4, 1), "from then on the source is followed"
    change(place, signed_on=date(2025, 5, 1))
    change(place, signed_on=date(2025, 4, 1))
    assert one().by_hand == {}, "the member took it back himself"
    assert entry is not None


def test_an_undone_change_follows_the_source_again(place: dict[str, Any]) -> None:
    entry = change(place, number="C-9")
    assert entry is not None and papers.undo(entry_id=entry, by=place["by"], at=place["at"])
    read(place, number="C-2")
    assert (one().number, one().by_hand) == ("C-2", {})


def test_a_framework_that_a_member_chose_stays(place: dict[str, Any]) -> None:
    rows = [Incoming(name, {"customer_id": place["id"], "kind": "framework"}) for name in ("F1", "F2")]
    ids, _counted = write_contracts(rows, source="crm", at=place["at"])
    change(place, framework_id=ids["F1"])
    named = Incoming("C-1", {"framework_external_id": "F2"})
    write_contracts([named], source="crm", at=place["at"])
    assert one().framework_id == ids["F1"]
    assert by_hand.open_points(one()) == ["framework_id"]
