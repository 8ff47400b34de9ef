"""Evidence: what a scorecard foretold, in words and with its intervals."""
