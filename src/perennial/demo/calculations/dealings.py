"""What passed between the company and a customer: contacts, touchpoints in the tier's rhythm, surveys, tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from perennial.demo.calculations import names
from perennial.demo.calculations.calendar import working_day_from, working_day_until
from perennial.demo.calculations.tickets import tickets_of
from perennial.demo.companies.terms import Company
from perennial.demo.terms import Account, AnswerRow, ContactRow, Dealings, TaskRow, TicketRow, TouchRow

HISTORY_DAYS = 730
_CHANNELS = (("call", 0.3), ("message", 0.28), ("mail", 0.16), ("meeting", 0.16), ("visit", 0.1))


def dealings_of(company: Company, account: Account, *, on: date, seed: int) -> Dealings:
    """Return everything that passed between the company and one customer by the end of the day before `on`."""
    rng = Random(f"{seed}:dealings:{account.external_id}")
    contacts = tuple(_contacts(company, account, on, rng))
    since = max(account.starts_on, on - timedelta(HISTORY_DAYS))
    until = min(account.left_on or on, on)
    tickets = tuple(tickets_of(company, account, since=since, until=until, on=on, rng=rng))
    answers = (*_answers(company, account, contacts, since, until, on, rng), *_marks(account, contacts, tickets))
    return Dealings(
        contacts=contacts,
        tickets=tickets,
        touches=tuple(_touches(company, account, contacts, since, until, on, rng)),
        answers=answers,
        tasks=tuple(_tasks(company, account, on, rng)),
    )


def instant(company: Company, day: date, minutes: int) -> datetime:
    """Return the instant of a day's minute in the company's zone."""
    local = datetime.combine(day, time(minutes // 60, minutes % 60), ZoneInfo(company.timezone))
    return local.astimezone(UTC)


def _contacts(company: Company, account: Account, on: date, rng: Random) -> Iterator[ContactRow]:
    has_champion = account.champion_left_on is not None or (account.size < 3 and rng.random() < 0.7)
    base = rng.randrange(100_000)
    count = {0: 5, 1: 4, 2: 3}.get(account.size, 2)
    for number in range(1, count + 1):
        level = 1 if number == 1 else 2 if number <= 3 else None
        if level == 1 and account.story is None and rng.random() < 0.05:
            continue  # nobody knows yet who decides
        is_champion = has_champion and number == 2
        word = account.external_id.lower()
        yield ContactRow(
            external_id=f"{account.external_id}-P{number}",
            customer=account.external_id,
            name=names.person_name(company, base + number * 37),
            title=rng.choice(company.texts.executives if level == 1 else company.texts.workers),
            email=f"p{number}@{word}.example",
            phone="",
            level=level,
            decision_role="decides" if level == 1 else "champion" if is_champion else "uses",
            rung=(rung := _rung(account, level, rng)),
            is_champion=is_champion,
            known_on=account.starts_on + timedelta(0 if number <= 2 else rng.randint(0, 60)),
            left_on=account.champion_left_on if is_champion else None,
            climbed_on=_climbed(account, level, on, rng) if rung else None,
        )


def _rung(account: Account, level: int | None, rng: Random) -> int:
    if level == 1 and account.executive_until is not None:
        return 1
    return min(4, max(1, round(rng.gauss(0.5 + 3.4 * account.mood, 0.6)) - (1 if level is None else 0)))


def _climbed(account: Account, level: int | None, on: date, rng: Random) -> date | None:
    """Return the day on which somebody last noted the present rung, the one below being known before."""
    until = min(account.left_on or on, account.champion_left_on or on, on)
    if level == 1 and account.executive_until is not None:
        until = account.executive_until
    day = until - timedelta(rng.randint(3, 140))
    return day if day > account.starts_on else None


def _touches(
    company: Company, account: Account, contacts: Sequence[ContactRow], since: date, until: date, on: date, rng: Random
) -> Iterator[TouchRow]:
    """Yield the touchpoints: the regular ones with the day-to-day people, reviews with level 1 in their own rhythm."""
    if account.owner is None:
        return
    size = company.sizes[min(account.size, len(company.sizes) - 1)]
    workers = [one for one in contacts if one.level != 1 and not one.is_champion] or list(contacts)
    deciders = [one for one in contacts if one.level == 1]
    every = size.touch_days or 300
    stop = min(until, on - timedelta(round(every * 2.4))) if account.is_neglected else until
    plan = [(day, False) for day in _rhythm(since, stop, every, rng)]
    if size.executive_days and deciders:
        last = min(stop, account.executive_until or stop)
        plan += [(day, True) for day in _rhythm(since, last, size.executive_days, rng)]
    for number, (planned, is_executive) in enumerate(sorted(plan), 1):
        day = working_day_until(planned, account.country)
        if not since <= day < until:
            continue
        who = rng.choice(deciders if is_executive else workers)
        yield _touch(company, account, who, number, instant(company, day, rng.randint(9 * 60, 17 * 60 + 30)),
                     is_executive=is_executive, rng=rng)  # fmt: skip


def _rhythm(since: date, until: date, every: int, rng: Random) -> Iterator[date]:
    """Yield days about `every` days apart; the last gap before `until` is no longer than the rhythm with some slack."""
    day = until - timedelta(rng.randint(1, max(2, round(every * 0.95))))
    while day >= since:
        yield day
        day -= timedelta(max(3, round(rng.triangular(0.6, 1.35, 1) * every)))


def _touch(
    company: Company, account: Account, who: ContactRow, number: int, at: datetime, *, is_executive: bool, rng: Random
) -> TouchRow:
    assert account.owner is not None
    texts = company.texts
    channel = rng.choice(("visit", "review", "meeting")) if is_executive else _channel(rng)
    said = rng.choice(texts.executive_touches if is_executive else texts.touches[channel])
    return TouchRow(
        external_id=f"{account.external_id}-K{number}", customer=account.external_id, contact=who.external_id,
        by=account.owner, channel=channel, happened_at=at, summary=said.format(who=who.name),
        next_step=rng.choice(texts.next_steps) if rng.random() < 0.5 else "",
    )  # fmt: skip


def _channel(rng: Random) -> str:
    draw = rng.random()
    for channel, share in _CHANNELS:
        draw -= share
        if draw < 0:
            return channel
    return "call"


def _answers(
    company: Company, account: Account, contacts: Sequence[ContactRow], since: date, until: date, on: date, rng: Random
) -> Iterator[AnswerRow]:
    """Yield answers to the half-yearly NPS survey; the stories' are planted."""
    people = [one for one in contacts if one.left_on is None] or list(contacts)
    texts = company.texts
    day = since + timedelta(rng.randint(60, 120))
    number = 0
    while day < until and people:
        if rng.random() < 0.5 or account.story:
            number += 1
            score = min(10, max(0, round(rng.gauss(1 + 9 * account.mood, 1.3))))
            comment = rng.choice(texts.praise if score >= 8 else texts.complaints) if rng.random() < 0.5 else ""
            yield _answer(company, account, number, rng.choice(people), day, score, comment)
        day = working_day_from(day + timedelta(rng.randint(165, 195)), account.country)
    if account.story == "detractor":
        yield _answer(company, account, number + 1, people[-1], on - timedelta(6), 2, texts.complaints[1])
    if account.story == "lost_while_green":
        yield _answer(company, account, number + 1, people[-1], until - timedelta(60), 9, texts.praise[0])


