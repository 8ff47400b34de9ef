"""What the call of alerts answers, for the schema."""

from __future__ import annotations

from perennial.api.shapes import DAY, Schema, array, number, shape_of, text

ALERT = shape_of({
    "id": number(kind="integer"),
    "customer": text("Its public key."),
    "kind": text("drop, champion_gap, champion_gone or silence."),
    "list": text("watch or act."),
    "week": DAY,
    "p": number("How likely it is while nothing changed.", null=True),
    "statistic": number("Of a drop: the weighted mean of its deviations.", null=True),
    "against": number("With how many past weeks it was compared.", kind="integer", null=True),
    "users": number("Of a drop users a week lately, else those of the week.", null=True),
    "usual": number("The baseline of a drop.", null=True),
    "muted_until": text("Null: it does not rest.", null=True, format="date"),
    "muted_why": text("contact, task or hand.", null=True),
    "series": array(shape_of({"users": number(null=True), "factor": number("What the week was for everybody.")}),
                    "34 weeks up to the alarm's, the oldest first."),
})  # fmt: skip


def answer() -> Schema:
    """Return the shape of the open alerts."""
    return shape_of({
        "definition": text(), "week": text("The last day of the week judged last.", null=True, format="date"),
        "trouble": text("Why nobody was judged: nothing, stopped, few or short.", null=True),
        "judged": number(kind="integer"), "new": number(kind="integer"), "expected": number(),
        "alerts": array(ALERT),
    })  # fmt: skip
