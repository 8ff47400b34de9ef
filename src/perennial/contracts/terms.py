"""The words of this room: what a line of a contract is to a calculation, what a movement of revenue is, and the
settings that decide where vendors disagree. Plain values; every door of the room takes and gives these.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from django.utils.translation import gettext_lazy as _


class ContractKind(StrEnum):
    """What a signed paper is to its neighbours: 框架 → 订单 → 补充协议, or one that stands alone."""

    FRAMEWORK = "framework"
    ORDER = "order"
    SUPPLEMENT = "supplement"
    PLAIN = "plain"


class LineKind(StrEnum):
    """What a line is paid for. Only `recurring` makes MRR."""

    RECURRING = "recurring"
    ONE_OFF = "one_off"
    USAGE = "usage"
    TRIAL = "trial"


class BillingStatus(StrEnum):
    """How the payment of a line stands now."""

    ACTIVE = "active"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    CANCELLED = "cancelled"


class AtEnd(StrEnum):
    """What becomes of a line at its end, as its paper says: it goes on unless notice is given; it goes on, since the
    last day of notice is over; it ends unless somebody renews it."""

    UNLESS_NOTICE = "unless_notice"
    GOES_ON = "goes_on"
    ENDS = "ends"


class StepKind(StrEnum):
    """What a step of a receivable plan is for."""

    PAYMENT = "payment"
    RETENTION = "retention"  # held back until a warranty has passed (质保金), with a due day of its own


NODE_LABELS = {
    "budget": _("Budget"),
    "procurement": _("Procurement"),
    "legal": _("Legal"),
    "seal": _("Seal"),
    "invoice": _("Invoice"),
    "payment": _("Payment"),
}
"""A customer's own approval nodes from the budget request to the payment, in their order: 预算 采购 法务 用印 开票
付款. A house may write nodes of its own."""


def node_name(code: str) -> str:
    """Return a node's name; one of the house's own stays as it is written."""
    return str(NODE_LABELS.get(code.casefold(), code))


class InvoiceKind(StrEnum):
    """What paper an invoice is; "" where the source does not say."""

    SPECIAL = "special"  # 增值税专用发票
    ORDINARY = "ordinary"  # 普通发票
    DIGITAL = "digital"  # 数电票


class InvoiceState(StrEnum):
    """How far an invoice is."""

    REQUESTED = "requested"
    ISSUED = "issued"
    VOID = "void"


class MovementKind(StrEnum):
    """Why MRR changed. Gains are positive, losses negative; `transfer` pairs sum to zero; `fx` has either sign, and so
    has `restated`, which only the ledger as reported knows: what was found later about earlier months."""

    NEW = "new"
    REACTIVATION = "reactivation"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    PRICE_UP = "price_up"
    PRICE_DOWN = "price_down"
    CHURN = "churn"
    PAUSE = "pause"
    RESUME = "resume"
    TRANSFER = "transfer"
    FX = "fx"
    RESTATED = "restated"


GAINS = frozenset(
    {
        MovementKind.NEW,
        MovementKind.REACTIVATION,
        MovementKind.EXPANSION,
        MovementKind.PRICE_UP,
        MovementKind.RESUME,
    }
)
LOSSES = frozenset({MovementKind.CONTRACTION, MovementKind.PRICE_DOWN, MovementKind.CHURN, MovementKind.PAUSE})


class Tag(StrEnum):
    """What else is true of a movement; a tag never changes its kind (analytics 3.1)."""

    CROSS_SELL = "cross_sell"  # a product that the customer did not have
    RAMP = "ramp"  # agreed when the contract was signed, so nobody's expansion
    COTERM = "coterm"  # added to a running term and ends with it, so charged for the days until then
    PRODUCT_SWITCH = "product_switch"  # one product replaced another on the same day


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """What is taken off a line's amount from its first day on, by share (`percent` 50 = half) or by amount.

    `amount_minor` has the basis of the line's amount: the same months, with or without tax. `months` None is for ever.
    """

    percent: Fraction | None = None
    amount_minor: int | None = None
    months: int | None = None

    def __post_init__(self) -> None:
        if (self.percent is None) == (self.amount_minor is None):
            raise ValueError("a discount is a percentage or an amount, one of the two")

    def applied_to(self, amount: Fraction) -> Fraction:
        """Return the amount that is left to pay."""
        if self.percent is not None:
            return amount * (100 - self.percent) / 100
        return amount - (self.amount_minor or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTerms:
    """A line of a contract as the calculations see it.

    `amount_minor` is for the whole `quantity` over `amount_months`; None months: over the whole term, which then must
    have an end. `ends_on` is the first day without service (None: open-ended) and includes the gift months, which are
    the last ones. `quantity` None is unknown. A red line has a negative amount. `pauses` are half-open; a None end is
    not known yet. A line that ends on its first day holds no day and makes no MRR. `overdue_since` says since when
    `past_due` or `unpaid` has held; None: all the time.
    `cancelled_on` is the day it was given notice, `ceases_on` the day on which the notice takes effect, where said.
    `is_amended`: it ends because its terms were changed within its term; `term_starts_on`: where that term began.
    """

    line_key: str
    customer_id: int
    currency: str
    amount_minor: int
    starts_on: date
    ends_on: date | None = None
    amount_months: int | None = None
    quantity: int | None = None
    kind: LineKind = LineKind.RECURRING
    product_id: int | None = None
    contract_id: int | None = None
    tax_rate: Fraction | None = None
    amount_includes_tax: bool = False
    discount: Discount | None = None
    gift_months: int = 0
    pauses: tuple[tuple[date, date | None], ...] = ()
    ramp_step: int | None = None
    renewal_of: str | None = None
    billing_status: BillingStatus = BillingStatus.ACTIVE
    overdue_since: date | None = None
    cancelled_on: date | None = None
    ceases_on: date | None = None
    is_amended: bool = False
    term_starts_on: date | None = None

    def __post_init__(self) -> None:
        if self.ends_on is not None and self.ends_on < self.starts_on:
            raise ValueError(f"line {self.line_key} ends on {self.ends_on}, before it starts")
        if self.amount_months is not None and self.amount_months < 1:
            raise ValueError(f"line {self.line_key}: an amount is for one month or more")
        if self.kind is LineKind.RECURRING and self.amount_months is None and self.ends_on is None:
            raise ValueError(f"line {self.line_key}: an amount for the whole term needs the end of the term")
        if self.amount_includes_tax and self.tax_rate is None:
            raise ValueError(f"line {self.line_key}: an amount incl. tax needs its tax rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A change of MRR on one day: exact minor units of `currency` without tax, signed.

    `line_keys` are the lines that began, ended or changed on that day, sorted.
    """

    customer_id: int
    product_id: int | None
    on: date
    kind: MovementKind
    amount: Fraction
    currency: str
    line_keys: tuple[str, ...] = ()
    tags: frozenset[Tag] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class TermLine:
    """A line as renewals see it. `arr`: exact minor units of `currency` on its last day, or on its first without one.

    `signed_on` None: the paper names no day. `ends_on` None: open-ended. `renews`: its end is a due day
    (calculations/due_terms).
    """

    fact: str
    customer_id: int
    product_id: int | None
    starts_on: date
    ends_on: date | None
    arr: Fraction
    currency: str
    signed_on: date | None
    renewal_of: str | None
    cancelled_on: date | None
    renews: bool


