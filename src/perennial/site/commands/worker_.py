"""`perennial worker`: do the work that no request should wait for."""

from __future__ import annotations

import argparse

HELP = "run the worker"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def run(_given: argparse.Namespace) -> None:
    from perennial.jobs.worker import Worker

    Worker().run()
