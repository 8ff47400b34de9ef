"""What becomes of a line at its end by the paper alone: whether it goes on by itself. It books nothing."""

from datetime import date

from perennial.contracts.terms import AtEnd


def at_end(
    auto_renews: bool | None, *, ends_on: date | None, notice_on: date | None, is_given_up: bool, on: date
) -> AtEnd | None:
    """Return what the paper says becomes of a line on a day, for a line that is not over; None: it says nothing, or
    the line has no end, was given notice, or is past its end.

    `ends_on` is the first day without service, `notice_on` the last day on which notice may be given.
    """
    if auto_renews is None or ends_on is None or is_given_up or on >= ends_on:
        return None
    if not auto_renews:
        return AtEnd.ENDS
    return AtEnd.GOES_ON if notice_on is not None and on > notice_on else AtEnd.UNLESS_NOTICE
