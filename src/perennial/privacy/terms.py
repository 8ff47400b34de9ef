"""What crosses the door of privacy: whom something is about, how a field is treated, what was found."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import StrEnum

ABILITY = "privacy.manage"
MARK = "[erased]"
OTHER = "[other person]"
LONG = 6
"""An id of so many characters is looked for in running text too; a shorter one would meet others' words."""


class Subject(StrEnum):
    """Who is meant."""

    PERSON = "person"
    CUSTOMER = "customer"


class As(StrEnum):
    """How a personal field is treated: where the row is theirs, and where it only mentions them."""

    TEXT = "text"  # theirs: emptied; mentioned: the words are replaced
    OWN = "own"  # what somebody is called: emptied where theirs; a namesake's is left alone
    TITLE = "title"  # theirs: a mark instead; mentioned: as TEXT
    WORD = "word"  # theirs: kept, since figures group by it; mentioned: as TEXT
    JSON = "json"  # theirs: emptied; mentioned: replaced wherever it stands
    UNIQUE = "unique"  # as TEXT, in a column where no two are the same
    CODE = "code"  # an id that must stay unique: a number of ours instead; another row's is left alone
    NAME = "name"  # a customer's: a pseudonym instead; another customer's is left alone
    LINK = "link"  # a reference to a person, or an id that may be absent: nothing instead
    RAW = "raw"  # theirs and mentioned: emptied as a whole


class Fate(StrEnum):
    """What becomes of a row that is theirs."""

    GONE = "gone"
    BLANK = "blank"  # the row stays for the totals, its personal fields go


@dataclass(frozen=True)
class Whom:
    """Somebody as all tables know them.

    `family`: the customer's number and all that count for it (negative: unconfirmed); of a person nobody's: empty.
    `logins`: (source, id) of product users, or of a customer in its sources. `names`: of the subject; `addresses`:
    mail and phone, which are nobody else's; `people`: the names of a customer's people; `others`: names and addresses
    of the customer's other people, which an export leaves out.
    """

    subject: Subject
    ref: str
    label: str
    customer_id: int | None
    customer_name: str
    family: tuple[int, ...]
    contacts: tuple[uuid.UUID, ...] = ()
    users: tuple[int, ...] = ()
    touchpoints: tuple[uuid.UUID, ...] = ()
    logins: frozenset[tuple[str, str]] = frozenset()
    names: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    others: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def codes(self) -> frozenset[str]:
        """Return the ids by which sources call them."""
        return frozenset(code for _source, code in self.logins)


@dataclass(frozen=True)
class Match:
    """One found by a search: where it leads, and what tells it from others."""

    subject: Subject
    ref: str
    label: str
    details: str
    customer_name: str


class PrivacyError(Exception):
    """What was asked cannot be done; the message says why and what to do."""
