"""Writes of the configuration: a text of one part put in force, and an earlier one brought back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import yaml
from django.db import transaction
from django.utils.translation import gettext as _

from perennial.blueprint import queries
from perennial.blueprint.drafts import discard
from perennial.blueprint.models import ConfigVersion
from perennial.kernel.journal import actions as journal
from perennial.kernel.organisation import actions as organisation

CHANGED, RIGHTS_CHANGED, METRICS_CHANGED = "configuration.changed", "rights.changed", "metrics.changed"
_KINDS = {"rights": RIGHTS_CHANGED, "own_metrics": METRICS_CHANGED}
MOST_REASON = 500


class ConfigRefused(ValueError):
    """The change cannot be made; the message says why and what to do. Nothing was changed."""


@transaction.atomic
def publish(*, part: str, text: str, reason: str, from_on: date | None, base: int | None, by: int, at: datetime) -> int:
    """Put a text of a part in force from a day on (None: for the past too); return its version.

    The newest version whose day has come is in force. `base` is the version that the change was made on (0: what
    ships; None: whichever), so that nobody overwrites what he has not seen. `configuration.changed` has everything
    that depends on it computed anew; `rights.changed` holds from the next request on; `metrics.changed` has the
    history of what is new made in the background.

    :raises BlueprintError: the text cannot be read, naming the line.
    :raises ConfigRefused: no reason, nothing that changes, or somebody else changed it meanwhile.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    queries.check(part, text)
    reason = " ".join(reason.split())
    if not reason or len(reason) > MOST_REASON:
        raise ConfigRefused(_("Say why, in 1 to %(most)d characters.") % {"most": MOST_REASON})
    switches = organisation.lock_configuration()
    newest = ConfigVersion.objects.filter(part=part).order_by("-version").first()
    if base is not None and base != (newest.version if newest else 0):
        raise ConfigRefused(_overtaken(base, newest))
    if newest is None:
        shipped = text_of_switches(switches) if part == "revenue" and switches else queries.default_text(part)
        newest = ConfigVersion.objects.create(part=part, version=1, text=shipped, at=at)
    if newest.text == text:
        raise ConfigRefused(_("Nothing is different from what is in force."))
    version = newest.version + 1
    ConfigVersion.objects.create(part=part, version=version, text=text, from_on=from_on, reason=reason, at=at, by_id=by)
    organisation.stamp_configuration(policy_switches=yaml.safe_load(text) if part == "revenue" else None)
    journal.record(
        _KINDS.get(part, CHANGED), subject=f"configuration:{part}", by=by, at=at,
        data={"part": part, "version": version, "from_on": from_on.isoformat() if from_on else None},
        personal={"reason": reason},
    )  # fmt: skip
    discard(part=part, by=by)
    return version


def _overtaken(base: int, newest: ConfigVersion | None) -> str:
    if newest is None or newest.by is None or base > newest.version:
        return _("Somebody else changed this meanwhile. Look at what is new, then change it again.")
    return _("%(name)s changed this meanwhile: version %(n)s. Look at what is new, then change it again.") % {
        "name": newest.by.name, "n": newest.version,
    }  # fmt: skip


def text_of_switches(values: Mapping[str, object]) -> str:
    """Return the switches of revenue as the text that is kept of them."""
    return yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True)
