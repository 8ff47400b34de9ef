"""The stories planted in a demo: which customer to open, what to see there, and which rule of Today speaks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A story. `names` and `see` by company; `pages` are the addresses' names on which it shows, the best one first;
    `today_rule` the key of the rule that puts it on Today, None where it is not urgent (or no longer a customer)."""

    key: str
    external_id: str
    names: Mapping[str, str]
    see: Mapping[str, str]
    pages: tuple[str, ...]
    today_rule: str | None = None


STORIES: tuple[Story, ...] = (
    Story(
        key="champion_left",
        external_id="S01",
        names={"zh": "临栖鹤原食品", "en": "Oakhelm Foods"},
        see={
            "zh": "关键支持者 35 天前离职，此后使用量减半，健康度被封顶。",
            "en": "The champion left 35 days ago; usage halved since.",
        },
        pages=("today", "customer"),
        today_rule="champion_left",
    ),
    Story(
        key="payment_stuck",
        external_id="S02",
        names={"zh": "沧澄轨道运营集团", "en": "Merrowgate Utilities"},
        see={
            "zh": "回款在法务节点停留 40 天，已逾期 24 天。",
            "en": "A payment has waited at legal for 40 days and is 24 days overdue.",
        },
        pages=("today", "customer", "weekly"),
        today_rule="payment_overdue",
    ),
    Story(
        key="late_onboarding",
        external_id="S03",
        names={"zh": "昭岭槐序医药", "en": "Pellworth Clinics"},
        see={
            "zh": "签约 130 天仍未实现首次价值，只有个别人登录。",
            "en": "Signed 130 days ago and no first value yet; hardly anybody works.",
        },
        pages=("today", "customer"),
        today_rule="onboarding_overdue",
    ),
    Story(
        key="seat_limit",
        external_id="S04",
        names={"zh": "泊渚青垣供应链", "en": "Larkspire Logistics"},
        see={"zh": "24 个席位全部在用，可能有增购线索。", "en": "All 24 seats are in use: is there an expansion lead?"},
        pages=("today", "customer"),
        today_rule="seat_limit_reached",
    ),
    Story(
        key="silent_decider",
        external_id="S05",
        names={"zh": "望舒衡泽建材", "en": "Dunmarrow Builders"},
        see={
            "zh": "75 天后到期；二级关键人常联系，一级关键人已 210 天无人拜访。",
            "en": "Renews in 75 days; the day-to-day contact is met often, the decision maker not for 210 days.",
        },
        pages=("today", "customer"),
        today_rule="renewal_due",
    ),
    Story(
        key="detractor",
        external_id="S06",
        names={"zh": "青岑竹里电器", "en": "Hexley Security"},
        see={
            "zh": "6 天前 NPS 打 2 分，升级工单已超时。",
            "en": "Gave 2 of 10 six days ago; an escalated ticket is overdue.",
        },
        pages=("today", "customer"),
        today_rule="ticket_overdue",
    ),
    Story(
        key="lost_while_green",
        external_id="S07",
        names={"zh": "澹川远汀服饰", "en": "Calloway Fen Energy"},
        see={
            "zh": "45 天前流失，流失前使用良好、NPS 9 分：健康度没看到预算取消。",
            "en": "Lost 45 days ago with strong use and an NPS of 9: the score did not see the budget cut.",
        },
        pages=("customer", "revenue"),
    ),
    Story(
        key="four_parties",
        external_id="S08",
        names={"zh": "栖梧乾序实业集团", "en": "Tarn & Hollow Group"},
        see={
            "zh": "集团签框架，四家子公司使用，财务共享中心付款，采购公司收票。",
            "en": "The group signs, four subsidiaries use, one pays, another is invoiced.",
        },
        pages=("customer",),
    ),
    Story(
        key="paused",
        external_id="S09",
        names={"zh": "鹿鸣洲溪禾农资", "en": "Winterbourne Cooling"},
        see={"zh": "旺季后暂停服务 40 天，仍在合同内。", "en": "Service has been paused for 40 days inside the term."},
        pages=("customer", "revenue"),
    ),
)


def story(key: str) -> Story:
    """Return the story of a key.

    :raises StopIteration: there is none.
    """
    return next(one for one in STORIES if one.key == key)
