"""What the call of one contract answers, for the schema."""

from __future__ import annotations

from perennial.api.shapes import DAY, Schema, amount, array, number, shape_of, text

NO_DAY = {"anyOf": [DAY, {"type": "null"}]}
TERMS = {
    "quantity": number(null=True, kind="integer"),
    "amount": amount("For the whole quantity over `amount_months`."),
    "amount_months": number("Null: over the whole term.", null=True, kind="integer"),
    "currency": text(),
    "starts_on": DAY,
    "ends_on": NO_DAY | {"description": "The first day without service; null: open-ended."},
}
LINE = shape_of({
    "id": text(), "product": text(null=True), "kind": text("recurring, one_off, usage or trial."), **TERMS,
    "tax_rate": text("A share such as 0.06; null: not known.", null=True), "amount_includes_tax": {"type": "boolean"},
    "end_amount": amount("What the end customer pays the reseller.", null=True),
    "discount_percent": text(null=True), "notice_on": NO_DAY,
    "auto_renews": {"type": ["boolean", "null"],
                    "description": "Goes on for another term unless notice is given; null: not known."},
    "at_end": text("unless_notice, goes_on (its day of notice is over) or ends: what the paper says becomes of the line"
                   " at its end; null: nothing, or the line is open-ended, given notice, amended or over.", null=True),
    "billing_months": number(null=True, kind="integer"), "gift_months": number(kind="integer"),
    "pauses": array({"type": "array"}, "First day, and first day after; null: not known yet."),
    "ramp_step": number("From 2 on agreed in advance.", null=True, kind="integer"),
    "renewal_of": text("The line that it renews, or goes on with.", null=True),
    "corrects": text("Of a negative line: the one that it takes something back of.", null=True),
    "cancelled_on": NO_DAY, "ceases_on": NO_DAY, "runs": {"type": "boolean"},
    "mrr": amount("Without tax; null where it makes none today.", null=True),
    "former": array(shape_of({**TERMS, "until": text("Until when it was known so.")}), "The latest first."),
})  # fmt: skip


def answer() -> Schema:
    """Return the shape of one contract."""
    return shape_of({
        "as_of": DAY, "id": number(kind="integer"), "number": text(),
        "kind": text("order, supplement, framework or plain."), "customer": text("Its public key."),
        "framework": number("The contract that it stands under.", null=True, kind="integer"),
        "reseller": text(null=True), "rebate_percent": text(null=True), "signed_on": NO_DAY, "accepted_on": NO_DAY,
        "credit_days": number(null=True, kind="integer"), "lines": array(LINE),
        "cancellations": array(shape_of({"line": text(null=True), "cancelled_on": DAY, "effective_on": NO_DAY,
                                         "reason": text(), "competitor": text()})),
        "amendments": array(shape_of({
            "id": number(kind="integer"), "change": text(null=True), "on": NO_DAY, "line": text(null=True),
            "undoes": number("The change that it took back.", null=True, kind="integer"), "by": text(null=True),
            "at": text()}), "The latest first."),
        "timeline": array(shape_of({
            "on": DAY, "what": text("line_started, line_ended, paused, resumed, notice or amended."),
            "line": text(null=True)}), "The earliest first; also what is known to come."),
    })  # fmt: skip
