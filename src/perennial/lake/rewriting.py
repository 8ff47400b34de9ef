"""Writing whole spans of a table anew: the one way in which stored rows ever change."""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

import shutil
from collections.abc import Iterable

import pyarrow as pa

from perennial.lake.engine import Target, write_spans
from perennial.lake.engines.terms import Session
from perennial.lake.manifest import Rewrite
from perennial.lake.spans import Span
from perennial.lake.storage.terms import Storage

_BATCH = 65_536
SORTED = "sorted"
"""The lake's folder for rows on their way into files."""


def forget_sorted(root: Storage) -> None:
    """Remove what a driver that died left of such rows; only the holder of the lease for folding calls this."""
    if (root.folder / SORTED).exists():
        shutil.rmtree(root.folder / SORTED)


def use_spans(session: Session, spans: dict[int, Span]) -> None:
    """Make the table `span_of` (day → first day of its span) known to the session."""
    days = pa.table(
        {
            "day": pa.array(spans.keys(), pa.int32()),
            "span": pa.array([span.from_day for span in spans.values()], pa.int32()),
        }
    )
    session.register("span_of", days)


def rewrite(session: Session, rows_sql: str, target: Target, spans: dict[int, Span], order: Iterable[str]) -> Rewrite:
    """Write the rows of a SELECT that fall into the spans, sorted within each; one pass over them."""
    use_spans(session, spans)
    keys = ", ".join(["span", *(f'"{name}"' for name in order)])
    sql = f"SELECT s.span, r.* FROM ({rows_sql}) AS r JOIN span_of AS s ON s.day = r.day ORDER BY {keys}"
    files = write_spans(session.batches(sql, _BATCH, target.root.folder / SORTED), target, spans)
    return Rewrite(target.table, frozenset(spans.values()), tuple(files))
