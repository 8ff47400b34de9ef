"""The metrics that ship, as the metric algebra of the lake takes them."""

from perennial.blueprint import queries
from perennial.blueprint.terms import PORTFOLIO_FIELDS
from perennial.lake.algebra import attributes_of, parse_metrics


def test_the_ten_first_metrics_are_what_the_algebra_takes() -> None:
    metrics = parse_metrics([dict(metric.algebra) for metric in queries.metrics()])
    assert [metric.key for metric in metrics] == [
        "active_users_7d",
        "active_users_28d",
        "logins_7d",
        "breadth_28d",
        "depth_28d",
        "trend_28d",
        "seats_used_28d",
        "days_since_last",
        "errors_28d",
        "top_user_share_28d",
    ]
    assert attributes_of(metrics) == ["seats"]
    assert {metric.key for metric in metrics} <= set(PORTFOLIO_FIELDS)
