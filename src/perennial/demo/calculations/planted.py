"""The customers of the stories: their facts, counted back from the day on which the demo is made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from perennial.demo.calculations import names
from perennial.demo.companies.terms import Company
from perennial.demo.stories import STORIES
from perennial.demo.terms import Account, Fate
from perennial.kernel.periods import add_months

_ACV = {"zh": 160_000, "en": 24_000}
SUBSIDIARIES = {
    "zh": ("栖梧乾序东仓物流", "栖梧乾序南岭商贸", "栖梧乾序财务共享中心", "栖梧乾序采购中心"),
    "en": ("Tarn & Hollow East", "Tarn & Hollow South", "Tarn & Hollow Shared Services", "Tarn & Hollow Purchasing"),
}
GROUP = "S08"
PAYER = "S08-3"
INVOICED = "S08-4"


def accounts(company: Company, on: date) -> list[Account]:
    """Return one account a story, and the group's subsidiaries."""
    told = [
        _account(
            company, one.external_id, one.names[company.key], one.key, {**_common(on), **_facts(company, on)[one.key]}
        )
        for one in STORIES
    ]
    below = [
        _account(
            company,
            f"{GROUP}-{number}",
            name,
            "four_parties",
            {**_common(on), "acv": _ACV[company.key] // 4, "users": 4, "seats": 5, "size": 2, "parent": GROUP},
        )
        for number, name in enumerate(SUBSIDIARIES[company.key], 1)
    ]
    return told + below


def _common(on: date) -> dict[str, Any]:
    return {"starts_on": on - timedelta(500), "users": 14, "seats": 18, "size": 1, "fate": Fate.STEADY, "mood": 0.8,
            "first_value_on": on - timedelta(450)}  # fmt: skip


def _facts(company: Company, on: date) -> Mapping[str, dict[str, Any]]:
    """Return what differs from the common facts, by story."""

    def ago(days: int) -> date:
        return on - timedelta(days)

    lost_on = ago(45)
    in_75_days = add_months(on + timedelta(75), -24)
    return {
        "champion_left": {"champion_left_on": ago(35), "usage_turn": (ago(34), 0.45)},
        "payment_stuck": {"starts_on": ago(65 + 365), "stuck_node": ("legal", ago(40)), "first_value_on": ago(360),
                          "segment": "state_owned" if company.state_owned_share else "default"},
        "late_onboarding": {"starts_on": ago(130), "first_value_on": None, "mood": 0.2, "users": 5,
                            "usage_turn": (ago(130), 0.4)},
        "seat_limit": {"starts_on": ago(420), "users": 24, "seats": 24, "mood": 0.9},
        "silent_decider": {"starts_on": in_75_days, "first_value_on": add_months(in_75_days, 2), "mood": 0.65,
                           "executive_until": ago(210)},
        "detractor": {"is_escalated": True, "mood": 0.2},
        "lost_while_green": {"starts_on": add_months(lost_on, -12), "left_on": lost_on, "fate": Fate.LOST, "mood": 0.95,
                             "first_value_on": add_months(lost_on, -10)},
        "four_parties": {"users": 0, "seats": 5, "acv": _ACV[company.key] // 2, "size": 1},
        "paused": {"starts_on": ago(330), "fate": Fate.PAUSED, "paused_on": ago(40), "first_value_on": ago(280)},
    }  # fmt: skip


def _account(company: Company, external_id: str, name: str, story: str, facts: Mapping[str, Any]) -> Account:
    number = 1 + int(external_id[1:3]) * 10 + int(external_id[4:] or 0)
    defaults: dict[str, Any] = {
        "acv": _ACV[company.key],
        "industry": company.industries[number % len(company.industries)],
        "region": company.regions[number % len(company.regions)],
        "country": company.country,
        "segment": "default",
        "deployment": "saas",
        "credit_code": names.credit_code(90_000_000 + number) if company.key == "zh" else None,
    }
    return Account(external_id=external_id, name=name, legal_name=names.legal_name(company, name), story=story,
                   **{**defaults, **facts})  # fmt: skip
