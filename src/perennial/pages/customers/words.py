"""What the list calls its choices and its questions, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext, gettext_lazy, ngettext

from perennial.customers.catalogue import Field, Unit
from perennial.customers.lists import ME
from perennial.kernel.conditions.terms import Condition, FieldType, Op
from perennial.pages import tags
from perennial.pages.customers.address import Reader
from perennial.reports.labels import Words

_KNOWN = (Op.IS_KNOWN, Op.IS_UNKNOWN)
OFFERED: Mapping[FieldType, tuple[Op, ...]] = {
    FieldType.TEXT: (Op.CONTAINS, Op.STARTS, *_KNOWN),
    FieldType.CHOICE: (Op.IN, Op.NOT_IN, *_KNOWN),
    FieldType.INTEGER: (Op.GTE, Op.LTE, Op.BETWEEN, *_KNOWN),
    FieldType.NUMBER: (Op.GTE, Op.LTE, Op.BETWEEN, *_KNOWN),
    FieldType.DATE: (Op.WITHIN_DAYS, Op.OLDER_THAN_DAYS, Op.GTE, Op.LTE, Op.BETWEEN, *_KNOWN),
    FieldType.FLAG: (Op.EQ,),
    FieldType.TAGS: (Op.CONTAINS, *_KNOWN),
}
QUESTIONS = {
    Op.IN: gettext_lazy("is any of"),
    Op.NOT_IN: gettext_lazy("is none of"),
    Op.EQ: gettext_lazy("is"),
    Op.CONTAINS: gettext_lazy("contains"),
    Op.STARTS: gettext_lazy("starts with"),
    Op.GTE: gettext_lazy("at least"),
    Op.LTE: gettext_lazy("at most"),
    Op.BETWEEN: gettext_lazy("between"),
    Op.WITHIN_DAYS: gettext_lazy("in the next … days"),
    Op.OLDER_THAN_DAYS: gettext_lazy("more than … days ago"),
    Op.IS_KNOWN: gettext_lazy("is known"),
    Op.IS_UNKNOWN: gettext_lazy("is unknown"),
}
DATE_QUESTIONS = {Op.GTE: gettext_lazy("on or after"), Op.LTE: gettext_lazy("on or before")}


def question(field: Field, op: Op) -> str:
    """Return how a question reads for a field."""
    if field.type is FieldType.DATE and op in DATE_QUESTIONS:
        return str(DATE_QUESTIONS[op])
    return str(QUESTIONS.get(op, op))


def said(condition: Condition, reader: Reader, words: Words) -> str:  # noqa: PLR0911 - one line for each question
    """Return a condition as a chip says it: "Health band: Red, Yellow", "ARR ≥ $1M"."""
    field = reader.fields[condition.field]
    values = [_value(condition, field, text, reader, words) for text in reader.texts(condition)]
    name = {"field": field.label, "value": gettext(", ").join(values)}
    match condition.op:
        case Op.IN | Op.EQ:
            return gettext("%(field)s: %(value)s") % name
        case Op.NOT_IN | Op.NE:
            return gettext("%(field)s not %(value)s") % name
        case Op.CONTAINS | Op.STARTS:
            return gettext("%(field)s has “%(value)s”") % name
        case Op.GTE | Op.GT | Op.LTE | Op.LT:
            sign = {Op.GTE: "≥", Op.GT: ">", Op.LTE: "≤", Op.LT: "<"}[condition.op]
            return gettext("%(field)s %(sign)s %(value)s") % {**name, "sign": sign}
        case Op.BETWEEN:
            return gettext("%(field)s %(low)s to %(high)s") % {**name, "low": values[0], "high": values[1]}
        case Op.WITHIN_DAYS:
            days = int(str(condition.value))
            return ngettext("%(field)s in the next %(count)s day", "%(field)s in the next %(count)s days", days) % {
                **name,
                "count": days,
            }
        case Op.OLDER_THAN_DAYS:
            days = int(str(condition.value))
            return ngettext("%(field)s more than %(count)s day ago", "%(field)s more than %(count)s days ago", days) % {
                **name,
                "count": days,
            }
        case Op.IS_KNOWN:
            return gettext("%(field)s is known") % name
        case Op.IS_UNKNOWN:
            return gettext("%(field)s is unknown") % name


def _value(condition: Condition, field: Field, text: str, reader: Reader, words: Words) -> str:
    known = words.get(field.key, {})
    if text in known:
        return known[text]
    if field.unit is Unit.MONEY and condition.op not in (Op.WITHIN_DAYS, Op.OLDER_THAN_DAYS):
        value = condition.value
        minors = value if isinstance(value, tuple) else (value,)
        written = [tags.exact_money(int(str(one)), reader.currency) for one in minors]
        return written[reader.texts(condition).index(text)].removesuffix(".00")
    return f"{text} %" if field.unit is Unit.RATIO else text


def owner_words(members: Sequence[tuple[int, str]]) -> Mapping[str, str]:
    """Return the names of owners by value, whoever looks first."""
    return {ME: gettext("Me"), **{str(key): name for key, name in members}}
