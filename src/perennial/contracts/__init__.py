"""Contracts: what was signed, line by line, and the one ledger that every revenue figure comes from. Read this room
first: it is the pattern. Its doors: terms, actions, access, queries (contracts and what they stand at) and ledger
(MRR and its movements, summed)."""
