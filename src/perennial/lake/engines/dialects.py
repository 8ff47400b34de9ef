"""DuckDB's SQL in the words of another engine. SQLGlot does nearly all of it; the rest stands here."""

from functools import lru_cache
from typing import Literal

import sqlglot
from sqlglot import exp

Dialect = Literal["spark", "postgres"]
_IN_SPARK = {"epoch_us": "UNIX_MICROS"}


@lru_cache(maxsize=256)
def carried(sql: str, dialect: Dialect) -> str:
    """Return a SELECT of DuckDB's dialect in another."""
    tree = sqlglot.parse_one(sql, read="duckdb")
    for like in tree.find_all(exp.Like):
        # A backslash is a character to DuckDB, and an escape to the others.
        if like.expression.is_string:
            like.set("expression", exp.Literal.string(like.expression.name.replace("\\", "\\\\")))
    if dialect == "spark":
        for function in tree.find_all(exp.Anonymous):
            function.set("this", _IN_SPARK.get(function.name.lower(), function.this))
    if dialect == "postgres":
        tree = tree.transform(_for_postgres)
        _name_subqueries(tree)
    return tree.sql(dialect, comments=False)


def _for_postgres(node: exp.Expr) -> exp.Expr:
    """A series is rows there, not a list to unnest."""
    if isinstance(node, exp.Explode | exp.Unnest):
        inner = node.expressions[0] if isinstance(node, exp.Unnest) else node.this
        if isinstance(inner, exp.GenerateSeries):
            return inner
    return node


def _name_subqueries(tree: exp.Expr) -> None:
    """Before version 16 every subquery in FROM needs a name."""
    for number, query in enumerate(tree.find_all(exp.Subquery)):
        if isinstance(query.parent, exp.From | exp.Join) and not query.alias:
            query.set("alias", exp.TableAlias(this=exp.to_identifier(f"q{number}")))
