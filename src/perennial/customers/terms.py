"""What crosses the door of customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


class ListError(ValueError):
    """A filter, sort, column or page mark that cannot be; the message says which."""


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
