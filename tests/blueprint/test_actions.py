"""The configuration: dated versions with who and why, in force for their days, and brought back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext

from perennial.blueprint import actions, queries
from perennial.blueprint.actions import ConfigRefused
from perennial.blueprint.models import ConfigVersion
from perennial.blueprint.terms import BlueprintError, Scope
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation import stamp
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.organisation.queries import house

DAY = date(2026, 3, 2)
YEAR = queries.default_text("stages").replace("onboarding_days: 90", "onboarding_days: 120", 1)
HALF = YEAR.replace("onboarding_days: 120", "onboarding_days: 180")


def publish(text: str, *, by: int, at: datetime, part: str = "stages", from_on: date | None = DAY,
            base: int | None = None, reason: str = "The pilots need longer") -> int:  # fmt: skip
    return actions.publish(part=part, text=text, reason=reason, from_on=from_on, base=base, by=by, at=at)


def days(on: date | None = None) -> int:
    return queries.stage_rules(on)[0].onboarding_days


def test_a_text_holds_from_its_day_on_and_the_days_before_keep_theirs(
    member: Callable[..., int], now: datetime
) -> None:
    admin = member("admin", name="Ada")
    assert publish(YEAR, by=admin, at=now) == 2
    assert (days(), days(DAY), days(DAY - timedelta(days=1))) == (120, 120, 90)
    later = now + timedelta(days=10)
    assert publish(HALF, by=admin, at=later, from_on=DAY + timedelta(days=10)) == 3
    assert [days(DAY + timedelta(days=n)) for n in (-1, 0, 9, 10, 400)] == [90, 120, 120, 180, 180]
    newest, middle, shipped = queries.history("stages")
    assert (newest.version, newest.by_name, newest.reason, newest.at) == (3, "Ada", "The pilots need longer", later)
    assert (middle.text, shipped.text) == (YEAR, queries.default_text("stages"))
    assert (shipped.version, shipped.by_name, shipped.from_on) == (1, "", None)


def test_a_text_for_the_past_too_holds_on_every_day(member: Callable[..., int], now: datetime) -> None:
    admin = member("admin")
    publish(YEAR, by=admin, at=now)
    publish(HALF, by=admin, at=now, from_on=None)
    assert (days(date(2001, 1, 1)), days(DAY), days()) == (180, 180, 180)


def test_an_entry_of_the_journal_says_what_and_keeps_the_reason_apart(
    member: Callable[..., int], now: datetime
) -> None:
    admin = member("admin")
    publish(YEAR, by=admin, at=now, reason="  Ann Miller asked\n for it ")
    entry = JournalEntry.objects.select_related("personal").get(kind="configuration.changed")
    assert (entry.by_id, entry.at, entry.subject) == (admin, now, "configuration:stages")
    assert entry.data == {"part": "stages", "version": 2, "from_on": "2026-03-02"}
    assert entry.personal.payload == {"reason": "Ann Miller asked for it"}
    rights = queries.default_text("rights").replace("exports.run: own", "exports.run: team")
    publish(rights, part="rights", by=admin, at=now)
    assert JournalEntry.objects.filter(kind="rights.changed").count() == 1


def test_going_back_is_a_version_of_its_own(member: Callable[..., int], now: datetime) -> None:
    admin = member("admin")
    publish(YEAR, by=admin, at=now)
    assert publish(queries.default_text("stages"), by=admin, at=now, reason="Back to version 1") == 3
    assert days() == 90
    assert [one.version for one in queries.history("stages")] == [3, 2, 1]


@pytest.mark.parametrize(
    ("text", "reason", "base", "said"),
    [
        (YEAR, "  ", None, "Say why"),
        (YEAR, "x" * 501, None, "Say why"),
        (queries.default_text("stages"), "again", None, "Nothing is different"),
        (queries.default_text("stages").replace("\n", "\r\n"), "Windows", None, "Nothing is different"),
        (YEAR, "late", 3, "Somebody else changed this meanwhile"),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(
    text: str, reason: str, base: int | None, said: str, member: Callable[..., int], now: datetime
) -> None:
    with pytest.raises(ConfigRefused, match=said):
        publish(text, by=member("admin"), at=now, reason=reason, base=base)
    assert (ConfigVersion.objects.count(), Organisation.objects.get().config_stamp, days()) == (0, "", 90)


def test_nobody_overwrites_what_he_has_not_seen(member: Callable[..., int], now: datetime) -> None:
    admin = member("admin")
    publish(YEAR, by=admin, at=now, base=0)
    with pytest.raises(ConfigRefused, match="Admin 1 changed this meanwhile: version 2"):
        publish(HALF, by=admin, at=now, base=0)
    assert publish(HALF, by=admin, at=now, base=2) == 3


def test_a_text_that_cannot_be_read_is_never_put_in_force(member: Callable[..., int], now: datetime) -> None:
    with pytest.raises(BlueprintError) as raised:
        publish(YEAR.replace("onboarding_days: 120", "onboarding_days: soon"), by=member("admin"), at=now)
    assert raised.value.place == "segments[0].onboarding_days"
    assert days() == 90


def test_other_processes_see_a_change_when_they_next_read_the_house(member: Callable[..., int], now: datetime) -> None:
    publish(YEAR, by=member("admin"), at=now)
    fresh = Organisation.objects.get().config_stamp
    stamp.keep("")  # as another process, in the middle of a request that began before
    assert days() == 90
    house()
    assert (stamp.kept(), days()) == (fresh, 120)


def test_reading_costs_one_query_for_a_new_configuration_and_none_after(
    member: Callable[..., int], now: datetime
) -> None:
    publish(YEAR, by=member("admin"), at=now)
    house()
    with CaptureQueriesContext(connection) as first:
        days()
    with CaptureQueriesContext(connection) as then:
        for number in range(40):
            days(DAY + timedelta(days=number))
        queries.rights()
        queries.today_rules()
    assert (len(first), len(then)) == (1, 0)


def test_a_version_that_this_perennial_cannot_read_gives_way_to_the_one_before(
    member: Callable[..., int], now: datetime
) -> None:
    admin = member("admin")
    publish(YEAR, by=admin, at=now)
    ConfigVersion.objects.create(part="stages", version=3, text="segments: soon", at=now, by_id=admin)
    Organisation.objects.update(config_stamp="another")
    house()
    assert days() == 120
    found = queries.problems("stages")
    assert found is not None and (found[0].version, found[1].line) == (3, 1)
    assert queries.problems("tiers") is None


def test_the_switches_of_revenue_are_kept_for_the_ledger(member: Callable[..., int], now: datetime) -> None:
    admin = member("admin")
    shipped = yaml.safe_load(queries.default_text("revenue"))
    text = actions.text_of_switches({**shipped, "grace_days": 30, "gift_months": "outside"})
    publish(text, part="revenue", by=admin, at=now, from_on=None, base=0)
    assert house().policy_switches == {**shipped, "grace_days": 30, "gift_months": "outside"}
    actions.publish(part="revenue", text=queries.version_of("revenue", 1).text, reason="Back", from_on=None,  # type: ignore[union-attr]
                    base=2, by=admin, at=now)  # fmt: skip
    assert house().policy_switches == shipped


def test_switches_that_were_set_before_there_were_versions_are_version_1(
    member: Callable[..., int], now: datetime
) -> None:
    Organisation.objects.update(policy_switches={"grace_days": 7})
    publish(actions.text_of_switches({"grace_days": 9}), part="revenue", by=member("admin"), at=now, base=0)
    assert queries.history("revenue")[1].text == "grace_days: 7\n"


def test_administrators_keep_what_nobody_could_give_back(member: Callable[..., int], now: datetime) -> None:
    for line in ("      members.manage: all\n", "      settings.manage: all\n"):
        text = queries.default_text("rights").replace(line, "", 1)
        with pytest.raises(BlueprintError, match="nobody could give it back"):
            publish(text, part="rights", by=member("admin"), at=now)


def test_a_table_of_rights_speaks_of_every_role_and_every_ability(member: Callable[..., int], now: datetime) -> None:
    shipped = queries.default_text("rights")
    without_reader = shipped[: shipped.index("  - key: reader")]
    with pytest.raises(BlueprintError, match="the role reader is missing"):
        publish(without_reader, part="rights", by=member("admin"), at=now)
    lines = [line for line in shipped.splitlines() if "exports.run" not in line]
    with pytest.raises(BlueprintError, match=r"the ability exports\.run is missing"):
        publish("\n".join(lines), part="rights", by=member("admin"), at=now)


def test_an_ability_that_came_with_a_later_version_is_granted_as_it_ships(
    member: Callable[..., int], now: datetime
) -> None:
    admin = member("admin")
    lines = [line for line in queries.default_text("rights").splitlines() if "exports.run" not in line]
    text = "\n".join(lines).replace("tasks.edit: own", "tasks.edit: team")
    ConfigVersion.objects.create(part="rights", version=2, text=text, at=now, by_id=admin)
    Organisation.objects.update(config_stamp="older")
    house()
    csm = queries.rights().role("csm").abilities
    assert (csm["tasks.edit"], csm["exports.run"]) == (Scope.TEAM, Scope.OWN)
    assert "exports.run" in {ability.key for ability in queries.rights().abilities}
