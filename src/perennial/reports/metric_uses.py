"""Where a metric of one's own is used: what a scorecard, Today or a saved view speaks of is not taken away."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from perennial.blueprint import queries as blueprint
from perennial.blueprint.actions import ConfigRefused
from perennial.customers import saved


def refuse(text: str) -> None:
    """Refuse a text of own metrics that takes one away which is used.

    :raises BlueprintError: the text cannot be read.
    :raises ConfigRefused: it does; the message names each metric and each place.
    """
    left = {one.key for one in blueprint.own_metrics_from(text)}
    gone = {one.key: one for one in blueprint.own_metrics() if one.key not in left}
    places = uses_of(gone.keys())
    if not places:
        return
    language = get_language() or "en"
    said = [
        _("%(metric)s is used by %(places)s.")
        % {"metric": gone[key].label.text(language), "places": _(", ").join(named)}
        for key, named in places.items()
    ]
    raise ConfigRefused(" ".join([*said, _("Take it out there first.")]))


def uses_of(keys: Collection[str]) -> Mapping[str, list[str]]:
    """Return the places that use these metrics, by metric, those that nothing uses left out. One query, none without
    keys."""
    if not keys:
        return {}
    language = get_language() or "en"
    cards, rules = blueprint.scorecards_using(keys, language), blueprint.today_rules_using(keys, language)
    views = saved.views_using(keys)
    return {
        key: [
            *(_("the scorecard “%(name)s”") % {"name": name} for name in cards.get(key, ())),
            *(_("the rule “%(name)s” of Today") % {"name": name} for name in rules.get(key, ())),
            *(_("the view “%(name)s” of %(member)s") % {"name": v.name, "member": v.member.name} for v in views[key]),
        ]
        for key in sorted({*cards, *rules, *views})
    }
