"""Gives the tests a home of their own before Django's settings are read; PostgreSQL only through TEST_DATABASE_URL."""

import os
import tempfile
from pathlib import Path

HOME = Path(tempfile.mkdtemp(prefix="perennial-test-"))
(HOME / "static").mkdir()
os.environ["PERENNIAL_HOME"] = str(HOME)
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "") if os.environ.get("TEST_ON") == "postgres" else ""
