"""The rules by which a day's change is named (analytics 3.1, 3.3)."""

from fractions import Fraction

from tests.contracts.calculations.lines import day, line, moves, told

from perennial.contracts.terms import Level, PolicySwitches, Tag


def test_more_seats_are_volume_at_the_old_price_and_the_rest_is_price() -> None:
    lines = [
        line("1", "2024-01-01", "2024-07-01", 1000, quantity=10),
        line("2", "2024-07-01", "2025-01-01", 1320, quantity=12, renewal_of="1"),
        line("3", "2025-01-01", None, 1000, quantity=5, renewal_of="2"),
    ]
    assert told(moves(lines)) == [
        ("2024-01-01", "new", 1000),
        ("2024-07-01", "expansion", 200),
        ("2024-07-01", "price_up", 120),
        ("2025-01-01", "contraction", -770),
        ("2025-01-01", "price_up", 450),
    ]


def test_where_the_quantity_is_unknown_more_money_is_more_volume() -> None:
    lines = [line("1", "2024-01-01", "2024-07-01", 1000), line("2", "2024-07-01", None, 900, quantity=9)]
    assert told(moves(lines))[1:] == [("2024-07-01", "contraction", -100)]


def test_a_renewal_on_the_same_terms_moves_nothing() -> None:
    lines = [line("1", "2024-01-01", "2025-01-01", 1000, quantity=3), line("2", "2025-01-01", None, 1000, quantity=3)]
    assert told(moves(lines)) == [("2024-01-01", "new", 1000)]


def test_a_further_product_is_cross_sell_and_losing_one_of_two_is_contraction() -> None:
    lines = [line("1", "2024-01-01", None, 1000), line("2", "2024-03-01", "2024-06-01", 300, product_id=2)]
    booked = moves(lines)
    assert told(booked)[1:] == [("2024-03-01", "expansion", 300), ("2024-06-01", "contraction", -300)]
    assert [one.tags for one in booked] == [frozenset(), {Tag.CROSS_SELL}, frozenset()]
    assert booked[1].line_keys == ("2",)


def test_a_later_step_of_a_ramp_is_expansion_that_nobody_sold() -> None:
    lines = [
        line("1", "2024-01-01", "2025-01-01", 1000, quantity=10, ramp_step=1),
        line("2", "2025-01-01", "2026-01-01", 1500, quantity=15, ramp_step=2, renewal_of="1"),
    ]
    new, step = moves(lines)[:2]
    assert (new.kind.value, new.tags) == ("new", frozenset())
    assert (step.kind.value, step.amount, step.tags) == ("expansion", 500, {Tag.RAMP})


def test_what_is_added_until_a_running_term_ends_is_tagged_and_no_other_begin_is() -> None:
    running = line("1", "2024-01-01", "2025-01-01", 1000, quantity=10)
    added = line("2", "2024-07-01", "2025-01-01", 300, quantity=2, product_id=2)
    seats = line("3", "2024-07-01", "2025-01-01", 240, quantity=2)
    tags = {(one.kind.value, one.on.month, one.product_id): one.tags for one in moves([running, added, seats])}
    assert tags["expansion", 7, 2] == {Tag.COTERM, Tag.CROSS_SELL}
    own = running.product_id
    assert tags["expansion", 7, own] == tags["price_up", 7, own] == {Tag.COTERM}
    others = (
        [running, line("2", "2024-07-01", "2025-07-01", 300, product_id=2)],  # a term of its own
        [running, line("2", "2024-07-01", None, 300, product_id=2)],
        [running, line("2", "2024-01-01", "2025-01-01", 300, product_id=2)],  # both began on one day
        [running, line("4", "2023-07-01", "2024-07-01", 300, product_id=2),  # the renewal of another term
         line("2", "2024-07-01", "2025-01-01", 400, product_id=2)],
        [running, line("2", "2024-07-01", "2025-01-01", 300, product_id=2, renewal_of="0")],
        [running, line("2", "2024-07-01", "2025-01-01", 300, product_id=2, term_starts_on=day("2024-01-01"))],
        [line("2", "2024-07-01", "2025-01-01", 300, product_id=2)],  # alone
    )  # fmt: skip
    for lines in others:
        assert not any(Tag.COTERM in one.tags for one in moves(lines)), lines
    cut = [
        line("1a", "2024-01-01", "2024-04-01", 1000, quantity=10, is_amended=True),
        line("1b", "2024-04-01", "2025-01-01", 1000, quantity=10, term_starts_on=day("2024-01-01")),
    ]
    assert [one.tags for one in moves([*cut, added])][1] == {Tag.COTERM, Tag.CROSS_SELL}, "a cut term is one term"


def test_nineteen_subscriptions_at_once_are_one_customer() -> None:
    lines = [
        line(str(n), f"2024-01-{n:02}", f"2024-06-{n:02}", 100 + n, quantity=1, product_id=n) for n in range(1, 20)
    ]
    kinds = [kind for _, kind, _ in told(moves(lines))]
    assert kinds == ["new", *["expansion"] * 18, *["contraction"] * 18, "churn"]
    assert sum(one.amount for one in moves(lines)) == 0


def test_a_customer_that_comes_back_is_reactivated_or_new_by_the_switch() -> None:
    lines = [line("1", "2024-01-01", "2024-02-01", 100), line("2", "2024-02-02", None, 80)]
    assert [kind for _, kind, _ in told(moves(lines))] == ["new", "churn", "reactivation"]
    assert [kind for _, kind, _ in told(moves(lines, PolicySwitches(reactivation_as_new=True)))] == [
        "new",
        "churn",
        "new",
    ]


