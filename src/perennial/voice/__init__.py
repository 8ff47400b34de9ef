"""Voice: what customers said in surveys."""
