"""Which delimiter and quotes a text file uses: the dialect under which most rows have the same number of cells."""

import csv
from collections import Counter
from dataclasses import dataclass

from perennial.integrations.imports.reading import manner

DELIMITERS = tuple(manner.DELIMITERS.values())


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are told apart. `backslash`: a quote within quotes is written \\" (MySQL) and not doubled."""

    delimiter: str
    quote: str = '"'
    backslash: bool = False


def dialect_of(lines: list[str], delimiter: str | None = None) -> Dialect:
    """Return the dialect under which the sample is most regular; a single column reads as comma-separated.

    `delimiter`: the one that a person chose; the quotes are still found.
    """
    candidates = [Dialect(one) for one in ((delimiter,) if delimiter else DELIMITERS)]
    best = max(candidates, key=lambda dialect: _regularity(lines, dialect))
    variants = [best, Dialect(best.delimiter, "'"), Dialect(best.delimiter, '"', backslash=True)]
    variants = [v for v in variants if v == best or _in_use(lines, v)]
    return max(variants, key=lambda dialect: _regularity(lines, dialect))


def reader_options(dialect: Dialect) -> dict[str, str | bool | None]:
    """Return the options of `csv.reader` for the dialect. Strict: a quote in the wrong place is told, not swallowed."""
    escape = "\\" if dialect.backslash else None
    return {
        "delimiter": dialect.delimiter,
        "quotechar": dialect.quote,
        "escapechar": escape,
        "doublequote": not dialect.backslash,
        "strict": True,
    }


def _in_use(lines: list[str], dialect: Dialect) -> bool:
    if dialect.backslash:
        return any('\\"' in line for line in lines)
    mark = dialect.quote
    ends = [cell for line in lines for cell in line.strip().split(dialect.delimiter)]
    return sum(len(cell) > 1 and cell[0] == mark == cell[-1] for cell in ends) * 2 > len(ends)


def _regularity(lines: list[str], dialect: Dialect) -> tuple[float, float]:
    """Return (share of rows with the usual width ≥ 2 less the faulty, that width's share of cells)."""
    widths: Counter[int] = Counter()
    faults = 0
    reader = csv.reader(iter(lines), **reader_options(dialect))  # type: ignore[arg-type]
    while True:
        try:
            widths[len(next(reader))] += 1
        except StopIteration:
            break
        except csv.Error:
            faults += 1
    widths.pop(0, None)
    rows = sum(widths.values())
    if not rows:
        return (0.0, 0.0)
    width, count = max(((w, n) for w, n in widths.items()), key=lambda pair: (pair[1], pair[0]))
    if width < 2:
        return (0.0, 0.0)
    return ((count - faults) / (rows + faults), width)
