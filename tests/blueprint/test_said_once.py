"""A house's own rules of Today lose the shipped rule that alerts took over, once, and keep one that was changed."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from perennial.blueprint import queries
from perennial.blueprint.models import ConfigVersion
from perennial.kernel.organisation.models import Organisation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation")]
migration: Any = import_module("perennial.migrations.0029_known")
NOW_SHIPPED = queries.default_text("today")


def kept(text: str, at: datetime) -> None:
    ConfigVersion.objects.create(part="today", version=1, text=NOW_SHIPPED, at=at)
    ConfigVersion.objects.create(part="today", version=2, text=text, at=at, reason="Ours")


def test_the_rule_goes_as_a_version_of_its_own(now: datetime) -> None:
    kept(NOW_SHIPPED + migration.USAGE_FELL, now)
    before = Organisation.objects.get().config_stamp
    migration.say_once(apps, None)
    migration.say_once(apps, None)
    newest = ConfigVersion.objects.order_by("-version")[0]
    assert (newest.version, newest.text, newest.reason) == (3, NOW_SHIPPED, migration.WHY)
    assert "usage_fell" not in [rule.key for rule in queries.today_rules()]
    assert Organisation.objects.get().config_stamp != before


def test_a_rule_that_was_changed_stays_and_so_does_a_house_that_wrote_none(now: datetime) -> None:
    migration.say_once(apps, None)
    assert not ConfigVersion.objects.exists()
    kept(NOW_SHIPPED + migration.USAGE_FELL.replace("value: 0.7", "value: 0.5"), now)
    migration.say_once(apps, None)
    assert ConfigVersion.objects.count() == 2
