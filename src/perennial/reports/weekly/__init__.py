"""The weekly meeting: for a period, what each member and team shall reach in renewals, collections and expansion, what
is done, what is under way, and what is missing, against the share of time passed."""
