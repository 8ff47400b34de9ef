"""The ten first metrics counted a second time, in plain Python over the events themselves: no facts, no SQL."""

from typing import Any

Row = dict[str, Any]


def recounted(events: list[Row], customer: int, day: int, *, seats: int | None) -> Row:
    """Return one customer's metrics as of one day, from all its events."""
    mine = [e for e in events if e["customer"] == customer and e["day"] <= day and e["n"] > 0]

    def last(days: int, *, before: int = 0) -> list[Row]:
        return [e for e in mine if day - before - days < e["day"] <= day - before]

    core = [e for e in last(28) if e["event"] == "use"]
    users = {e["user"] for e in core if e["user"] is not None}
    has_users = any(e["user"] is not None for e in mine)
    active_days = {e["day"] for e in core}
    now = sum(e["n"] for e in last(28) if e["event"] != "error")
    before = sum(e["n"] for e in last(28, before=28) if e["event"] != "error")
    by_user = [sum(e["n"] for e in core if e["user"] == user) for user in users]
    return {
        "customer": customer,
        "day": day,
        "active_users_7d": len({e["user"] for e in last(7) if e["event"] == "use"} - {None}) if has_users else None,
        "active_users_28d": len(users) if has_users else None,
        "logins_7d": sum(e["n"] for e in last(7) if e["event"] == "login"),
        "breadth_28d": len({e["feature"] for e in last(28)} - {None}),
        "depth_28d": sum(e["n"] for e in core) / len(active_days) if active_days else None,
        "trend_28d": now / before if before else None,
        "seats_used_28d": len(users) / seats if has_users and seats else None,
        "days_since_last": day - max(e["day"] for e in mine) if mine else None,
        "errors_28d": 1000 * sum(e["n"] for e in last(28) if e["event"] == "error") / now if now else None,
        "top_user_share_28d": max(by_user) / sum(by_user) if by_user else None,
    }
