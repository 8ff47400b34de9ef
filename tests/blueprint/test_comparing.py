"""What a text changes in another."""

from perennial.blueprint.calculations.comparing import Change, compare


def told(before: str, after: str) -> list[tuple[str, int | None, int | None, str]]:
    return [(one.kind.value, one.before, one.after, one.text) for one in compare(before, after)]


def test_the_same_lines_change_nothing() -> None:
    assert told("a\nb\n", "a\nb") == []


def test_a_changed_line_stands_with_three_lines_around_it_and_what_is_far_is_left_out() -> None:
    before = "".join(f"{n}\n" for n in range(1, 11))
    assert told(before, before.replace("6\n", "six\n")) == [
        ("skip", None, None, ""),
        ("same", 3, 3, "3"), ("same", 4, 4, "4"), ("same", 5, 5, "5"),
        ("gone", 6, None, "6"), ("new", None, 6, "six"),
        ("same", 7, 7, "7"), ("same", 8, 8, "8"), ("same", 9, 9, "9"),
    ]  # fmt: skip


def test_a_line_that_comes_moves_the_numbers_after_it() -> None:
    assert told("a\nb\n", "new\na\nb\n") == [
        ("new", None, 1, "new"), ("same", 1, 2, "a"), ("same", 2, 3, "b"),
    ]  # fmt: skip
    assert told("a\n", "") == [(Change.GONE.value, 1, None, "a")]
