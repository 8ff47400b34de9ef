"""Members: who works here: members, teams, API keys, and what each role may do."""
