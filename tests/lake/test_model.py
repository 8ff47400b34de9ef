"""Whatever happens in whatever order, the lake counts what a plain list counts (promise D10, its short form)."""

from __future__ import annotations

import pytest
from tests.lake.model import ForgetfulUsage, Usage, run


def test_any_order_of_steps_leaves_what_a_plain_list_counts() -> None:
    run(Usage, sequences=24, steps=30)
    assert Usage.compared >= 24


def test_the_comparison_sees_an_event_that_is_lost() -> None:
    with pytest.raises(AssertionError):
        run(ForgetfulUsage, sequences=5, steps=30, is_shrunk=False)
