"""What the blueprint assumes where it values customers over their life, as a frozen row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LifetimeRules:
    """What lifetime value assumes: shares are ratios, `horizon_years` whole years, the cycle whole months.

    `channel_fields` are the customers' own fields that say by which way they came, in order; `steady_grr` is how far
    apart GRR at four quarter ends may lie.
    """

    gross_margin: float
    discount_rate: float
    horizon_years: int
    sales_cycle_months: int
    channel_fields: tuple[str, ...]
    steady_grr: float
