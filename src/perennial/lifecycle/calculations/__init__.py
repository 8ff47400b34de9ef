"""Tier, stage and rhythm, derived from contracts and touchpoints."""
