"""The drawings of the customer file: where things stand, and what stands there when little is known."""

from __future__ import annotations

import re
from dataclasses import replace

from perennial.pages.customer import drawings
from perennial.pages.customer.drawings import Curve, Scale, Weeks

SCALE = Scale((50, 70), ("Red", "Yellow", "Green"), 61.0, 4.0, True, [47, 73], "Yellow: 61.0")
WEEKS = Weeks((50, 70), [None, 60, 70, None, 80], "1 Jan", "29 Jan", "80.0", "Score")
CURVE = Curve(((0, 0), (0.5, 70), (1, 100)), 0.25, 35.0, 60.0, ("0%", "50%", "100%"), "35.0", "mean 60.0", "Curve")


def places(drawn: str, name: str) -> list[str]:
    return re.findall(rf'{name}="([^"]+)"', drawn)


def test_the_scale_shows_three_bands_their_thresholds_the_score_and_where_it_would_turn() -> None:
    drawn = drawings.scale(SCALE)
    bands = re.findall(r'<rect class="(\w+)" x="([\d.]+)%" y="12" width="([\d.]+)%"', drawn)
    assert bands == [("bad", "0", "50"), ("watch", "50", "20"), ("good", "70", "30")]
    assert re.findall(r'<text class="at" x="([\d.]+)%" y="43">(\d+)<', drawn) == [("50", "50"), ("70", "70")]
    assert re.findall(r'<line class="moved" x1="([\d.]+)%"', drawn) == ["47", "73"]
    assert '<svg class="pointer" x="61%"' in drawn
    assert '<line class="span" x1="57%" x2="65%"' in drawn
    assert 'role="img" aria-label="Yellow: 61.0"' in drawn


def test_a_grey_score_points_hollow_and_an_error_stays_on_the_scale() -> None:
    drawn = drawings.scale(replace(SCALE, score=98.0, error=5.0, is_coloured=False))
    assert '<svg class="pointer hollow" x="98%"' in drawn
    assert '<line class="span" x1="93%" x2="100%"' in drawn
    assert "pointer" not in drawings.scale(replace(SCALE, score=None))


def test_weeks_without_a_colour_are_dotted_and_the_last_known_one_is_marked() -> None:
    drawn = drawings.weeks(WEEKS, height=100)
    lines = re.findall(
        r'<line class="(line|line gap)" x1="([\d.]+)%" y1="([\d.]+)" x2="([\d.]+)%" y2="([\d.]+)"', drawn
    )
    assert lines == [("line", "24", "40", "45", "30"), ("line gap", "45", "30", "87", "20")]
    assert '<circle class="last" cx="87%" cy="20"' in drawn and ">80.0<" in drawn


def test_a_single_known_week_is_a_dot() -> None:
    drawn = drawings.weeks(replace(WEEKS, values=[None, 60, None]), height=100)
    assert '<circle class="alone" cx="45%" cy="40"' in drawn and "<line" not in drawn


def test_the_point_stands_on_the_curve_and_the_mean_across_it() -> None:
    drawn = drawings.curve(CURVE, height=120)
    assert '<circle class="last" cx="29.5%" cy="79"' in drawn  # 8 + 86 × 0.25; 14 + 100 × (100 − 35) / 100
    assert '<line class="mean" x1="8%" x2="94%" y1="54" y2="54"/>' in drawn
    assert re.findall(r'<text class="tick" x="([\d.]+)%"[^>]*>([^<]+)<', drawn) == [
        ("8", "0%"), ("51", "50%"), ("94", "100%"),
    ]  # fmt: skip


def test_a_value_outside_the_curve_is_level_and_an_unknown_one_has_no_point() -> None:
    beyond = drawings.curve(replace(CURVE, value=2.0, gives=100.0), height=120)
    assert '<circle class="last" cx="94%" cy="14"' in beyond
    assert '<line class="line" x1="51%" y1="14" x2="94%" y2="14"/>' in beyond
    assert '<circle class="last"' not in drawings.curve(replace(CURVE, value=None, gives=None))


def test_words_along_the_axis_keep_apart() -> None:
    crowded = replace(CURVE, points=((0, 0), (0.01, 10), (0.5, 60), (0.99, 90), (1, 100)), ticks=tuple("abcde"))
    drawn = drawings.curve(crowded)
    assert re.findall(r'<text class="tick"[^>]*>([^<]+)<', drawn) == ["a", "c", "e"]


def test_what_is_written_into_a_drawing_is_escaped() -> None:
    assert "<b>" not in drawings.scale(replace(SCALE, words=("<b>", "x", "y"), label='"><b>'))
