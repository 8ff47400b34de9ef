"""What an expression over measures may say, and how it is guarded where a value is unknown or means nothing.

Numbers, names, + - * / and brackets; `log1p(x)`; `least`, `greatest` and `coalesce` of several; `case when a < b then x
else y end`. What is divided by zero is unknown, and so is the least of something unknown: a cap makes no value of none.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

MOST_GUARDED = 3
"""Levels of log1p, least and greatest within one another: each writes what stands in it twice."""
_SEVERAL = (exp.Least, exp.Greatest, exp.Coalesce)
_COMPARISONS = (exp.LT, exp.LTE, exp.GT, exp.GTE)


def is_expression(node: exp.Expr, guarded: int = 0) -> bool:
    """Return whether a parsed text is an expression; `guarded`: levels around it that write it twice."""
    if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div):
        return is_expression(node.left, guarded) and is_expression(node.right, guarded)
    if isinstance(node, exp.Neg | exp.Paren):
        return is_expression(node.this, guarded)
    if isinstance(node, _SEVERAL) or _is_log1p(node):
        parts = _parts(node)
        inside = guarded + (not isinstance(node, exp.Coalesce))
        enough = len(parts) == 1 if _is_log1p(node) else len(parts) > 1
        return enough and inside <= MOST_GUARDED and all(is_expression(part, inside) for part in parts)
    if isinstance(node, exp.Case):
        chosen = [*(one.args["true"] for one in node.args["ifs"]), *([d] if (d := node.args.get("default")) else [])]
        return (
            node.this is None
            and all(_is_condition(one.this, guarded) for one in node.args["ifs"])
            and all(is_expression(one, guarded) for one in chosen)
        )
    return (isinstance(node, exp.Column) and not node.table) or (isinstance(node, exp.Literal) and node.is_number)


def _is_condition(node: exp.Expr, guarded: int) -> bool:
    if isinstance(node, exp.And | exp.Or):
        return _is_condition(node.left, guarded) and _is_condition(node.right, guarded)
    if isinstance(node, exp.Not | exp.Paren):
        return _is_condition(node.this, guarded)
    if isinstance(node, _COMPARISONS):
        return is_expression(node.left, guarded) and is_expression(node.right, guarded)
    return False


def _is_log1p(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.this).lower() == "log1p"


def _parts(node: exp.Expr) -> list[exp.Expr]:
    return list(node.expressions) if _is_log1p(node) else [node.this, *node.expressions]


def guarded_sql(tree: exp.Expr, resolve: Callable[[exp.Column], exp.Expr]) -> str:
    """Return an expression as SQL in DuckDB's dialect; `resolve` says what stands for a name.

    Everything is counted in DOUBLE: products do not overflow then, and engines agree, which keep different decimals of
    a product of decimals and read a number with a point in different ways.
    """
    whole = exp.Paren(this=tree)  # so that the outermost can be replaced too
    for division in whole.find_all(exp.Div):
        division.set("this", exp.cast(division.this, "DOUBLE"))
        division.set("expression", exp.func("NULLIF", division.expression, exp.Literal.number(0)))
    several = [node for node in whole.find_all(exp.Least, exp.Greatest, exp.Anonymous) if _guard(node) is not None]
    for node in reversed(several):  # the innermost first
        node.replace(_guard(node))

    def resolved(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Literal) and not node.is_int:
            return exp.cast(exp.Literal.string(node.name), "DOUBLE")
        if not isinstance(node, exp.Column):
            return node
        column = resolve(node)
        return column if isinstance(node.parent, exp.Cast) else exp.cast(column, "DOUBLE")

    sql = whole.transform(resolved).this.sql("duckdb")
    return f"CAST({sql} AS DOUBLE)"


def _guard(node: exp.Expr) -> exp.Case | None:
    """Return what is unknown where a part of it is, and where a logarithm would be of nothing; None: needs no guard."""
    if _is_log1p(node):
        more = exp.Add(this=exp.Literal.number(1), expression=exp.Paren(this=node.expressions[0].copy()))
        above = exp.GT(this=more.copy(), expression=exp.Literal.number(0))
        return exp.Case(ifs=[exp.If(this=above, true=exp.Ln(this=more))])
    if isinstance(node, exp.Least | exp.Greatest):
        parts = [part for part in _parts(node) if not isinstance(part, exp.Literal)]
        known = [exp.Not(this=exp.Is(this=exp.Paren(this=part.copy()), expression=exp.Null())) for part in parts]
        # A number among doubles is made one too: engines want parts of one type.
        same = [exp.cast(part.copy(), "DOUBLE") for part in _parts(node)]
        told = type(node)(this=same[0], expressions=same[1:])
        return exp.Case(ifs=[exp.If(this=exp.and_(*known) if known else exp.true(), true=told)])
    return None
