"""The blueprint's defaults: what ships is whole, agrees with itself and with the rooms below."""

from pathlib import Path

import pytest
import yaml

from perennial.blueprint import queries
from perennial.blueprint.calculations.metrics import event_predicates, parse_events, spellings
from perennial.blueprint.calculations.node import Node
from perennial.blueprint.calculations.rights import parse_rights
from perennial.blueprint.calculations.today import parse_today
from perennial.blueprint.terms import Band, BlueprintError, Label, Scope, placeholders
from perennial.kernel.conditions.terms import FieldType, Op, conditions
from perennial.renewals.terms import Need


def test_every_part_ships_as_a_file() -> None:
    folder = Path(queries.__file__).parent / "defaults"
    assert sorted(path.stem for path in folder.glob("*.yaml")) == sorted(queries.PARTS)
    assert queries.default_text("events").startswith("# Which event names")


def test_the_roles_are_five_and_only_the_admin_manages_members() -> None:
    rights = queries.rights()
    assert [role.key for role in rights.roles] == ["admin", "leader", "csm", "analyst", "reader"]
    assert [role.key for role in rights.roles if "members.manage" in role.abilities] == ["admin"]
    assert set(rights.role("admin").abilities) == {ability.key for ability in rights.abilities}


def test_a_csm_reaches_his_own_book_and_a_reader_sees_no_money() -> None:
    csm, reader = queries.rights().role("csm"), queries.rights().role("reader")
    assert csm.abilities["customers.edit"] is Scope.OWN
    assert "customers.assign" not in csm.abilities
    assert reader.abilities == {"customers.read": Scope.ALL}
    waits = {"waits_at", "waits_since_on", "waits_over_days"}
    assert reader.hidden_fields == {"mrr", "arr", "renewal_arr", "overdue_amount", "oldest_overdue_on"} | waits


def test_kinds_of_events_are_spelt_out_as_predicates() -> None:
    kinds = parse_events(Node({"login": ["sign_in"], "error": ["o'clock"]}, "events.yaml"))
    login, error, core = (event_predicates(kinds)[kind] for kind in ("login", "error", "core"))
    assert login.startswith("event IN (")
    assert "'Sign In'" in login
    assert "'o''clock'" in error
    assert core.startswith("NOT event IN (")
    assert "'signIn'" in core


def test_a_listed_core_leaves_every_other_name_out() -> None:
    kinds = parse_events(Node({"login": ["login"], "core": ["report"]}, "events.yaml"))
    assert event_predicates(kinds)["core"] == "event IN ('REPORT', 'Report', 'report')"
    assert event_predicates(kinds)["error"] == "event IN ('')"


def test_a_name_is_recognised_in_the_spellings_that_senders_use() -> None:
    assert spellings("signed_in") == {
        "signed_in", "signed in", "signed-in", "signed.in", "signedin",
        "Signed_In", "Signed In", "Signed-In", "Signed.In", "SignedIn",
        "signedIn", "Signed in", "SIGNED_IN",
    }  # fmt: skip


def test_an_event_name_may_stand_under_one_kind_only() -> None:
    with pytest.raises(BlueprintError, match=r"^events\.yaml: login stands twice$"):
        parse_events(Node({"login": ["login"], "ignored": ["login"]}, "events.yaml"))


