"""The customers of a demo: the stories first, then as many ordinary ones as were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from math import exp, log
from random import Random
from typing import Any

from perennial.demo.calculations import names, planted
from perennial.demo.companies.terms import Company, Size
from perennial.demo.terms import Account, Fate, Person
from perennial.kernel.periods import add_months

HISTORY_DAYS = 730
LOW_MOOD = 0.4
IN_CRISIS = 0.035
NODES = ("budget", "procurement", "legal", "seal", "invoice", "payment")
_FATES = ((Fate.LOST, 0.15), (Fate.GROWING, 0.33), (Fate.SHRINKING, 0.09), (Fate.PAUSED, 0.01), (Fate.STEADY, 0.42))


def people_of(company: Company) -> tuple[Person, ...]:
    """Return the members: admin, leaders, CSMs team by team, analyst, reader."""
    csm_teams = [company.teams[number * len(company.teams) // len(company.csms)] for number in range(len(company.csms))]
    roles: list[tuple[str, str, str, str | None]] = [("admin", company.admin, "admin", None)]
    roles += [
        (f"leader{n}", name, "leader", team)
        for n, (name, team) in enumerate(zip(company.leaders, company.teams, strict=True), 1)
    ]
    roles += [
        (f"csm{n}", name, "csm", team) for n, (name, team) in enumerate(zip(company.csms, csm_teams, strict=True), 1)
    ]
    roles += [("analyst", company.analyst, "analyst", None), ("reader", company.reader, "reader", None)]
    return tuple(
        Person(mail=f"{box}@{company.mail_domain}", name=name, role=role, team=team) for box, name, role, team in roles
    )


def accounts_of(company: Company, *, on: date, customers: int, seed: int) -> tuple[Account, ...]:
    """Return `customers` accounts as they stand on the day `on`, the stories' among them, each with its owner."""
    planted_ones = planted.accounts(company, on)
    ordinary = [
        _ordinary(company, number, on=on, rng=Random(f"{seed}:account:{number}"))
        for number in range(1, customers - len(planted_ones) + 1)
    ]
    return tuple(_with_owners(company, [*planted_ones, *ordinary]))


def _ordinary(company: Company, number: int, *, on: date, rng: Random) -> Account:
    size, place = _size(company, rng)
    state_owned = rng.random() < company.state_owned_share * (2 if place < 2 else 0.8)
    name = names.customer_name(company, number, state_owned=state_owned)
    starts_on = _start(on, rng)
    users = rng.randint(*size.users)
    mood = rng.betavariate(2.1, 1.4)
    is_private = rng.random() < company.private_share
    account = Account(
        external_id=f"C{number:05d}",
        name=name,
        legal_name=names.legal_name(company, name),
        credit_code=names.credit_code(number + 100) if company.key == "zh" else None,
        starts_on=starts_on,
        acv=_within(size.acv, rng),
        users=0 if is_private else users,
        seats=_seats(users, mood, rng),
        size=place,
        fate=_fate(rng),
        mood=mood,
        industry=rng.choice(company.industries),
        region=rng.choice(company.regions),
        country=company.country,
        segment="state_owned" if state_owned else "default",
        deployment="private" if is_private else "saas",
        reseller=rng.choice(company.resellers) if rng.random() < company.reseller_share else None,
        first_value_on=_first_value(starts_on, on, mood, rng),
        term_months=_term(place, rng),
    )
    return _paying(company, _troubled(_with_fate(account, on, rng), on, rng), number)


def _paying(company: Company, account: Account, number: int) -> Account:
    """Say in which currency a customer pays and by which way it came, who came through a reseller by that one."""
    is_abroad = number % company.abroad.every == 5 and account.segment == "default" and account.reseller is None
    channel = Random(f"channel:{number}").choices(company.channels, (3, 5, 4))[0]
    return replace(account, currency=company.abroad.currency if is_abroad else "",
                   channel=account.reseller or channel)  # fmt: skip


def _size(company: Company, rng: Random) -> tuple[Size, int]:
    draw = rng.random()
    for place, size in enumerate(company.sizes):
        draw -= size.share
        if draw < 0:
            return size, place
    return company.sizes[-1], len(company.sizes) - 1


def _within(bounds: tuple[int, int], rng: Random) -> int:
    """Draw between the bounds with small ones more often (evenly on a logarithmic scale)."""
    least, most = bounds
    return round(least * exp(rng.random() * log(most / least)))


def _start(on: date, rng: Random) -> date:
    if rng.random() < 0.5:
        return on - timedelta(HISTORY_DAYS + rng.randint(0, 364))
    return on - timedelta(round(15 + (HISTORY_DAYS - 15) * rng.random() ** 1.15))