def test_a_second_subscription_is_new_where_each_contract_is_told_on_its_own() -> None:
    lines = [
        line("1", "2024-01-01", None, 100, contract_id=1),
        line("2", "2024-03-01", "2024-05-01", 50, contract_id=2, product_id=2),
    ]
    assert [kind for _, kind, _ in told(moves(lines))] == ["new", "expansion", "contraction"]
    by_contract = PolicySwitches(classified_by=Level.CONTRACT)
    assert [kind for _, kind, _ in told(moves(lines, by_contract))] == ["new", "new", "churn"]


def test_a_pause_of_ninety_days_is_a_pause_and_a_longer_one_is_churn() -> None:
    def paused(until: str) -> list[tuple[str, str, Fraction]]:
        return told(moves([line("1", "2024-01-01", None, 100, pauses=((day("2024-03-01"), day(until)),))]))[1:]

    assert paused("2024-05-30") == [("2024-03-01", "pause", -100), ("2024-05-30", "resume", 100)]
    assert paused("2024-05-31") == [("2024-03-01", "churn", -100), ("2024-05-31", "reactivation", 100)]


def test_an_open_pause_is_a_pause_until_it_is_too_long_on_the_day_known() -> None:
    lines = [line("1", "2024-01-01", None, 100, pauses=((day("2024-03-01"), None),))]
    assert told(moves(lines, as_of="2024-05-30"))[1:] == [("2024-03-01", "pause", -100)]
    assert told(moves(lines, as_of="2024-05-31"))[1:] == [("2024-03-01", "churn", -100)]
    assert told(moves(lines))[1:] == [("2024-03-01", "churn", -100)]


def test_a_pause_in_which_the_line_ends_is_churn_on_the_day_the_revenue_stopped() -> None:
    lines = [line("1", "2024-01-01", "2024-04-01", 100, pauses=((day("2024-03-01"), None),))]
    assert told(moves(lines, as_of="2024-04-02"))[1:] == [("2024-03-01", "churn", -100)]


def test_a_line_paused_beside_another_is_contraction_because_the_customer_goes_on() -> None:
    lines = [
        line("1", "2024-01-01", None, 100),
        line("2", "2024-01-01", None, 50, product_id=2, pauses=((day("2024-03-01"), day("2024-04-01")),)),
    ]
    assert [one[:2] for one in told(moves(lines))][2:] == [("2024-03-01", "contraction"), ("2024-04-01", "expansion")]


def test_a_product_that_replaces_two_takes_over_from_each_its_share() -> None:
    lines = [
        line("1", "2024-01-01", "2024-07-01", 100, product_id=1),
        line("2", "2024-01-01", "2024-07-01", 300, product_id=2),
        line("3", "2024-07-01", None, 200, product_id=3),
    ]
    booked = [one for one in moves(lines) if one.on == day("2024-07-01")]
    assert [(one.product_id, one.kind.value, one.amount) for one in booked] == [
        (1, "contraction", -50),
        (1, "transfer", -50),
        (2, "contraction", -150),
        (2, "transfer", -150),
        (3, "transfer", 200),
    ]
    assert all(Tag.PRODUCT_SWITCH in one.tags for one in booked if one.kind.value == "transfer")


def test_a_line_that_goes_on_with_another_customer_is_transferred_and_nobody_churned() -> None:
    lines = [
        line("1", "2024-01-01", "2024-07-01", 1000, quantity=10),
        line("2", "2024-07-01", "2025-01-01", 1200, quantity=12, customer_id=2, renewal_of="1"),
    ]
    assert [(one.customer_id, *row) for one, row in zip(moves(lines), told(moves(lines)), strict=True)] == [
        (1, "2024-01-01", "new", 1000),
        (1, "2024-07-01", "transfer", -1000),
        (2, "2024-07-01", "expansion", 200),
        (2, "2024-07-01", "transfer", 1000),
        (2, "2025-01-01", "churn", -1200),
    ]


def test_a_line_split_between_two_customers_is_shared_by_what_each_pays() -> None:
    lines = [
        line("1", "2024-01-01", "2024-07-01", 1000, quantity=10),
        line("2", "2024-07-01", None, 750, quantity=3, customer_id=2, renewal_of="1"),
        line("3", "2024-07-01", None, 250, quantity=1, customer_id=1, renewal_of="1"),
    ]
    booked = [one for one in moves(lines) if one.on == day("2024-07-01")]
    transfers = [(one.customer_id, one.amount) for one in booked if one.kind.value == "transfer"]
    assert transfers == [(1, -750), (2, 750)]
    assert sum(one.amount for one in booked) == 0


def test_a_red_line_takes_its_seats_back() -> None:
    lines = [
        line("1", "2024-01-01", "2025-01-01", 1000, quantity=10),
        line("red", "2024-03-01", "2025-01-01", -200, quantity=2),
    ]
    assert told(moves(lines)) == [
        ("2024-01-01", "new", 1000),
        ("2024-03-01", "contraction", -200),
        ("2025-01-01", "churn", -800),
    ]


def test_seats_given_away_move_nothing_and_do_not_count_when_more_are_bought() -> None:
    lines = [
        line("1", "2024-01-01", "2024-07-01", 1000, quantity=10),
        line("gift", "2024-03-01", None, 0, quantity=5),
        line("2", "2024-07-01", None, 1200, quantity=12, renewal_of="1"),
    ]
    assert told(moves(lines)) == [("2024-01-01", "new", 1000), ("2024-07-01", "expansion", 200)]
