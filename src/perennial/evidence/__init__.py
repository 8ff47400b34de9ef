"""Evidence: what a scorecard foretold of decisions that were taken since, as known then; probabilities learned from it,
and weights proposed beside those that were set by hand. Nothing here changes a score."""
