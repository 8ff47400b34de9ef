"""From which day on a metric is known: a column of facts that came when older events were gone has no history."""

from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from perennial.lake.algebra import Aggregate, Metric


def known_from(metric: Metric, since: Mapping[str, int]) -> int | None:
    """Return the first day whose whole window the facts know, None where nothing is missing.

    `since`: column of the facts → first day on which it could be computed. What a measure without a window knows before
    it is what it knows of the days since: the last one before them is unknown by itself.
    """
    first = [
        since[column] + (0 if one.aggregate == Aggregate.SINCE else one.reach - 1)
        for one in metric.measures.values()
        for column in one.columns
        if one.of not in ("feature", "event") and column in since
    ]
    return max(first, default=None)


def masked(rows: pa.Table, metrics: Iterable[Metric], since: Mapping[str, int]) -> pa.Table:
    """Return daily rows with every value unknown whose window reaches back before what the facts know."""
    for metric in metrics if since else ():
        if (first := known_from(metric, since)) is not None:
            column = rows[metric.key]
            known = pc.if_else(pc.greater_equal(rows["day"], first), column, pa.scalar(None, column.type))
            rows = rows.set_column(rows.schema.get_field_index(metric.key), metric.key, known)
    return rows
