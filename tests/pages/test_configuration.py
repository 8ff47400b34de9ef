"""The blueprint in Settings: changed after a look at what changes, with a reason; brought back; closed to others."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.aids import signed_in

from perennial.blueprint import actions, queries
from perennial.blueprint.models import ConfigVersion
from perennial.jobs import reactions
from perennial.kernel.organisation.queries import house
from perennial.kernel.queue.models import Job

STAGES = queries.default_text("stages")
LONGER = STAGES.replace("onboarding_days: 90", "onboarding_days: 120", 1)


def save(client: Client, text: str = LONGER, *, part: str = "stages", **given: str) -> int:
    answer = client.post(f"/settings/blueprint/{part}", {"text": text, "step": "save", "base": "0",
                         "reason": "Pilots are slow", "since": "today", **given})  # fmt: skip
    return answer.status_code


def test_a_change_is_shown_line_by_line_before_anything_is_in_force(member: Callable[..., int]) -> None:
    answer = signed_in(member("admin")).post("/settings/blueprint/stages", {"text": LONGER, "step": "compare"})
    shown = answer.content.decode()
    gone, new = (re.search(rf'<tr class="{kind}">(.*?)</tr>', shown, re.S) for kind in ("gone", "new"))
    assert gone is not None and "onboarding_days: 90" in gone.group(1)
    assert new is not None and "onboarding_days: 120" in new.group(1)
    assert not ConfigVersion.objects.exists()
    assert (
        "Nothing is different"
        in signed_in(member("admin"))
        .post("/settings/blueprint/stages", {"text": STAGES, "step": "compare"})
        .content.decode()
    )


def test_a_change_with_a_reason_is_in_force_and_everything_is_computed_anew(
    member: Callable[..., int], now: datetime
) -> None:
    client = signed_in(member("admin", name="Ada"))
    assert save(client) == 302
    assert queries.stage_rules()[0].onboarding_days == 120
    reactions.dispatch(at=now)
    assert [job.kind for job in Job.objects.filter(kind="recompute")] == ["recompute"]
    shown = client.get("/settings/blueprint/stages").content.decode()
    assert "Pilots are slow" in shown and "Ada" in shown and "Version 2" in shown and "As shipped" in shown
    assert "Version 2 by Ada" in client.get("/settings/blueprint").content.decode()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"reason": " "}, "This field is required"),
        ({"reason": "x", "since": "tomorrow"}, "Select a valid choice"),
        ({"base": "7"}, "Somebody else changed this meanwhile"),
        ({"text": STAGES}, "Nothing is different"),
        ({"text": STAGES.replace("grace_days: 180", "grace_days: soon")}, "a whole number, 0 or more, is wanted"),
        ({"text": "\x00"}, "This cannot be read"),
        ({"text": ""}, "a mapping is wanted"),
    ],
)
def test_a_change_that_cannot_be_is_refused_with_the_text_kept(
    given: dict[str, str], said: str, member: Callable[..., int]
) -> None:
    sent = {"text": LONGER, "step": "save", "base": "0", "reason": "Because", "since": "today", **given}
    answer = signed_in(member("admin")).post("/settings/blueprint/stages", sent)
    assert answer.status_code == 422
    assert said in answer.content.decode().replace("&#x27;", "'")
    assert not ConfigVersion.objects.exists()


def test_a_mistake_is_named_by_line_place_and_what_is_wanted(member: Callable[..., int]) -> None:
    text = STAGES.replace("clock: signature", "clock: moon", 1)
    number = next(n for n, line in enumerate(text.splitlines(), start=1) if "clock: moon" in line)
    answer = signed_in(member("admin")).post("/settings/blueprint/stages", {"text": text, "step": "compare"})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert f"Line {number} cannot be read" in shown and "segments[0].clock" in shown
    assert "payment, signature, go_live, acceptance" in shown and "clock: moon</pre>" in shown


def test_a_file_takes_the_place_of_the_text(member: Callable[..., int]) -> None:
    client = signed_in(member("admin"))
    file = SimpleUploadedFile("mine.yaml", ("\ufeff" + LONGER).replace("\n", "\r\n").encode())
    shown = client.post("/settings/blueprint/stages", {"text": STAGES, "file": file, "step": "compare"})
    assert "onboarding_days: 120" in shown.content.decode() and "\ufeff" not in shown.content.decode()
    picture = SimpleUploadedFile("mine.yaml", b"\xff\xfe\x00\x01")
    refused = client.post("/settings/blueprint/stages", {"text": STAGES, "file": picture, "step": "compare"})
    assert refused.status_code == 422 and "no text in UTF-8" in refused.content.decode()


def test_an_earlier_version_and_what_ships_are_brought_back_as_a_new_version(member: Callable[..., int]) -> None:
    client = signed_in(member("admin"))
    save(client)
    shown = client.get("/settings/blueprint/stages/2").content.decode()
    assert "onboarding_days: 120" in shown and "Pilots are slow" in shown
    answer = client.post("/settings/blueprint/stages/1/back", {"reason": "Back to version 1", "since": "ever"})
    assert answer.status_code == 302
    assert [(one.version, one.from_on) for one in queries.history("stages")[:1]] == [(3, None)]
    assert queries.stage_rules()[0].onboarding_days == 90
    assert client.post("/settings/blueprint/stages/3/back", {"reason": "x", "since": "ever"}).status_code == 302
    assert len(queries.history("stages")) == 3  # what is in force cannot be brought back
    assert client.post("/settings/blueprint/stages/9/back", {"reason": "x"}).status_code == 404
    assert LONGER in client.get("/settings/blueprint/stages/file?version=2").content.decode()
    assert "This is what ships" in client.get("/settings/blueprint/stages?from=shipped").content.decode()
    assert client.get("/settings/blueprint/stages?from=9").status_code == 404


def switches(**changed: str) -> dict[str, str]:
    given = {
        "discounts_in_mrr": "forever", "churn_day": "end_of_period", "past_due_counts_for_days": "",
        "unpaid_counts": "False", "reactivation_as_new": "False", "reactivation_in_quick_ratio": "False",
        "classified_by": "customer", "product_switch_is_net": "True", "gift_months": "inside", "odd_term": "days_365",
        "odd_end": "stopped", "grace_days": "0", "pause_is_churn_after_days": "90", "customer_churn_over": "start",
    }  # fmt: skip
    return {**given, **changed}


def test_a_switch_of_revenue_is_a_choice_with_its_meaning_and_changes_in_words(member: Callable[..., int]) -> None:
    client = signed_in(member("admin"))
    shown = client.get("/settings/blueprint/revenue").content.decode()
    assert "857.14 a month over 14 months" in shown and shown.count(" checked") == 11
    path, given = "/settings/blueprint/revenue", switches(gift_months="outside", past_due_counts_for_days="30")
    compared = client.post(path, {**given, "step": "compare"}).content.decode()
    assert "<del>inside the term</del>" in compared and "<ins>30 days</ins>" in compared
    saved = client.post(path, {**given, "step": "save", "base": "0", "reason": "As finance counts"})
    assert saved.status_code == 302
    kept = house().policy_switches
    assert (kept["gift_months"], kept["past_due_counts_for_days"], kept["unpaid_counts"]) == ("outside", 30, False)
    client.post("/settings/blueprint/revenue/1/back", {"reason": "Back"})
    assert house().policy_switches["gift_months"] == "inside"


@pytest.mark.parametrize("changed", [{"gift_months": "both"}, {"grace_days": "-1"}, {"grace_days": ""},
                                     {"unpaid_counts": "maybe"}])  # fmt: skip
def test_a_switch_that_cannot_be_is_refused(changed: dict[str, str], member: Callable[..., int]) -> None:
    sent = {**switches(**changed), "step": "save", "base": "0", "reason": "Because", "text": "gift_months: both"}
    assert signed_in(member("admin")).post("/settings/blueprint/revenue", sent).status_code == 422
    assert not ConfigVersion.objects.exists()


def test_what_the_lake_was_computed_by_is_read_only(member: Callable[..., int]) -> None:
    client = signed_in(member("admin"))
    for part in ("metrics", "events"):
        assert "is not changed here" in client.get(f"/settings/blueprint/{part}").content.decode()
        assert save(client, queries.default_text(part), part=part) == 404
    assert not ConfigVersion.objects.exists()


@pytest.mark.parametrize("role", ["leader", "csm", "analyst", "reader"])
def test_only_who_manages_settings_sees_and_changes_the_configuration(role: str, member: Callable[..., int]) -> None:
    client = signed_in(member(role))
    assert save(client) == 404
    for path in ("", "/stages", "/stages/file", "/stages/1"):
        assert client.get(f"/settings/blueprint{path}").status_code == 404
    assert client.post("/settings/blueprint/stages/1/back", {"reason": "x"}).status_code == 404
    assert not ConfigVersion.objects.exists()


def test_a_right_is_gone_with_the_next_request(member: Callable[..., int]) -> None:
    admin, analyst = signed_in(member("admin")), signed_in(member("analyst"))
    assert analyst.get("/exports").status_code == 200
    shipped = queries.default_text("rights")
    start = shipped.index("  - key: analyst")
    text = shipped[:start] + shipped[start:].replace("      exports.run: all\n", "", 1)
    assert save(admin, text, part="rights") == 302
    assert analyst.get("/exports").status_code == 404
    assert admin.get("/exports").status_code == 200


def test_who_manages_settings_but_not_members_grants_himself_nothing(member: Callable[..., int], now: datetime) -> None:
    shipped = queries.default_text("rights")
    text = shipped.replace("    abilities:\n      customers.read: team\n",
                           "    abilities:\n      settings.manage: all\n      customers.read: team\n")  # fmt: skip
    actions.publish(part="rights", text=text, reason="A deputy", from_on=None, base=None, by=member("admin"), at=now)
    deputy = signed_in(member("leader"))
    assert deputy.get("/settings/blueprint/scorecard").status_code == 200
    assert "/settings/blueprint/rights" not in deputy.get("/settings/blueprint").content.decode()
    for path in ("", "/file", "/1"):
        assert deputy.get(f"/settings/blueprint/rights{path}").status_code == 404
    assert save(deputy, shipped, part="rights") == 404
    assert deputy.post("/settings/blueprint/rights/1/back", {"reason": "x"}).status_code == 404


def test_a_text_of_another_person_is_never_markup(member: Callable[..., int]) -> None:
    client = signed_in(member("admin"))
    save(client, LONGER + "# </textarea><script>x()</script>\n", reason="<b>why</b>")
    for path in ("", "/2", "?from=2"):
        shown = client.get(f"/settings/blueprint/stages{path}").content.decode()
        assert "<script>x()" not in shown and "<b>why" not in shown
