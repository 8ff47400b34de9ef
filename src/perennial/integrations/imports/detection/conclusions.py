"""From tallies to conclusions: one format for a column, or a question; nothing is guessed silently."""

from dataclasses import replace

from perennial.integrations.imports.detection.identifiers import identifier_warnings
from perennial.integrations.imports.detection.orders import (
    choices_of,
    choices_of_torn,
    dated_as,
    decider_of,
    is_swapped,
    is_torn,
)
from perennial.integrations.imports.detection.tally import Fit, Tally
from perennial.integrations.imports.detection.terms import Choice, Column
from perennial.integrations.imports.reading.terms import Code, Problem
from perennial.integrations.imports.values.terms import NULL_MARKERS, Format, Kind

_ENOUGH = 0.8  # of the filled cells, for a type to be proposed; the rest is listed
_TEXT_NULLS = NULL_MARKERS - {"na", "nil", "none"}  # NA is Namibia, and "none" may be an answer


def conclude(tally: Tally, file: str) -> Column:
    """Return what the column holds."""
    fits = tally.fits or {}
    dated = dated_as(tally)
    if dated:
        return _finish(tally, file, dated)
    others = [
        form for form in fits if form.kind is not Kind.DATETIME and fits[form].read >= _needed(form) * tally.filled
    ]
    if not others or not tally.filled:
        return _finish(tally, file, [Format(Kind.TEXT)])
    most = max(fits[form].read for form in others)
    best = [form for form in others if fits[form].read == most]
    flags = [form for form in best if form.kind is Kind.BOOLEAN]
    return _finish(tally, file, [_preferred(best, fits)], alternatives=flags)


def _needed(form: Format) -> float:
    """A column of yes and no has no third word; of numbers, some may be missing or mistyped."""
    return 1.0 if form.kind is Kind.BOOLEAN else _ENOUGH


def _preferred(best: list[Format], fits: dict[Format, Fit]) -> Format:
    """Among formats that read equally much, the first; sums of money only where a symbol or a unit marks them."""
    for form in best:
        marked = form.kind is Kind.MONEY and (fits[form].symbols or form.factor > 1)
        if marked or form.kind is not Kind.MONEY:
            return form
    return best[0]


def _finish(tally: Tally, file: str, best: list[Format], alternatives: list[Format] | None = None) -> Column:
    """Put the column together; several formats in `best` are a question."""
    form = _settled(best[0], tally)
    fit = (tally.fits or {}).get(best[0], Fit(read=tally.filled))
    torn = form.order is not None and is_torn(tally, best[0])
    asked = len(best) > 1 or torn
    decider = None if asked and not fit.strays else decider_of(best[0], tally)
    wrong = fit.strays
    warnings = identifier_warnings(tally, form, file)
    if wrong:
        warnings.append(Problem(Code.MIXED_DATES, file, row=wrong[0].row, column=tally.name, value=wrong[0].text))
    if torn and is_swapped(tally):
        warnings.append(Problem(Code.DATES_SWAPPED, file, column=tally.name))
    if len(fit.symbols) > 1:
        warnings.append(
            Problem(Code.MIXED_SYMBOLS, file, column=tally.name, details={"symbols": ", ".join(sorted(fit.symbols))})
        )
    return Column(
        name=tally.name,
        format=None if asked else form,
        choices=_choices(best, tally, torn) if asked else (),
        alternatives=tuple(_settled(one, tally) for one in alternatives or () if one != best[0]),
        filled=tally.filled,
        parsed=fit.read,
        empty=tally.empty,
        null_markers=tuple(tally.markers.most_common()),
        distinct=None if tally.more_distinct else len(tally.distinct),
        examples=tuple(list(tally.distinct)[:5]),
        unparsed=tuple(fit.failures),
        decided_by=decider,
        contradicting=tuple([*wrong, decider] if wrong and decider else wrong),
        symbols=tuple(sorted(fit.symbols)),
        warnings=tuple(warnings),
    )


def _choices(best: list[Format], tally: Tally, torn: bool) -> tuple[Choice, ...]:
    def settle(form: Format) -> Format:
        return _settled(form, tally)

    return choices_of_torn(tally, settle) if torn else choices_of(best, tally, settle)


def _settled(form: Format, tally: Tally) -> Format:
    """Give the format the null markers that were seen, and a date its precision."""
    allowed = _TEXT_NULLS if form.kind is Kind.TEXT else NULL_MARKERS
    nulls = frozenset({"", *(marker for marker in tally.markers if marker in allowed)})
    fits = tally.fits or {}
    timed = fits[form].times if form in fits else any(fit.times for fit in fits.values())
    kind = Kind.DATE if form.kind is Kind.DATETIME and not timed else form.kind
    return replace(form, kind=kind, nulls=nulls)
