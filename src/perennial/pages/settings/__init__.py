"""Settings: the own profile, members, roles, keys, the blueprint, the organisation."""
