"""The forecast's pages: how much of what is due will renew, what somebody says of a term, how good it was so far."""
