"""Health: scorecards from the blueprint, scores that explain themselves, bands with hysteresis."""
