"""A whole demo before it is written: everything generated from company, size, seed and day, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from perennial.demo.calculations.accounts import accounts_of, people_of
from perennial.demo.calculations.dealings import dealings_of
from perennial.demo.calculations.money import money_of
from perennial.demo.calculations.papers import papers_of
from perennial.demo.calculations.targets import targets_of
from perennial.demo.calculations.terms_held import price_level, terms_of
from perennial.demo.calculations.usage import Usage, usage_of
from perennial.demo.companies.terms import Company
from perennial.demo.terms import Account, Dealings, Money, Papers, Person, TargetRow, Term

FEWEST_CUSTOMERS = 40


@dataclass(frozen=True)
class World:
    """The generated company as of the morning of `on`."""

    company: Company
    on: date
    seed: int
    people: tuple[Person, ...]
    accounts: tuple[Account, ...]
    terms: tuple[tuple[Term, ...], ...]

    @cached_property
    def papers(self) -> Papers:
        """Return the contracts, lines, notices and receivables of all customers."""
        each = [
            papers_of(self.company, account, terms, on=self.on, seed=self.seed)
            for account, terms in zip(self.accounts, self.terms, strict=True)
        ]
        return Papers(
            contracts=tuple(row for one in each for row in one.contracts),
            lines=tuple(row for one in each for row in one.lines),
            cancellations=tuple(row for one in each for row in one.cancellations),
            receivables=tuple(row for one in each for row in one.receivables),
        )

    @cached_property
    def money(self) -> Money:
        """Return invoices, payments, rates and spend."""
        return money_of(self.company, self.accounts, self.papers, on=self.on, seed=self.seed)

    @cached_property
    def dealings(self) -> Dealings:
        """Return the contacts, tickets, touchpoints, answers and tasks of all customers."""
        each = [dealings_of(self.company, account, on=self.on, seed=self.seed) for account in self.accounts]
        return Dealings(
            contacts=tuple(row for one in each for row in one.contacts),
            tickets=tuple(row for one in each for row in one.tickets),
            touches=tuple(row for one in each for row in one.touches),
            answers=tuple(row for one in each for row in one.answers),
            tasks=tuple(row for one in each for row in one.tasks),
        )

    @cached_property
    def targets(self) -> Sequence[TargetRow]:
        """Return the year's targets of CSMs and teams."""
        papers = self.papers
        return tuple(targets_of(self.company, self.people, self.accounts, papers.lines, papers.receivables, on=self.on))

    @cached_property
    def usage(self) -> Usage:
        """Return the use of the product in the two years before `on`."""
        lives = list(zip(self.accounts, self.terms, strict=True))
        return usage_of(self.company, lives, on=self.on, seed=self.seed)


def world_of(company: Company, *, on: date, customers: int, seed: int) -> World:
    """Return the company with so many customers; the same arguments give the same rows.

    :raises ValueError: fewer customers than the stories and a believable rest need.
    """
    if customers < FEWEST_CUSTOMERS:
        raise ValueError(f"a demo needs {FEWEST_CUSTOMERS} customers or more")
    accounts = accounts_of(company, on=on, customers=customers, seed=seed)
    level = price_level(company, accounts, on=on, seed=seed)
    terms = tuple(terms_of(company, account, level, on=on, seed=seed) for account in accounts)
    return World(company=company, on=on, seed=seed, people=people_of(company), accounts=accounts, terms=terms)
