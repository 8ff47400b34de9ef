"""What the calls on health answer, for the schema."""

from __future__ import annotations

from perennial.api.shapes import DAY, Schema, array, number, shape_of, text

CAUSES = {"type": "object", "additionalProperties": text("Points."),
          "description": "By cause: value, freshness, configuration, segment."}  # fmt: skip
MEASURE = shape_of({
    "key": text(),
    "hidden": {"type": "boolean", "description": "Its values tell of a field that you may not see."},
    "values": array(number(null=True), "Raw, on both days."),
    "causes": CAUSES,
})  # fmt: skip
CHANGED = shape_of({
    "from": DAY,
    "to": DAY,
    "before": text("Points with one decimal."),
    "score": text("Points with one decimal."),
    "scorecards": array(shape_of({"key": text(), "version": number(kind="integer")}), "Of both days."),
    "causes": CAUSES,
    "measures": array(MEASURE),
})  # fmt: skip


def answer(health: Schema) -> Schema:
    """Return the shape of one customer's health."""
    changed = {"anyOf": [CHANGED, {"type": "null"}], "description": "Null without `since`."}
    return shape_of({"key": text(), "as_of": DAY, "health": health, "changed": changed})
