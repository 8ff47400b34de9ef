"""Commands: one file per command of `perennial`, documented in docs/cli.md."""
