"""Where a mapping and the files do not meet: said with the file, the column and what to do, before anything is read.

For the command line above all, where nobody looks at a page: the wizard shows the same in its own way.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from perennial.integrations.imports.kinds import KindKey
from perennial.integrations.imports.messages import describe, place
from perennial.integrations.imports.proposal import Question
from perennial.integrations.imports.reading.terms import Reading, Source
from perennial.integrations.imports.terms import Mapping, TableMap

SHOWN = 20
_END = gettext_lazy(
    "%(file)s, column “%(column)s”: read as the first day without service. Else say `end_is: last_day`."
)
_AMOUNT = gettext_lazy(
    "%(file)s, column “%(column)s”: read as the amount of the whole term. Else say for how many months it is: "
    "`constants: {amount_months: 1}`."
)


def misfit(mapping: Mapping, sources: Sequence[Source]) -> str | None:
    """Return why a table of the mapping fits none of the files that it names, or none fits any; None where all is well.

    A table whose files are not there this time is no misfit, as long as another one is.
    """
    is_used = False
    for number, table in enumerate(mapping.tables):
        named = [source for source in sources if table.names(source)]
        if any(table.fits(source) for source in named):
            is_used = True
        elif named:
            return _lacking(number, table, min(named, key=lambda source: len(_missing(table, source))))
    if is_used:
        return None
    about = {
        "patterns": ", ".join(dict.fromkeys(_called(table) for table in mapping.tables)),
        "files": ", ".join(dict.fromkeys(_shown(source) for source in sources)) or "–",
    }
    text = _(
        "None of the files is called as the mapping says (%(patterns)s). There are: %(files)s. Correct `file` and "
        "`sheet` in the mapping; a * stands for anything."
    )
    return text % about


def _lacking(number: int, table: TableMap, source: Source) -> str:
    column = _missing(table, source)[0]
    field = next((key for key, use in table.columns.items() if use.column == column), "keep")
    near = get_close_matches(column, source.columns, n=1)
    about = {
        "place": f"tables[{number}]",
        "file": _shown(source),
        "column": column,
        "field": field,
        "near": near[0] if near else "",
        "columns": ", ".join(source.columns[:SHOWN]) + (", …" if len(source.columns) > SHOWN else ""),
    }
    text = _(
        "%(file)s has no column “%(column)s”, which %(place)s reads for `%(field)s`. Its columns are: %(columns)s. "
        "Correct the mapping, or leave the file out."
    )
    if near:
        text = _(
            "%(file)s has no column “%(column)s”, which %(place)s reads for `%(field)s`. Did you mean “%(near)s”? "
            "Its columns are: %(columns)s. Correct the mapping, or leave the file out."
        )
    return text % about


def _missing(table: TableMap, source: Source) -> list[str]:
    return [column for column in sorted(table.used_columns()) if column not in source.columns]


def _called(table: TableMap) -> str:
    return f"{table.file} / {table.sheet}" if table.sheet else table.file


def _shown(source: Source) -> str:
    return f"{source.file} / {source.sheets[0]}" if source.sheets else source.file


def asked(question: Question) -> str:
    """Return what must be said of a column of dates, with the readings and how a mapping says it."""
    readings = "; ".join(
        f"{choice.format.order}: " + ", ".join(f"{text} → {read or '?'}" for text, read in choice.examples[:2])
        for choice in question.choices
    )
    order = question.choices[0].format.order
    about = {"file": question.file, "column": question.column, "readings": readings, "field": question.field}
    text = _(
        "%(file)s, column “%(column)s”: these dates can be read in more than one way, or not all of them "
        "(%(readings)s). Say in the mapping which is meant, for example:"
    )
    return f"{text % about} {question.field}: {{column: {question.column}, format: {{kind: date, order: {order}}}}}"


def not_read(reading: Reading) -> list[dict[str, str]]:
    """Return the files and sheets that could not be read, each with the reason: `file`, `reason`."""
    return [{"file": place(problem), "reason": describe(problem)} for problem in reading.refused]


def nothing_read(reading: Reading) -> str:
    """Return why there is nothing to import at all."""
    reasons = [f"{one['file']}: {one['reason']}" for one in not_read(reading)]
    return " ".join(reasons) or _("None of the files holds a table that can be read.")


def assumed(mapping: Mapping, sources: Sequence[Source]) -> list[str]:
    """Return what nobody has said of lines and how it is read, where the files hold such lines."""
    found = []
    for table in mapping.tables:
        file = next((_shown(source) for source in sources if table.fits(source)), None)
        if file is None or table.kind is not KindKey.CONTRACTS:
            continue
        end, amount = table.columns.get("ends_on"), table.columns.get("amount")
        if end is not None and end.column and table.end_is is None:
            found.append(str(_END) % {"file": file, "column": end.column})
        said = table.amount_covers is not None or "amount_months" in table.columns
        if amount is not None and amount.column and not said:
            found.append(str(_AMOUNT) % {"file": file, "column": amount.column})
    return found


def left_out(mapping: Mapping, sources: Sequence[Source]) -> list[str]:
    """Return the tables that were read and that no table of the mapping takes."""
    return [_shown(source) for source in sources if not any(table.fits(source) for table in mapping.tables)]
