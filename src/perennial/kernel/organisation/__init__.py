"""Organisation: the one company of this home: its name, currency, zone and as-of day."""
