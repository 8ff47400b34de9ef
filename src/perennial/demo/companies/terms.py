"""What makes a demo company: its words and its sizes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A class of customers: its share of all, its price a year and its users, each as (least, most), and how often
    its CSM is in contact and its decision maker is met, in days; None: only on an alert."""

    share: float
    acv: tuple[int, int]
    users: tuple[int, int]
    touch_days: int | None
    executive_days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What people of the demo wrote. `{who}` is a contact, `{feature}` a feature."""

    tickets: tuple[str, ...]
    touches: dict[str, tuple[str, ...]]
    executive_touches: tuple[str, ...]
    next_steps: tuple[str, ...]
    praise: tuple[str, ...]
    complaints: tuple[str, ...]
    reasons: tuple[str, ...]
    tasks: tuple[str, ...]
    executives: tuple[str, ...]
    workers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """Parts from which invented names are put together: place, brand and trade in Chinese; brand, trade and form
    (`places`) in English."""

    places: tuple[str, ...]
    brands: tuple[str, ...]
    trades: tuple[str, ...]
    state_trades: tuple[str, ...]
    surnames: tuple[str, ...]
    given_names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Abroad:
    """The second currency in which some customers pay, one in `every` about, and what one unit of it is worth in
    the company's own. Its amounts carry no tax."""

    currency: str
    worth: float
    every: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """An invented company. `arr_per_thousand` is the ARR of 1,000 customers in major units without tax;
    `tax_rate` None: amounts carry no tax. `products` are (code, name): platform, two add-ons, a one-off service.
    `channels` are the ways by which customers came that no reseller brought."""

    key: str
    name: str
    language: str
    timezone: str
    currency: str
    country: str
    tax_rate: str | None
    arr_per_thousand: int
    rounding: int
    sizes: tuple[Size, ...]
    teams: tuple[str, ...]
    leaders: tuple[str, ...]
    csms: tuple[str, ...]
    admin: str
    analyst: str
    reader: str
    mail_domain: str
    industries: tuple[str, ...]
    regions: tuple[str, ...]
    resellers: tuple[str, ...]
    state_owned_share: float
    private_share: float
    reseller_share: float
    products: tuple[tuple[str, str], ...]
    features: tuple[tuple[str, str], ...]
    channels: tuple[str, ...]
    abroad: Abroad
    naming: Naming
    texts: Texts