class DiscountsInMrr(StrEnum):
    """Which discounts lower MRR: every one (Baremetrics, ChartMogul), lasting ones (Stripe), none (Paddle)."""

    EVERY = "every"
    FOREVER = "forever"
    NONE = "none"


class ChurnDay(StrEnum):
    """When a cancelled line stops counting: at the end of what was paid (ChartMogul), or on notice (Stripe)."""

    END_OF_PERIOD = "end_of_period"
    CANCELLATION = "cancellation"


class GiftMonths(StrEnum):
    """Whether months given away belong to the term over which the fee is spread."""

    INSIDE = "inside"
    OUTSIDE = "outside"


class OddTerm(StrEnum):
    """How a term that is no whole number of months becomes a year: by 365 days, or by years of 365.25 (Displayr)."""

    DAYS_365 = "days_365"
    SNAPPED_YEARS = "snapped_years"


class OddEnd(StrEnum):
    """What the end of a line is that nothing shows to have been agreed (calculations/due_terms)."""

    STOPPED = "stopped"
    DUE = "due"


class Level(StrEnum):
    """Whose life is told: a customer's, or each of its products' or contracts' on its own."""

    CUSTOMER = "customer"
    PRODUCT = "product"
    CONTRACT = "contract"


class View(StrEnum):
    """The ledger as we know it now, each movement on its own day, or as it was reported, each on the day on which it
    was known: a month that is over never changes there (analytics 3.3)."""

    RESTATED = "restated"
    REPORTED = "reported"


