"""Site: settings, addresses and the command line."""
