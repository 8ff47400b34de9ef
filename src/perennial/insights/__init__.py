"""Insights: hindsight and foresight over what the rooms below know: what a customer is worth over its life, and how
much of what comes due will renew, with how far off that has been before."""
