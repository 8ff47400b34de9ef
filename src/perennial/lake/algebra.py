"""The metric algebra: measures over events, and expressions over measures and customer attributes.

A definition is data from outside (YAML). Its two pieces of text, the predicate of a measure and the expression of a
metric, are parsed and held to an allow-list; what is compiled from them stays linear in the rows that it reads.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from perennial.lake import champions
from perennial.lake.expressions import is_expression
from perennial.lake.trends import REACH as TREND_REACH

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_RESERVED = {"customer", "day", "from_day", "until_day"}


MOST_DEEP = 60
"""Levels of a predicate or an expression: what is deeper cannot be written out as SQL again."""


class Aggregate(StrEnum):
    """What a measure does with the events of its window."""

    COUNT = "count"  # of weights n
    SUM = "sum"  # of value; None where no event carries one
    DISTINCT = "distinct"  # users, features, events, days, or users each day or each week (from Monday)
    LARGEST = "largest"  # the largest count that one user, feature or event has
    EFFECTIVE = "effective"  # how many equal users, features or events would be as spread out: exp(entropy of counts)
    ADOPTED = "adopted"  # features of what was bought that are used often enough, or by several (lake/bought.py)
    TREND = "trend"  # slope a week of log(1 + users a week) over thirteen weeks (Theil-Sen)
    ADJUSTED = "adjusted_trend"  # the same after calendar adjustment (calendars.py)
    GAP = "gap"  # weeks since the champion's last active week (champions.py); no window
    SILENCE = "silence"  # how likely so long a gap is of somebody as active as he was in 26 weeks; no window
    SINCE = "since"  # days since the last one; no window


class BadDefinition(ValueError):
    """A metric's definition says something that the algebra does not know."""


WORKING = "working"
OF = {
    Aggregate.DISTINCT: ("user", "feature", "event", "day", "user_day", "user_week"),
    Aggregate.LARGEST: ("user", "feature", "event"),
    Aggregate.EFFECTIVE: ("user", "feature", "event"),
    Aggregate.ADOPTED: ("bought",),
    Aggregate.TREND: ("user",),
    Aggregate.ADJUSTED: ("user",),
    Aggregate.GAP: ("champion",),
    Aggregate.SILENCE: ("champion",),
}
"""Of what an aggregate may be; the others are of nothing."""
TRENDS = frozenset({Aggregate.TREND, Aggregate.ADJUSTED})
WINDOWLESS = frozenset({Aggregate.SINCE, Aggregate.GAP, Aggregate.SILENCE})


@dataclass(frozen=True)
class Measure:
    """One number per customer and day over the events of `window` days that end `offset` days before it, inclusive;
    `days` "working": over those of Monday to Friday among them.

    A measure of users is None for a customer without any event with a user up to that day: unknown is not zero.
    `admin`: of a champion, which events are acts of administration, a predicate like `where`.
    """

    aggregate: Aggregate
    where: str = ""
    of: str = ""
    window: int = 1
    offset: int = 0
    days: str = ""
    admin: str = ""

    def __post_init__(self) -> None:
        if self.of not in OF.get(self.aggregate, ("",)):
            raise BadDefinition(f"{self.aggregate} of {self.of!r}")
        if (
            self.window < 1
            or self.offset < 0
            or (self.aggregate in WINDOWLESS and (self.window, self.offset, self.days) != (1, 0, ""))
            or (self.aggregate in TRENDS and (self.window, self.offset, self.days) != (7, 0, ""))
            or self.days not in ("", WORKING)
        ):
            raise BadDefinition(f"window {self.window}, offset {self.offset}, days {self.days!r}")
        columns = ("event", "feature") if self.of in ("feature", "event") else ("event", "feature", "user")
        object.__setattr__(self, "where", predicate(self.where, columns))
        if self.admin and self.of != "champion":
            raise BadDefinition(f"admin of {self.of!r}")
        object.__setattr__(self, "admin", predicate(self.admin, columns) if self.admin else "")

    @property
    def needs_users(self) -> bool:
        """Say whether the measure means nothing where the source names no users."""
        return self.of.startswith("user") or self.of == "champion"

    @property
    def reach(self) -> int:
        """Return how many days back the measure reads, its own day among them."""
        if self.of == "champion":
            return champions.REACH
        return TREND_REACH if self.aggregate in TRENDS else self.window + self.offset

    def plain(self) -> dict[str, Any]:
        """Return the measure as plain data, every default written out."""
        return asdict(self)

    @property
    def column(self) -> str:
        """Return the facts' column that this measure is made of, named by its predicate."""
        return _column({Aggregate.SUM: "v", Aggregate.ADOPTED: "u"}.get(self.aggregate, "n"), self.where)

    @property
    def columns(self) -> dict[str, str]:
        """Return every column of the facts that the measure reads, with its predicate."""
        more = {_column("n", self.admin): self.admin} if self.admin else {}
        return {self.column: self.where, **more}

    @property
    def champion_columns(self) -> champions.Columns:
        """Return the columns of counted events and of acts of administration, the latter "" where none are named."""
        return self.column, _column("n", self.admin) if self.admin else ""


