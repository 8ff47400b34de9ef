"""What crosses the door of customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise

from perennial.kernel.conditions.terms import FieldType


class ListError(ValueError):
    """A filter, sort, column or page mark that cannot be; the message says which."""


class Unit(StrEnum):
    """How a value is written and exported."""

    TEXT = "text"
    MONEY = "money"  # minor units of the organisation's currency
    NUMBER = "number"
    POINTS = "points"
    RATIO = "ratio"  # 1.10 = 110 %
    DAY = "day"
    DAYS = "days"
    FLAG = "flag"
    TAGS = "tags"
    BAND = "band"
    MEMBER = "member"
    CHOICE = "choice"


@dataclass(frozen=True)
class Field:
    """A field of the portfolio row.

    `column` is the ORM path to filter, sort and export by; `sortable` names those with an index; `editable` may be
    changed in bulk and by re-import. `definition` says what it means, `source` where it comes from.
    """

    key: str
    type: FieldType
    unit: Unit
    label: str | Promise
    definition: str | Promise
    source: str
    column: str
    sortable: bool = False
    editable: bool = False


@dataclass(frozen=True)
class CustomerFacts:
    """A customer as a source knows it. None: the source says nothing, and what is known stays."""

    source: str
    external_id: str
    name: str | None = None
    legal_name: str | None = None
    credit_code: str | None = None
    parent_external_id: str | None = None
    owner_email: str | None = None
    reseller: str | None = None
    industry: str | None = None
    country: str | None = None
    region: str | None = None
    segment: str | None = None
    deployment: str | None = None
    signed_up_on: date | None = None
    first_value_on: date | None = None
    tags: tuple[str, ...] | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)