def _seats(users: int, mood: float, rng: Random) -> int:
    """Return the seats bought: more than are used, the more so the less the customer likes the product."""
    if rng.random() < 0.04:
        return users
    return max(users + 1, round(users / rng.triangular(0.2, 0.95, 0.25 + 0.65 * mood)))


def _first_value(starts_on: date, on: date, mood: float, rng: Random) -> date | None:
    day = starts_on + timedelta(round(rng.triangular(14, 95 if mood > LOW_MOOD else 190, 40)))
    return day if day <= on else None


def _term(place: int, rng: Random) -> int | None:
    draw = rng.random()
    if place >= 3 and draw < 0.16:
        return None
    return 36 if draw > 0.95 and place < 3 else 12


def _fate(rng: Random) -> Fate:
    draw = rng.random()
    for fate, share in _FATES:
        draw -= share
        if draw < 0:
            return fate
    return Fate.STEADY


def _with_fate(account: Account, on: date, rng: Random) -> Account:
    """Give a lost customer the day on which it left: the end of a term, or of a month where it pays monthly."""
    if account.fate is Fate.PAUSED:
        paused_on = on - timedelta(rng.randint(10, 80))
        is_possible = account.term_months == 12 and account.starts_on < paused_on and account.size > 1
        return replace(account, paused_on=paused_on) if is_possible else replace(account, fate=Fate.STEADY)
    if account.fate is not Fate.LOST:
        return account
    ends = [day for day in _ends(account) if on - timedelta(HISTORY_DAYS) < day <= on - timedelta(3)]
    if not ends:
        return replace(account, fate=Fate.STEADY)
    left_on = rng.choice(ends)
    # Most show it before they go: the mood falls and work ebbs away; a fifth leaves while all looks well.
    if rng.random() < 0.2:
        return replace(account, left_on=left_on)
    turn = left_on - timedelta(rng.randint(40, 120))
    return replace(account, left_on=left_on, mood=account.mood * 0.5, usage_turn=(turn, rng.uniform(0.15, 0.5)))


def _ends(account: Account) -> Iterator[date]:
    step = account.term_months or 1
    for number in range(1, 48 // step + 1):
        if number * step >= 5:
            yield add_months(account.starts_on, number * step)


def _troubled(account: Account, on: date, rng: Random) -> Account:
    """Give some of those that are still customers the troubles that a team has at any time; unhappy ones have more."""
    if account.left_on is not None or (on - account.starts_on).days < 120:
        return account
    if rng.random() < IN_CRISIS:
        return replace(
            account, mood=0.1, is_escalated=True, is_neglected=True,
            executive_until=on - timedelta(rng.randint(100, 200)),
            usage_turn=(on - timedelta(rng.randint(14, 40)), rng.uniform(0.03, 0.2)),
            stuck_node=(rng.choice(NODES), on - timedelta(rng.randint(60, 100))) if rng.random() < 0.25 else None,
        )  # fmt: skip
    factor = 6.0 if account.mood < LOW_MOOD else 0.5

    def happens(share: float) -> bool:
        return rng.random() < share * factor

    change: dict[str, Any] = {}
    if happens(0.008):
        change["champion_left_on"] = on - timedelta(rng.randint(5, 150))
    if happens(0.01):
        change["stuck_node"] = (rng.choice(NODES), on - timedelta(rng.randint(8, 80)))
    if happens(0.07):
        change["usage_turn"] = (on - timedelta(rng.randint(10, 50)), rng.uniform(0.15, 0.55))
    if happens(0.04):
        change["is_neglected"] = True
    if happens(0.02):
        change["is_escalated"] = True
    if happens(0.05):
        change["executive_until"] = on - timedelta(rng.randint(150, 300))
    return replace(account, **change)


def _with_owners(company: Company, accounts: list[Account]) -> Iterator[Account]:
    """Share the customers out among the CSMs: state-owned ones to the first team, the others evenly by size."""
    people = [person for person in people_of(company) if person.role == "csm"]
    first_team = [person.mail for person in people if person.team == company.teams[0]]
    others = [person.mail for person in people if person.team != company.teams[0]] or first_team
    turns = {True: 0, False: 0}
    chosen: dict[str, str] = {}
    for account in sorted(accounts, key=lambda one: (-one.acv, one.external_id)):
        mails, is_state = (first_team, True) if account.segment == "state_owned" else (others, False)
        chosen[account.external_id] = mails[turns[is_state] % len(mails)]
        turns[is_state] += 1
    for account in accounts:
        # A few small ones are nobody's: the list has them to find.
        is_orphan = (
            account.story is None and account.size == len(company.sizes) - 1 and int(account.external_id[1:]) % 40 == 0
        )
        yield account if is_orphan else replace(account, owner=chosen[account.external_id])