class ChurnBase(StrEnum):
    """What the customers lost are divided by: those at the start, or these and the new (Stripe, ClientSuccess)."""

    START = "start"
    START_AND_NEW = "start_and_new"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySwitches:
    """The named settings where the field's vendors disagree, with our defaults; `SWITCH_MEANINGS` explains each."""

    discounts_in_mrr: DiscountsInMrr = DiscountsInMrr.FOREVER
    churn_day: ChurnDay = ChurnDay.END_OF_PERIOD
    past_due_counts_for_days: int | None = None
    unpaid_counts: bool = False
    reactivation_as_new: bool = False
    reactivation_in_quick_ratio: bool = False
    classified_by: Level = Level.CUSTOMER
    product_switch_is_net: bool = True
    gift_months: GiftMonths = GiftMonths.INSIDE
    odd_term: OddTerm = OddTerm.DAYS_365
    odd_end: OddEnd = OddEnd.STOPPED
    grace_days: int = 30
    pause_is_churn_after_days: int = 90
    customer_churn_over: ChurnBase = ChurnBase.START


SWITCH_MEANINGS = {
    "discounts_in_mrr": _("Which discounts lower MRR: every one, only those without an end, or none."),
    "churn_day": _("When a cancelled line stops counting: at the end of the paid period or on the day of notice."),
    "past_due_counts_for_days": _(
        "How many days a line that is past due still counts; empty: as long as it is past due."
    ),
    "unpaid_counts": _("Whether a line counts whose payment has been given up as unpaid."),
    "reactivation_as_new": _("Whether a customer that comes back is booked as new instead of as a reactivation."),
    "reactivation_in_quick_ratio": _("Whether customers that come back count among the gains of the quick ratio."),
    "classified_by": _(
        "Whose first day is new and whose last is churn; by customer, a second subscription is expansion."
    ),
    "product_switch_is_net": _("Whether a product that replaces another on the same day moves only the difference."),
    "gift_months": _(
        "Whether the fee is spread over the gift months too (inside the term) or over the paid ones only."
    ),
    "odd_term": _("How a term that is no whole number of months is made a year."),
    "odd_end": _(
        "What the end of a line of six months or more means where nothing shows that it was agreed beforehand: neither"
        " its length nor its price nor a renewal."
    ),
    "grace_days": _(
        "How long after its end an unsigned term is only late paper: MRR is held, in grace, and nobody has churned. A "
        "segment may have its own, longer grace (stages), which holds while an approval runs."
    ),
    "pause_is_churn_after_days": _("The longest pause in days: beyond it the customer has churned."),
    "customer_churn_over": _("What the customers lost are divided by: those at the start, or these and the new ones."),
}