def test_tiers_of_the_two_presets_share_nothing() -> None:
    cny, usd = queries.tier_presets()
    assert [(tier.key, tier.from_minor) for tier in cny.tiers] == [
        ("cny_500k", 50_000_000),
        ("cny_100k", 10_000_000),
        ("cny_30k", 3_000_000),
        ("cny_0", 0),
    ]
    assert [tier.from_minor // 100 for tier in usd.tiers] == [100_000, 20_000, 5_000, 1_000, 0]
    assert usd.tiers[2].accounts_per_csm == 400
    assert not {tier.key for tier in cny.tiers} & {tier.key for tier in usd.tiers}


def test_state_owned_customers_are_prepared_for_renewal_twice_as_long() -> None:
    default, state = queries.stage_rules()
    assert (default.onboarding_days, default.renewal_days, default.grace_days) == (90, 90, None)
    assert (state.key, state.renewal_days, state.grace_days) == ("state_owned", 180, 180)


def test_the_scorecard_leaves_sixty_per_cent_to_customers_without_usage() -> None:
    card = queries.scorecard()
    assert [(group.key, group.weight) for group in card.groups] == [
        ("usage", 40),
        ("support", 20),
        ("relationship", 25),
        ("contract", 15),
    ]
    assert (card.yellow_from, card.green_from, card.hysteresis, card.least_coverage) == (50, 70, 3, 0.4)
    assert {veto.key: veto.cap for veto in card.vetoes} == {
        "champion_left": Band.YELLOW,
        "overdue_60_days": Band.YELLOW,
    }


def test_the_rules_of_today_come_heaviest_first_and_speak_of_known_fields() -> None:
    rules = queries.today_rules()
    assert [rule.weight for rule in rules] == sorted((rule.weight for rule in rules), reverse=True)
    for rule in rules:
        named = {text: placeholders(text) for text in (rule.reason.en, rule.reason.zh_hans, rule.reason.zh_hant)}
        assert len(set(named.values())) == 1, f"{rule.key}: the languages name other fields"


def test_the_silence_that_today_reports_is_the_rhythm_of_each_tier() -> None:
    rule = next(rule for rule in queries.today_rules() if rule.key == "silent_too_long")
    asked = [c.value for c in conditions(rule.when) if c.field in ("tier", "last_touch_on")]
    pairs = zip(asked[::2], asked[1::2], strict=True)
    said = {tier: days for tiers, days in pairs if isinstance(tiers, tuple) for tier in tiers}
    kept = {t.key: t.touch_every_days for p in queries.tier_presets() for t in p.tiers if t.touch_every_days}
    assert said == kept


def test_today_compares_choices_only_with_values_that_exist() -> None:
    tiers = {tier.key for preset in queries.tier_presets() for tier in preset.tiers}
    allowed = {"band": set(Band), "tier": tiers, "stage": {"onboarding_overdue"}, "renewal_need": set(Need)}
    for rule in queries.today_rules():
        for c in conditions(rule.when):
            if c.type is FieldType.CHOICE and c.op not in (Op.IS_KNOWN, Op.IS_UNKNOWN):
                values = c.value if isinstance(c.value, tuple) else (c.value,)
                assert set(values) <= allowed[c.field], rule.key


def test_a_label_follows_the_language_and_falls_back_to_english() -> None:
    label = Label(en="Usage", zh_hans="使用", zh_hant="使用情形")
    assert [label.text(code) for code in ("en-gb", "zh-hans", "zh-CN", "zh-Hant", "zh_TW", "de")] == [
        "Usage",
        "使用",
        "使用",
        "使用情形",
        "使用情形",
        "Usage",
    ]


def mistaken_scorecard(place: str, value: object) -> str:
    card = yaml.safe_load(queries.default_text("scorecard"))
    *path, last = [int(key) if key.isdigit() else key for key in place.split("/")]
    part = card
    for key in path:
        part = part[key]
    part[last] = value
    with pytest.raises(BlueprintError) as raised:
        queries.scorecards_from(yaml.safe_dump(card), name="mine.yaml")
    return str(raised.value)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("groups/0/weight", 0, "groups[0].weight: a weight above 0 is wanted"),
        ("groups/0/measures/0/points", [[0, 0], [1, 50], [2, 40]],
         "groups[0].measures[0].points[2]: a curve that runs up may not turn"),
        ("groups/0/measures/3/points", [[0, 0], [1, 50]],
         "groups[0].measures[3].points[1]: a curve that runs down may not turn"),
        ("groups/0/measures/0/points", [[0, 0], [0, 50]],
         "groups[0].measures[0].points[1]: x must grow from point to point"),
        ("groups/0/measures/0/points", [[0, 101], [1, 50]], "groups[0].measures[0].points[0]: z is from 0 to 100"),
        ("groups/0/measures/0/points", [[0, 1]], "groups[0].measures[0].points: two points or more are wanted"),
        ("groups/0/measures/0/missing", "guess",
         "groups[0].measures[0].missing: 'guess' is none of "
         "assume_segment_mean, renormalise, worst, not_applicable"),
        ("groups/0/measures/0/max_age_days", 7, "groups[0].measures[0].max_age_days: more than fresh_days is wanted"),
        ("groups/0/measures/0/key", "breadth_28d", "groups: breadth_28d stands twice"),
        ("groups/0/label/en", "", "groups[0].label.en: a text is wanted"),
        ("bands/green_from", 98, "bands: 0 <= hysteresis <= yellow_from < green_from <= 100 - hysteresis is wanted"),
        ("vetoes/1/when/value", "long",
         "vetoes[1].when.value: a whole number is wanted"),
        ("vetoes/0/cap", "green", "vetoes[0].cap: a veto caps at red or yellow"),
        ("colour", "blue", "colour: is not known here"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_scorecard_is_named_with_file_and_place(place: str, value: object, message: str) -> None:
    assert mistaken_scorecard(place, value) == f"mine.yaml: {message}"


def test_a_file_that_is_no_yaml_is_named() -> None:
    with pytest.raises(BlueprintError, match=r"^mine\.yaml: this is no YAML: while parsing") as raised:
        queries.scorecards_from("key: a\nlabel: {", name="mine.yaml")
    assert raised.value.line == 2


def test_a_role_with_an_ability_that_does_not_exist_is_refused() -> None:
    table = yaml.safe_load(queries.default_text("rights"))
    table["roles"][4]["abilities"]["customers.delete"] = "all"
    with pytest.raises(BlueprintError) as raised:
        parse_rights(Node(table, "rights.yaml"))
    assert str(raised.value) == "rights.yaml: roles[4].abilities.customers.delete: there is no such ability"


def test_a_reason_that_names_no_field_is_refused() -> None:
    rules = yaml.safe_load(queries.default_text("today"))
    rules["rules"][0]["reason"]["zh-Hans"] = "{colour}"
    with pytest.raises(BlueprintError) as raised:
        parse_today(Node(rules, "today.yaml"))
    assert str(raised.value) == "today.yaml: rules[0].reason.zh-Hans: there is no field 'colour'"
