"""The score of a fleet: the golden case, the identities, and equality with a plain recount of one customer."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.blueprint import queries
from perennial.blueprint.terms import Band, Direction, Label, Measure, MeasureGroup, MissingPolicy, Scorecard
from perennial.health.calculations.bands import reason_of, scored_band
from perennial.health.calculations.printing import contribution_tenths, print_fleet
from perennial.health.calculations.rounding import half_even
from perennial.health.calculations.scoring import score_fleet
from perennial.health.calculations.uncertainty import UNIFORM, error_of
from perennial.health.calculations.weights import weights_of
from perennial.health.terms import (
    BANDS,
    MILLION,
    NO_BAND,
    NO_CAP,
    POINT,
    AssumedFrom,
    BandCause,
    BandReason,
    Confidence,
    FleetInputs,
    FleetScores,
    MetVeto,
)
from perennial.kernel.money import largest_remainder

WORD = Label("x", "x", "x")
STRAIGHT = ((0.0, 0.0), (100.0, 100.0))


def measure(key: str, weight: float, missing: MissingPolicy = MissingPolicy.ASSUME_SEGMENT_MEAN) -> Measure:
    return Measure(key, WORD, WORD, weight, Direction.UP, STRAIGHT, 7, 28, missing)


def card_of(*measures: Measure, smallest: int = 2) -> Scorecard:
    return Scorecard("test", 1, WORD, (MeasureGroup("all", WORD, 1, measures),), 50, 70, 3, 0.4, 0.6, 0.8, smallest, ())


def fleet(
    *rows: tuple[float, ...], segments: list[int] | None = None, previous: int = NO_BAND, cap: int = NO_CAP
) -> FleetInputs:
    values = np.array([rows], dtype=np.float64)
    return FleetInputs(
        values,
        np.zeros_like(values),
        np.array(segments or [0] * len(rows)),
        np.full(len(rows), previous),
        np.full(len(rows), cap),
    )


def golden(missing: MissingPolicy) -> tuple[Scorecard, FleetInputs]:
    """Analytics 10: z 70/60/70/missing in a segment whose means are 55/58/75/60."""
    card = card_of(
        measure("util", 0.3, missing), measure("trend", 0.3, missing),
        measure("champion", 0.2, missing), measure("nps", 0.2, missing),
    )  # fmt: skip
    return card, fleet((70, 60, 70, nan), (40, 56, 80, 60), (55, 58, 75, 60))


def test_the_golden_score_adds_up_from_its_parts() -> None:
    card, inputs = golden(MissingPolicy.ASSUME_SEGMENT_MEAN)
    scores = score_fleet(card, inputs)
    assert scores.means[0].tolist() == [55 * MILLION, 58 * MILLION, 75 * MILLION, 60 * MILLION]
    assert scores.score[0] == 65 * POINT
    assert scores.segment_score[0] == 60.9 * POINT
    assert [Fraction(int(part), POINT) for part in scores.contributions[0]] == [
        Fraction(45, 10), Fraction(6, 10), Fraction(-1), 0,
    ]  # fmt: skip
    assert scores.coverage[0] == 800_000


def test_the_golden_score_as_it_is_printed() -> None:
    card, inputs = golden(MissingPolicy.ASSUME_SEGMENT_MEAN)
    first = print_fleet(card, inputs, score_fleet(card, inputs))[0]
    assert (first.score, first.segment_score) == (Decimal("65.0"), Decimal("60.9"))
    assert [part.contribution for part in first.parts] == [
        Decimal("4.5"),
        Decimal("0.6"),
        Decimal("-1.0"),
        Decimal("0.0"),
    ]
    assert [part.assumed_from for part in first.parts] == [None, None, None, AssumedFrom.SEGMENT]
    assert (first.parts[3].value, first.parts[3].points, first.parts[3].effective) == (None, None, Decimal("60.0"))
    assert (first.coverage, first.confidence, first.band) == (0.8, Confidence.HIGH, Band.YELLOW)
    assert (first.trend, first.trend_shown, first.change_28d) == (None, False, None)


def test_renormalising_gives_the_missing_weight_to_the_others_but_coverage_misses_it() -> None:
    scores = score_fleet(*golden(MissingPolicy.RENORMALISE))
    assert scores.score[0] == 66.25 * POINT
    assert scores.coverage[0] == 800_000


def test_not_applicable_drops_the_weight_from_coverage_too() -> None:
    scores = score_fleet(*golden(MissingPolicy.NOT_APPLICABLE))
    assert scores.score[0] == 66.25 * POINT
    assert scores.coverage[0] == MILLION


def test_worst_counts_the_missing_as_nought() -> None:
    assert score_fleet(*golden(MissingPolicy.WORST)).score[0] == 53 * POINT


def test_a_stale_value_fades_into_the_mean_of_the_segment() -> None:
    card, inputs = card_of(measure("a", 1)), fleet((100,), (0,))
    ages = inputs.ages.copy()
    ages[0, 0, 0] = 17.5  # half-way from 7 to 28 days
    scores = score_fleet(card, replace(inputs, ages=ages))
    assert (scores.trust[0, 0], scores.score[0]) == (500_000, 75 * POINT)


def test_a_segment_that_is_too_small_leans_on_the_fleet_and_nobody_on_fifty_points() -> None:
    card = card_of(measure("a", 1), measure("b", 1))
    inputs = fleet((80, nan), (60, nan), (10, nan), (nan, nan), segments=[1, 1, 2, 2])
    last = print_fleet(card, inputs, score_fleet(card, inputs))[3]
    assert [(part.effective, part.assumed_from) for part in last.parts] == [
        (Decimal("50.0"), AssumedFrom.FLEET),
        (Decimal("50.0"), AssumedFrom.NOBODY),
    ]
    assert (last.band, last.scored_band, last.confidence) == (Band.GREY, None, Confidence.GREY)


def test_without_any_measure_that_applies_there_is_no_score() -> None:
    card = card_of(measure("a", 1, MissingPolicy.NOT_APPLICABLE))
    inputs = fleet((nan,), (60,))
    first = print_fleet(card, inputs, score_fleet(card, inputs))[0]
    assert (first.score, first.band, first.parts, first.weekly) == (None, Band.GREY, (), (None,))


def test_customers_without_usage_are_scored_from_the_other_groups() -> None:
    card = queries.scorecard()
    usage = {"seats_used_28d", "trend_28d", "breadth_28d", "days_since_last", "top_user_share_28d", "errors_28d"}
    row = tuple(nan if m.key in usage else m.points[0][0] for m in card.measures)
    inputs = fleet(row)
    first = print_fleet(card, inputs, score_fleet(card, inputs))[0]
    assert first.coverage == 0.56
    assert first.confidence is Confidence.LOW
    assert first.band is not Band.GREY


@pytest.mark.parametrize(
    ("score", "previous", "band"),
    [
        (49.9, NO_BAND, Band.RED), (50, NO_BAND, Band.YELLOW), (70, NO_BAND, Band.GREEN),
        (52.9, 0, Band.RED), (53, 0, Band.YELLOW), (73, 0, Band.GREEN), (72.9, 0, Band.YELLOW),
        (47, 1, Band.YELLOW), (46.9, 1, Band.RED), (72.9, 1, Band.YELLOW), (73, 1, Band.GREEN),
        (67, 2, Band.GREEN), (66.9, 2, Band.YELLOW), (47, 2, Band.YELLOW), (46.9, 2, Band.RED),
    ],
)  # fmt: skip
def test_a_band_is_left_only_three_points_beyond_its_threshold(score: float, previous: int, band: Band) -> None:
    scores = score_fleet(card_of(measure("a", 1)), fleet((score,), previous=previous))
    assert BANDS[int(scores.band[0])] is band


def test_a_band_follows_from_the_score_as_it_is_printed() -> None:
    """69.96 is printed as 70.0, and green begins at 70."""
    card, inputs = card_of(measure("a", 1)), fleet((69.96,), (69.94,))
    printed = print_fleet(card, inputs, score_fleet(card, inputs))
    assert [(one.score, one.band) for one in printed] == [(Decimal("70.0"), Band.GREEN), (Decimal("69.9"), Band.YELLOW)]


def test_the_weeks_that_are_shown_are_those_that_the_trend_is_made_of() -> None:
    weeks = np.array([[[40 + 0.04 * week]] for week in range(13)])
    inputs = FleetInputs(weeks, np.zeros_like(weeks), np.zeros(1, int), np.full(1, NO_BAND), np.full(1, NO_CAP))
    scores = score_fleet(card_of(measure("a", 1)), inputs)
    first = print_fleet(card_of(measure("a", 1)), inputs, scores)[0]
    assert [Decimal(str(week)) for week in scores.weekly[0].tolist()] == list(first.weekly)
    assert first.weekly[-1] == first.score == Decimal("40.5")


REASONS = [
    # score, scored band, band shown → cause, from, until, falls below, rises from
    ("61.0", Band.YELLOW, Band.YELLOW, BandCause.THRESHOLD, 50, 70, 47, 73),
    ("72.6", Band.YELLOW, Band.YELLOW, BandCause.HYSTERESIS, 50, 70, 47, 73),
    ("48.0", Band.YELLOW, Band.YELLOW, BandCause.HYSTERESIS, 50, 70, 47, 73),
    ("67.9", Band.GREEN, Band.GREEN, BandCause.HYSTERESIS, 70, None, 67, None),
    ("70.0", Band.GREEN, Band.GREEN, BandCause.THRESHOLD, 70, None, 67, None),
    ("52.9", Band.RED, Band.RED, BandCause.HYSTERESIS, None, 50, None, 53),
    ("12.0", Band.RED, Band.RED, BandCause.THRESHOLD, None, 50, None, 53),
    ("86.5", Band.GREEN, Band.YELLOW, BandCause.VETO, 70, None, 67, None),
]


@pytest.mark.parametrize(("score", "scored", "band", "cause", "low", "high", "falls", "rises"), REASONS)
def test_a_band_says_what_made_it_and_where_it_is_left(
    score: str, scored: Band, band: Band, cause: BandCause, low: float, high: float, falls: float, rises: float
) -> None:
    found = reason_of(card_of(measure("a", 1)), Decimal(score), scored, band)
    assert found == BandReason(cause, band, scored, low, high, falls, rises)


@pytest.mark.parametrize("previous", [Band.RED, Band.YELLOW, Band.GREEN])
@given(tenths=st.integers(0, 1000))
def test_the_edges_that_are_told_are_those_at_which_the_next_run_leaves_the_band(previous: Band, tenths: int) -> None:
    card = card_of(measure("a", 1))
    told = reason_of(card, Decimal("60.0"), previous, previous)
    next_band = BANDS[int(scored_band(card, np.array([tenths * POINT // 10]), np.array([BANDS.index(previous)]))[0])]
    falls = told.falls_below is not None and tenths / 10 < told.falls_below
    rises = told.rises_from is not None and tenths / 10 >= told.rises_from
    assert (BANDS.index(next_band) < BANDS.index(previous), BANDS.index(next_band) > BANDS.index(previous)) == (
        falls,
        rises,
    )


def test_a_grey_band_has_no_threshold_to_tell() -> None:
    told = reason_of(card_of(measure("a", 1)), Decimal("80.0"), None, Band.GREY)
    assert told == BandReason(BandCause.COVERAGE, Band.GREY, None, None, None, None, None)


def test_a_part_says_whose_mean_it_is_compared_with_and_how_old_its_value_was() -> None:
    card = card_of(measure("a", 1), measure("b", 1))
    inputs = fleet((80, nan), (60, nan), (10, nan), segments=[1, 1, 2])
    inputs = replace(inputs, ages=np.array([[[3.0, 0.0], [4.0, 0.0], [nan, 0.0]]]))
    first, _second, third = print_fleet(card, inputs, score_fleet(card, inputs))
    assert [(one.mean_of, one.age_days, one.assumed_from) for one in first.parts] == [
        (AssumedFrom.SEGMENT, 3.0, None),
        (AssumedFrom.NOBODY, None, AssumedFrom.NOBODY),
    ]
    assert [(one.mean_of, one.age_days) for one in third.parts] == [
        (AssumedFrom.FLEET, None),
        (AssumedFrom.NOBODY, None),
    ]


def test_the_vetoes_that_were_met_are_printed_with_the_score() -> None:
    met = MetVeto("late", 1, {"oldest_overdue_on": "2026-01-02"})
    card, inputs = card_of(measure("a", 1)), fleet((95,), (80,), cap=1)
    printed = print_fleet(card, replace(inputs, vetoes=[[met], []]), score_fleet(card, inputs))
    assert [list(one.vetoes) for one in printed] == [[met], []]


def test_a_veto_caps_what_is_shown_and_not_what_the_score_says() -> None:
    scores = score_fleet(card_of(measure("a", 1)), fleet((95,), cap=1))
    assert (BANDS[int(scores.band[0])], BANDS[int(scores.scored_band[0])]) == (Band.YELLOW, Band.GREEN)


def test_forty_per_cent_of_coverage_is_just_enough_for_a_colour() -> None:
    card = card_of(measure("a", 0.4), measure("b", 0.6))
    inputs = fleet((80, nan), (nan, 80))
    assert BANDS[int(score_fleet(card, inputs).band[0])] is Band.GREEN
    less = card_of(measure("a", 0.399999), measure("b", 0.600001))
    assert BANDS[int(score_fleet(less, inputs).band[0])] is Band.GREY


def test_the_error_is_nothing_where_all_is_known_and_wide_where_nothing_is() -> None:
    card = card_of(measure("a", 1), measure("b", 1))
    error = score_fleet(card, fleet((80, 20), (60, 40), (nan, 30))).error
    assert error[:2].tolist() == [0, 0]
    assert error[2] == pytest.approx(1.64 * 0.5 * 10)  # 1.64 × weight × the spread of 80 and 60
    nobody = error_of(np.zeros((1, 1), int), np.zeros((1, 1), bool), np.full((1, 1), MILLION), np.zeros(1, int), 20)
    assert nobody[0] == pytest.approx(1.64 * UNIFORM)


def test_errors_of_measures_that_move_together_add_up() -> None:
    card = card_of(measure("a", 1), measure("b", 1), smallest=2)
    error = score_fleet(card, fleet((80, 60), (60, 20), (nan, nan))).error
    assert error[2] == pytest.approx(1.64 * (0.5 * 10 + 0.5 * 20))


def test_weights_sum_to_the_whole_to_the_last_millionth() -> None:
    weights = weights_of(card_of(measure("a", 1), measure("b", 1), measure("c", 1)))
    assert weights.tolist() == [333_334, 333_333, 333_333]
    assert weights_of(queries.scorecard()).sum() == MILLION


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="2 measures and a week are wanted, got 1 and 1"):
        score_fleet(card_of(measure("a", 1), measure("b", 1)), fleet((1,)))


VALUE = st.one_of(st.just(nan), st.floats(-20, 120, allow_nan=False))
AGE = st.one_of(st.just(nan), st.integers(-1, 40).map(float))
POLICIES = st.lists(st.sampled_from(MissingPolicy), min_size=3, max_size=3)


@st.composite
def fleets(draw: st.DrawFn) -> tuple[Scorecard, FleetInputs]:
    policies, weights = draw(POLICIES), draw(st.lists(st.integers(1, 9), min_size=3, max_size=3))
    card = card_of(*(measure(str(i), w, p) for i, (w, p) in enumerate(zip(weights, policies, strict=True))))
    size = draw(st.integers(1, 6))
    cells = st.lists(st.tuples(VALUE, AGE), min_size=size * 3, max_size=size * 3)
    values, ages = np.moveaxis(np.array(draw(cells)).reshape(1, size, 3, 2), -1, 0)
    each = {"min_size": size, "max_size": size}
    segments = draw(st.lists(st.integers(0, 1), **each))
    previous, caps = draw(st.lists(st.integers(-1, 2), **each)), draw(st.lists(st.integers(0, 2), **each))
    return card, FleetInputs(values, ages, np.array(segments), np.array(previous), np.array(caps))


def plain_trust(value: float, age: float) -> int:
    if isnan(value) or isnan(age) or age < 0:
        return 0
    return round(min(max((28 - age) / 21, 0), 1) * MILLION)


def plain_points(value: float) -> int:
    return 0 if isnan(value) else round(min(max(value, 0.0), 100.0) * MILLION)


def plain_mean(inputs: FleetInputs, segment: int, column: int) -> int:
    rows = range(len(inputs.segments))
    known = [
        (inputs.segments[row], plain_points(inputs.values[0, row, column]))
        for row in rows
        if plain_trust(inputs.values[0, row, column], inputs.ages[0, row, column])
    ]
    own = [z for of, z in known if of == segment]
    chosen = own if len(own) >= 2 else [z for _, z in known]
    return round(sum(chosen) / len(chosen)) if chosen else 50 * MILLION


def plain_shares(raw: list[int]) -> list[int]:
    total = sum(raw)
    return largest_remainder([Fraction(MILLION * part, total) for part in raw], MILLION) if total else [0] * len(raw)


def plain_score(card: Scorecard, inputs: FleetInputs, row: int) -> tuple[int, int, int]:
    """Recount one customer without arrays: score, segment's score, coverage."""
    trust = [plain_trust(inputs.values[0, row, m], inputs.ages[0, row, m]) for m in range(3)]
    z = [plain_points(inputs.values[0, row, m]) for m in range(3)]
    mean = [plain_mean(inputs, inputs.segments[row], m) for m in range(3)]
    raw, policies = weights_of(card).tolist(), [m.missing for m in card.measures]
    left = [
        0 if p is MissingPolicy.NOT_APPLICABLE and not t else w for w, p, t in zip(raw, policies, trust, strict=True)
    ]
    counted = [
        w * (t if p is MissingPolicy.RENORMALISE else MILLION) for w, p, t in zip(left, policies, trust, strict=True)
    ]
    weights, cover, effective = plain_shares(counted), plain_shares(left), []
    for m, policy in enumerate(policies):
        if policy is MissingPolicy.RENORMALISE:
            effective.append(z[m] if trust[m] else mean[m])
        else:
            stand_in = 0 if policy is MissingPolicy.WORST else mean[m]
            effective.append((trust[m] * z[m] + (MILLION - trust[m]) * stand_in + MILLION // 2) // MILLION)
    pairs = zip(weights, effective, strict=True)
    return (
        sum(w * e for w, e in pairs),
        sum(w * e for w, e in zip(weights, mean, strict=True)),
        sum(w * t for w, t in zip(cover, trust, strict=True)) // MILLION,
    )


@given(fleets())
def test_the_fleet_agrees_with_a_plain_recount_of_each_customer(made: tuple[Scorecard, FleetInputs]) -> None:
    card, inputs = made
    scores = score_fleet(card, inputs)
    for row in range(len(inputs.segments)):
        found = (int(scores.score[row]), int(scores.segment_score[row]), int(scores.coverage[row]))
        assert found == plain_score(card, inputs, row)


@given(fleets())
def test_contributions_sum_exactly_and_so_do_the_printed_ones(made: tuple[Scorecard, FleetInputs]) -> None:
    card, inputs = made
    scores = score_fleet(card, inputs)
    assert scores.contributions.sum(axis=1).tolist() == (scores.score - scores.segment_score).tolist()
    for printed in print_fleet(card, inputs, scores):
        if printed.score is not None and printed.segment_score is not None:
            assert sum(part.contribution for part in printed.parts) == printed.score - printed.segment_score
            assert 0 <= printed.score <= 100


@given(st.lists(st.integers(-(10**14), 10**14), min_size=1, max_size=5), st.integers(0, 10**14))
@settings(max_examples=300)
def test_printed_parts_follow_the_rule_of_printed_money(parts: list[int], segment: int) -> None:
    scores = rounding_only(parts, segment)
    tenth = POINT // 10
    total = int(half_even(scores.score, tenth)[0] - half_even(scores.segment_score, tenth)[0])
    expected = largest_remainder([Fraction(part, tenth) for part in parts], total)
    assert contribution_tenths(scores)[0].tolist() == expected


def rounding_only(parts: list[int], segment: int) -> FleetScores:
    card, inputs = card_of(measure("a", 1)), fleet((1,))
    return replace(
        score_fleet(card, inputs),
        contributions=np.array([parts]),
        segment_score=np.array([segment]),
        score=np.array([segment + sum(parts)]),
    )
