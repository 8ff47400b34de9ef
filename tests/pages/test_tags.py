from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation

from perennial.pages import tags


@pytest.mark.parametrize(
    ("language", "minor", "currency", "written"),
    [
        ("en", 128_000_000, "CNY", "¥1.28M"),
        ("en", 8_600_000, "USD", "$86K"),
        ("en", 99_950_000, "USD", "$1M"),
        ("en", -128_000_000, "CNY", "−¥1.28M"),
        ("en", 120_000_000, "JPY", "JP¥120M"),
        ("zh-hans", 128_000_000, "CNY", "¥128万"),
        ("zh-hans", 12_800_000_000, "CNY", "¥1.28亿"),
        ("zh-hans", 8_600_000, "USD", "US$8.6万"),
        ("zh-hant", 128_000_000, "CNY", "¥128萬"),
        ("zh-hant", 12_800_000_000, "CNY", "¥1.28億"),
    ],
)
def test_money_is_shortened_as_the_language_counts(language: str, minor: int, currency: str, written: str) -> None:
    with translation.override(language):
        assert f">{written}</data>" in tags.money(minor, currency)


def test_shortened_money_carries_its_exact_amount() -> None:
    with translation.override("en"):
        assert tags.money(128_034_567, "CNY") == '<data value="1280345.67" title="¥1,280,345.67">¥1.28M</data>'


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (940_000, "USD", "$9,400"),
        (4_950, "USD", "$49.50"),
        (0, "CNY", "¥0"),
        (Fraction(100, 3), "USD", "$0.33"),
        (None, "USD", "–"),
    ],
)
def test_small_money_is_written_in_full(minor: int | Fraction | None, currency: str, written: str) -> None:
    with translation.override("en"):
        assert tags.money(minor, currency) == written


def test_exact_money_has_the_decimals_of_its_currency() -> None:
    with translation.override("zh-hans"):
        assert tags.exact_money(128_000_050, "CNY") == "¥1,280,000.50"
        assert tags.exact_money(1_200, "JPY") == "JP¥1,200"
        assert tags.exact_money(1_234, "KWD") == "KWD1.234"
        assert tags.exact_money(None, "CNY") == "–"


def test_numbers_and_percentages_keep_unknown_apart_from_zero() -> None:
    with translation.override("en"):
        assert (tags.number(1234567), tags.number(Decimal("2.45"), 1), tags.number(-3)) == ("1,234,567", "2.4", "−3")
        assert (tags.percent(Fraction(93, 100)), tags.percent(Decimal("0.0812"), 1)) == ("93%", "8.1%")
        assert (tags.number(0), tags.number(None), tags.percent(0), tags.percent(None)) == ("0", "–", "0%", "–")


@pytest.mark.parametrize(
    ("language", "medium", "short", "weekday", "month"),
    [
        ("en", "24 Dec 2026", "24 Dec", "Thu 24 Dec 2026", "Dec 2026"),
        ("zh-hans", "2026-12-24", "12月24日", "2026年12月24日 周四", "2026年12月"),
        ("zh-hant", "2026-12-24", "12月24日", "2026年12月24日 週四", "2026年12月"),
    ],
)
def test_days_are_written_as_the_language_writes_them(
    language: str, medium: str, short: str, weekday: str, month: str
) -> None:
    on = date(2026, 12, 24)
    with translation.override(language):
        assert [tags.day(on, form) for form in ("medium", "short", "weekday", "month")] == [
            medium,
            short,
            weekday,
            month,
        ]
        assert tags.day(None) == "–"


def test_an_instant_is_cut_in_the_active_zone() -> None:
    at = datetime(2026, 12, 23, 17, 5, tzinfo=UTC)
    with translation.override("en"), timezone.override("Asia/Shanghai"):
        assert tags.day(at) == "24 Dec 2026"
        assert tags.moment(at) == "24 Dec 2026 01:05"
        assert tags.since(at, date(2026, 12, 25)) == "1 d ago"


def test_distance_in_days_is_counted_from_the_as_of_day() -> None:
    today = date(2026, 12, 24)
    with translation.override("en"):
        written = [tags.since(on, today) for on in (date(2026, 12, 6), today, date(2027, 3, 31), None)]
    assert written == ["18 d ago", "today", "in 97 d", "–"]


def test_initials_come_from_the_first_and_last_word() -> None:
    names = ["Emma Diaz", "李婷", "Zoe Anne Müller", "zoe", "", "Acme (HK)"]
    assert [tags.initials(name) for name in names] == ["ED", "李", "ZM", "Z", "?", "A"]


def test_a_language_is_named_as_html_names_it() -> None:
    assert [tags.language_tag(code) for code in ("en", "zh-hans", "zh-hant")] == ["en", "zh-Hans", "zh-Hant"]


def test_a_heading_sorts_turns_and_forgets_the_place_in_the_list(rf: RequestFactory) -> None:
    heading = Template('{% sort_heading "arr" "ARR" "#list" %}')
    request = rf.get("/customers?band=red&after=abc&sort=arr")
    with translation.override("en"):
        turned = heading.render(Context({"request": request}))
        other = Template('{% sort_heading "name" "Name" %}').render(Context({"request": request}))
    assert 'href="?band=red&amp;sort=-arr"' in turned and 'hx-target="#list"' in turned and "rising" in turned
    assert other.strip() == '<a href="?band=red&amp;sort=name">Name</a>'


def test_one_name_has_always_the_same_of_twelve_hues() -> None:
    assert tags.hue("Emma Diaz") == tags.hue("Emma Diaz")
    assert {tags.hue(f"name {index}") for index in range(200)} == {f"hue-{index}" for index in range(12)}


def test_an_icon_is_hidden_from_screen_readers_and_carries_no_inline_style() -> None:
    drawn = tags.icon("sun")
    assert drawn.startswith("<svg") and 'aria-hidden="true"' in drawn and 'width="16"' in drawn
    assert "style=" not in drawn


def test_a_sparkline_is_dotted_where_a_value_is_unknown() -> None:
    with translation.override("en"):
        drawn = tags.sparkline([1, 2, None, 3, 5], band="good")
    assert drawn == (
        '<svg class="spark good" viewBox="0 0 64 18" width="64" height="18" role="img" aria-label="from 1 to 5">'
        '<polyline points="2.0,16.0 17.0,12.5"/><polyline points="47.0,9.0 62.0,2.0"/>'
        '<polyline class="gap" points="17.0,12.5 47.0,9.0"/>'
        '<circle cx="62.0" cy="2.0" r="1.8"/></svg>'
    )


def test_a_flat_sparkline_runs_through_the_middle() -> None:
    assert '<polyline points="2.0,9.0 62.0,9.0"/>' in tags.sparkline([7, 7])


def test_a_sparkline_of_nothing_known_is_empty() -> None:
    assert tags.sparkline([None, None]) == ""


def test_templates_have_the_tags_without_loading_them() -> None:
    page = Template('{{ minor|money:"CNY" }} {{ on|day }} {% sparkline series band="bad" low=0 %}')
    with translation.override("en"):
        written = page.render(Context({"minor": 5_000, "on": date(2026, 1, 2), "series": [4, 4]}))
    assert written.startswith('¥50 2 Jan 2026 <svg class="spark bad"')
    assert '<polyline points="2.0,2.0 62.0,2.0"/>' in written
