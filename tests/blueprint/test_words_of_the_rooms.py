"""What the blueprint takes for granted is what the rooms above it know."""

from dataclasses import asdict

import yaml

from perennial.blueprint import queries
from perennial.blueprint.terms import MEASURES, ROLES
from perennial.contracts import facts
from perennial.contracts.terms import PolicySwitches
from perennial.health.facts import MEASURES as KNOWN_TO_HEALTH
from perennial.members.models import Role


def test_a_scorecard_may_speak_of_exactly_the_measures_that_health_knows() -> None:
    assert set(KNOWN_TO_HEALTH) == MEASURES


def test_a_table_of_rights_speaks_of_exactly_the_roles_that_members_have() -> None:
    assert tuple(Role.values) == ROLES


def test_the_switches_that_ship_are_the_ledgers_own_defaults() -> None:
    shipped = yaml.safe_load(queries.default_text("revenue"))
    assert list(shipped) == list(asdict(PolicySwitches()))
    assert facts.switches_of(shipped) == PolicySwitches()
