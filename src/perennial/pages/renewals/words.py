"""The renewals' words: causes and marks, their ratings, and what each asks."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from perennial.renewals.calculations.checkpoints import Standing
from perennial.renewals.terms import CAUSES, About, Found, State, Taken, Which
from perennial.reports.forecast_figures import CATEGORIES

ABOUTS: Mapping[About, Promise] = {
    About.PRODUCT: gettext_lazy("Product meets needs"),
    About.PRICE: gettext_lazy("Price within budget"),
    About.SERVICE: gettext_lazy("Service value above expectation"),
    About.EXECUTIVES: gettext_lazy("Executives well engaged"),
    About.DISCOUNT: gettext_lazy("Discount"),
    About.PRESSURE: gettext_lazy("Pressure from above"),
}
SHORT: Mapping[About, Promise] = {
    About.PRODUCT: pgettext_lazy("cause", "Product"),
    About.PRICE: pgettext_lazy("cause", "Price"),
    About.SERVICE: pgettext_lazy("cause", "Service"),
    About.EXECUTIVES: pgettext_lazy("cause", "Executives"),
    About.DISCOUNT: ABOUTS[About.DISCOUNT],
    About.PRESSURE: pgettext_lazy("mark", "Pressure"),
}
ASKS: Mapping[About, Promise] = {
    About.PRODUCT: gettext_lazy("Does it do what they need, for their own processes, today and next year?"),
    About.PRICE: gettext_lazy("Is the amount in their budget, and who has said so?"),
    About.SERVICE: gettext_lazy("What did our service bring that they did not expect to get for the price?"),
    About.EXECUTIVES: gettext_lazy("Which of their executives knows our results, and when did we last report to him?"),
    About.DISCOUNT: gettext_lazy("Is it renewed at a lower price, or offered one? How much off?"),
    About.PRESSURE: gettext_lazy("Do they renew because somebody above them wants it?"),
}
_CAUSE: Mapping[int | None, Promise] = {
    1: gettext_lazy("For us"), 0: gettext_lazy("Undecided"), -1: gettext_lazy("Against us"),
    None: gettext_lazy("Not known"),
}  # fmt: skip
_MARK: Mapping[int | None, Promise] = {
    1: gettext_lazy("Yes"), 0: gettext_lazy("No"), None: gettext_lazy("Not known"),
}  # fmt: skip
SIGNS: Mapping[int | None, str] = {1: "+", 0: "0", -1: "−", None: "?"}
MARK_SIGNS: Mapping[int | None, str] = {1: "!", 0: "–", None: "?"}


LAST_MINUTE = gettext_lazy("Last-minute index")
LAST_MINUTE_MEANS = gettext_lazy(
    "How much of the contacts that we made of our own accord during the term fell into its last 90 days. Above 60% it "
    "is flagged: the renewal was worked for in a hurry. Notes do not count, nor what is not marked as proactive; "
    "before the last 90 days there is no index."
)


CHECKPOINTS: Mapping[Which, Promise] = {
    Which.FIRST: gettext_lazy("First checkpoint"),
    Which.LAST: gettext_lazy("Last checkpoint"),
}
CHECKPOINT_MEANS = gettext_lazy(
    "Twice before a term ends our own call is recorded beside the model's category, each with its day. What is missing "
    "stands on Today. Where the two differ, the leader settles it with a word. At the last checkpoint nobody waits and "
    "sees: without a call and a plan the term is overdue."
)


def own_word(taken: Taken | None) -> str:
    """Write our own call."""
    if taken is None:
        return ""
    return _("Wait and see") if taken.category is None else str(CATEGORIES[taken.category])


def checkpoint_mark(one: Standing | None) -> tuple[str, str]:
    """Write how a term stands at its checkpoint where that is something to do, with its tone; "" where nothing is."""
    if one is None or not (one.is_to_do or one.state is State.DISPUTED):
        return "", ""
    if one.state is State.MISSING:
        return (_("call overdue"), "bad") if one.is_overdue else (_("call missing"), "watch")
    if one.is_unplanned:
        return _("no plan"), "bad"
    return _("calls differ"), "watch"


def ratings_of(about: About) -> Mapping[int | None, Promise]:
    """Return the ratings of a cause or a mark with their words."""
    return _CAUSE if about in CAUSES else _MARK


def tone_of(found: Found | None) -> str:
    """Return the tone of a rating: a mark that is there is something to watch, never good."""
    if found is None or found.rating is None:
        return ""
    if found.about in CAUSES:
        return {1: "good", 0: "watch", -1: "bad"}[found.rating]
    return "watch" if found.rating else ""


def rating_text(found: Found | None) -> str:
    """Write what was found: the rating, and how much discount."""
    if found is None:
        return _("Not known")
    word = str(ratings_of(found.about)[found.rating])
    return word if found.percent is None else f"{found.percent.normalize():f} %"
