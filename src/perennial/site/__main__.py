"""Lets `python -m perennial.site` be the command too."""

from perennial.site.cli import main

raise SystemExit(main())