@dataclass(frozen=True)
class Metric:
    """A named expression over measures and customer attributes; a name that is no measure is an attribute."""

    key: str
    measures: Mapping[str, Measure]
    expression: str = ""
    version: int = 1

    def __post_init__(self) -> None:
        for name in (self.key, *self.measures):
            if not _NAME.fullmatch(name) or name in _RESERVED:
                raise BadDefinition(f"name {name!r}")
        if not self.expression and len(self.measures) != 1:
            raise BadDefinition(f"{self.key}: several measures need an expression")
        self.attributes()

    def tree(self) -> exp.Expr:
        """Return the parsed expression; a lone measure is its own expression."""
        tree = _parsed(self.expression or next(iter(self.measures)))
        if _depth(tree) > MOST_DEEP or not is_expression(tree):
            raise BadDefinition(f"{self.expression!r} is no expression over measures")
        return tree

    def attributes(self) -> set[str]:
        """Return the names of the customer attributes that the expression reads."""
        names = {column.name for column in self.tree().find_all(exp.Column)}
        for name in names:
            if not _NAME.fullmatch(name) or name in _RESERVED:
                raise BadDefinition(f"name {name!r}")
        named = {champions.ATTRIBUTE} if any(one.of == "champion" for one in self.measures.values()) else set()
        return (names - set(self.measures)) | named

    def numbers(self) -> list[float]:
        """Return the numbers that stand in the expression."""
        return [float(literal.this) for literal in self.tree().find_all(exp.Literal)]

    def names(self) -> list[str]:
        """Return the names that the expression reads, each as often as it stands there."""
        return [column.name for column in self.tree().find_all(exp.Column)]


@lru_cache(maxsize=1_000)  # many measures are over the same events, and every process begins by reading them all
def predicate(text: str, columns: tuple[str, ...]) -> str:
    """Return a predicate over `columns` as canonical SQL, TRUE where the text is empty.

    :raises BadDefinition: the text is more than comparisons of these columns with constants.
    """
    tree = _parsed(text or "TRUE")
    if _depth(tree) > MOST_DEEP or not _is_predicate(tree, frozenset(columns)):
        raise BadDefinition(f"{text!r} is no predicate over {', '.join(columns)}")
    return tree.sql("duckdb", identify=True, comments=False)


def parse_metrics(raw: list[dict[str, Any]]) -> tuple[Metric, ...]:
    """Return metrics from plain data: key, measures (name → aggregate, where, of, window, offset), expression, version.

    :raises BadDefinition: a key is unknown, missing or twice, or a text is not allowed.
    """
    try:
        metrics = tuple(
            Metric(**(item | {"measures": {name: _measure(given) for name, given in item["measures"].items()}}))
            for item in raw
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise BadDefinition(str(error)) from error
    if len({metric.key for metric in metrics}) != len(metrics):
        raise BadDefinition("a key stands twice")
    return metrics


def measures_of(metrics: Iterable[Metric]) -> list[Measure]:
    """Return each measure once, however many metrics share it."""
    return list(dict.fromkeys(measure for metric in metrics for measure in metric.measures.values()))


def plan_of(metrics: Iterable[Metric]) -> dict[str, str]:
    """Return the columns that the facts must hold for these metrics: name → predicate."""
    additive = [m for m in measures_of(metrics) if m.of not in ("feature", "event")]
    return {column: where for measure in [USERS, *additive] for column, where in measure.columns.items()}


def attributes_of(metrics: Iterable[Metric]) -> list[str]:
    """Return the customer attributes that the metrics read, sorted."""
    return sorted({name for metric in metrics for name in metric.attributes()})


def _column(kind: str, where: str) -> str:
    return f"{kind}_{blake2b(where.encode(), digest_size=6).hexdigest()}"


def _measure(given: dict[str, Any]) -> Measure:
    try:
        return Measure(**(given | {"aggregate": Aggregate(given["aggregate"])}))
    except ValueError as error:
        raise BadDefinition(str(error)) from error


def _parsed(text: str) -> exp.Expr:
    try:
        return sqlglot.parse_one(text, read="duckdb")
    except (SqlglotError, RecursionError) as error:
        raise BadDefinition(f"cannot read {text!r}") from error


def _depth(tree: exp.Expr) -> int:
    """Return the number of levels of a parsed text."""
    levels, here = 0, [tree]
    while here:
        levels, here = levels + 1, [child for node in here for child in node.iter_expressions()]
    return levels


def _is_predicate(node: exp.Expr, columns: frozenset[str]) -> bool:
    """Comparisons of text columns with text, null tests, and their and, or, not."""
    if isinstance(node, exp.And | exp.Or):
        return _is_predicate(node.left, columns) and _is_predicate(node.right, columns)
    if isinstance(node, exp.Not | exp.Paren):
        return _is_predicate(node.this, columns)
    if isinstance(node, exp.Is):
        return _is_column(node.this, columns) and isinstance(node.expression, exp.Null)
    text = columns - {"user"}
    if isinstance(node, exp.In):
        return _is_column(node.this, text) and bool(node.expressions) and all(e.is_string for e in node.expressions)
    if isinstance(node, exp.EQ | exp.NEQ | exp.Like):
        return _is_column(node.this, text) and node.expression.is_string
    return isinstance(node, exp.Boolean)


def _is_column(node: exp.Expr, names: frozenset[str]) -> bool:
    return isinstance(node, exp.Column) and not node.table and node.name in names


USERS = Measure(Aggregate.COUNT, where="user IS NOT NULL")
"""Whether a customer's source names users; its column is in the facts always."""
