"""Fader and Hardie's customers (2007, 2018): fitted on five years, told for twelve (analytics 3.5, 9.10, 10)."""

from itertools import pairwise

import numpy as np
import pytest

from perennial.insights.calculations import survival
from perennial.insights.calculations.survival import fit, fitted_curve, observed_curve
from perennial.insights.calculations.worth import tenure
from perennial.insights.terms import Ages, Model

REGULAR = (100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1, 22.3, 20.7, 19.4, 18.3, 17.3)
HIGH_END = (100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1, 46.8, 44.5, 42.7, 40.9, 39.4)
SIXTY = Ages(entered=(0, 0, 60), at_risk=(60, 51, 45), lost=(9, 6, 4))


def cohort(shares, years):
    alive = [round(10 * share) for share in shares[: years + 1]]
    lost = tuple(before - after for before, after in pairwise(alive))
    return Ages((*(0,) * (years - 1), alive[0]), tuple(alive[:-1]), lost)


def error(parameters, shares, years):
    told = survival.survival(parameters, 12)
    return np.mean([abs(told[age] * 100 / shares[age] - 1) for age in range(years + 1, 13)])


@pytest.mark.parametrize(
    ("shares", "model", "sbg", "bdw", "simple_error"),
    [
        (REGULAR, Model.SBG, (0.764, 1.296), (0.523, 0.894, 1.196), 0.054),
        (HIGH_END, Model.BDW, (1.281, 7.790), (0.259, 1.723, 1.584), 0.132),
    ],
)
def test_five_years_give_the_published_parameters_and_bdw_tells_eight_more_within_two_percent(
    shares, model, sbg, bdw, simple_error
):
    found = fit(cohort(shares, 4), draws=1)
    both = {found.model: found.parameters, (Model.SBG if found.model is Model.BDW else Model.BDW): found.other}
    assert found.model is model
    assert both[Model.SBG][:2] == pytest.approx(sbg, abs=0.005)
    assert both[Model.BDW] == pytest.approx(bdw, abs=0.005)
    assert found.ratio == pytest.approx({Model.SBG: 0.4, Model.BDW: 4.8}[model], abs=0.06)
    assert error(both[Model.BDW], shares, 4) < 0.02
    assert error(both[Model.SBG], shares, 4) == pytest.approx(simple_error, abs=0.001)


@pytest.mark.parametrize(
    ("shares", "sbg", "at_twelve", "years"),
    [(REGULAR, (0.704, 1.182), 0.170, 3.69), (HIGH_END, (0.668, 3.806), 0.378, 5.92)],
)
def test_eight_years_give_the_published_sbg_and_its_discounted_years(shares, sbg, at_twelve, years):
    found = fit(cohort(shares, 7), draws=1)
    simple = found.parameters if found.model is Model.SBG else found.other
    assert simple[:2] == pytest.approx(sbg, abs=0.005)
    told = survival.survival(simple, 200)
    assert told[12] == pytest.approx(at_twelve, abs=0.001)
    assert tenure(told, 0.10) == pytest.approx(years, abs=0.01)


def test_retention_rises_with_age_so_that_a_renewal_is_priced_by_it():
    told = survival.survival((0.764, 1.296, 1.0), 5)
    assert told[1] == pytest.approx(0.629, abs=0.001)
    assert told[5] / told[4] == pytest.approx((1.296 + 4) / (0.764 + 1.296 + 4), abs=1e-9)


def test_sixty_customers_of_three_renewals_are_told_with_how_little_they_say():
    found = fit(SIXTY)
    curve = fitted_curve(found, 10)
    assert found.model is Model.SBG and found.other is None  # three ages are too few to ask for a third parameter
    assert curve.survival[6] == pytest.approx(0.556, abs=0.005)
    assert 0.34 < curve.low[6] < 0.43 and 0.66 < curve.high[6] < 0.72
    assert all(low <= stays <= high for low, stays, high in zip(curve.low, curve.survival, curve.high, strict=True))
    assert len(found.draws) == 200


def test_the_same_customers_have_the_same_interval_again():
    assert fit(SIXTY, draws=20) == fit(SIXTY, draws=20)
    assert fit(SIXTY, draws=20).draws != fit(SIXTY, draws=20, seed=2).draws


def test_four_times_the_customers_halve_the_interval():
    few, many = (fitted_curve(fit(ages, draws=100), 6) for ages in (SIXTY, times(SIXTY, 4)))
    assert (many.high[3] - many.low[3]) / (few.high[3] - few.low[3]) == pytest.approx(0.5, abs=0.12)


def times(ages, by):
    return Ages(*(tuple(by * one for one in part) for part in (ages.entered, ages.at_risk, ages.lost)))


@pytest.mark.parametrize(
    "ages",
    [
        Ages((0, 60), (60, 51), (9, 6)),  # two renewals
        Ages((0, 0, 29), (29, 25, 22), (4, 3, 2)),  # 29 customers
        Ages((0, 0, 60), (60, 60, 60), (0, 0, 0)),  # nobody left: any curve above is as likely
        Ages(),
    ],
)
def test_nothing_is_extrapolated_from_too_little(ages):
    assert not ages.is_enough
    with pytest.raises(ValueError, match="so little"):
        fit(ages)


def test_what_was_observed_is_kaplan_meiers_and_ends_where_observation_ends():
    curve = observed_curve(Ages((10, 0, 19), (29, 15, 12), (4, 3, 2)))
    assert curve.model is None
    assert curve.survival == pytest.approx((1, 25 / 29, 25 / 29 * 12 / 15, 25 / 29 * 12 / 15 * 10 / 12))
    assert curve.low[0] == curve.high[0] == 1
    # Jeffreys' beta(25.5, 4.5) by itself
    assert (curve.low[1], curve.high[1]) == pytest.approx((0.736, 0.939), abs=0.01)
    assert all(
        low < stays < high for low, stays, high in list(zip(curve.low, curve.survival, curve.high, strict=True))[1:]
    )


def test_nobody_observed_is_a_curve_of_one_point():
    curve = observed_curve(Ages())
    assert curve.survival == curve.low == curve.high == (1.0,)


def test_customers_who_came_in_different_years_are_simulated_for_as_long_as_they_were_observed():
    random = np.random.default_rng(1)
    at_risk, lost = survival._simulated((10, 20, 30), (1.0, 1.0, 1.0), random)
    assert at_risk[0] == 60
    assert at_risk[1] <= 50 and at_risk[2] <= 30 and lost.sum() <= 60
    never, nobody = survival._simulated((10, 20, 30), (1e-7, 1e7, 1.0), random)
    assert never.tolist() == [60, 50, 30] and nobody.tolist() == [0, 0, 0]