def _answer(
    company: Company, account: Account, number: int, who: ContactRow, day: date, score: int, comment: str
) -> AnswerRow:
    return AnswerRow(external_id=f"{account.external_id}-A{number}", customer=account.external_id,
                     contact=who.external_id, kind="nps", score=score, answered_at=instant(company, day, 11 * 60),
                     comment=comment)  # fmt: skip


def _marks(account: Account, contacts: Sequence[ContactRow], tickets: Sequence[TicketRow]) -> Iterator[AnswerRow]:
    """Yield the marks given to closed tickets as what they are: answers to the satisfaction survey."""
    for ticket in tickets:
        if ticket.satisfaction is not None and ticket.closed_at is not None:
            yield AnswerRow(
                external_id=f"{ticket.external_id}-C", customer=account.external_id,
                contact=contacts[-1].external_id if contacts else None, kind="csat", score=ticket.satisfaction,
                answered_at=ticket.closed_at,
            )  # fmt: skip


def _tasks(company: Company, account: Account, on: date, rng: Random) -> Iterator[TaskRow]:
    """Yield the open tasks, some at random; those of a renewal belong to its plan."""
    if account.owner is None or account.left_on is not None:
        return
    if rng.random() < 0.05:
        title = rng.choice(company.texts.tasks)
        due_on = working_day_from(on + timedelta(rng.randint(-2, 16)), account.country)
        yield TaskRow(customer=account.external_id, owner=account.owner, title=title, due_on=due_on)
