"""`./run bench [NAME] [--json]` and `./run proof [NAME] [--json]`: one row a figure; exit 1 where one falls short.

A row: {"name", "value", "unit", "reach", "ok", "how"}. Results that count go to docs/figures.md with machine, date and
commit.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from bench import machine


def names(package: str) -> list[str]:
    """Return the measuring modules and packages of a package: those that have `rows`."""
    found = importlib.import_module(package)
    every = [info.name for info in pkgutil.iter_modules(found.__path__) if info.name != "__main__"]
    return [name for name in sorted(every) if hasattr(importlib.import_module(f"{package}.{name}"), "rows")]


def rows(package: str, wanted: str | None) -> Iterator[dict[str, Any]]:
    """Yield the figures of the wanted module, or of all."""
    for name in [wanted] if wanted else names(package):
        print(f"── {name}", file=sys.stderr, flush=True)
        yield from importlib.import_module(f"{package}.{name}").rows()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run bench")
    parser.add_argument("what", choices=["bench", "proof"])
    parser.add_argument("name", nargs="?")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    package = "bench" if given.what == "bench" else "bench.proofs"
    if given.name and given.name not in names(package):
        print(f"There is no {given.name}. There are: {', '.join(names(package)) or 'none'}.", file=sys.stderr)
        return 2
    short = 0
    print(machine.line(), file=sys.stderr)
    for row in rows(package, given.name):
        short += not row["ok"]
        if given.json:
            print(json.dumps(row, ensure_ascii=False), flush=True)
        else:
            mark = "ok   " if row["ok"] else "SHORT"
            print(
                f"{mark} {row['name']}: {row['value']} {row['unit']} (reach {row['reach']}) – {row['how']}", flush=True
            )
    print(f"at the end: {machine.pace():.2f} s for ten million sums", file=sys.stderr)
    return 1 if short else 0


if __name__ == "__main__":
    os.environ.setdefault("PERENNIAL_HOME", tempfile.mkdtemp(prefix="perennial-bench-"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "perennial.site.settings")
    sys.exit(main(sys.argv[1:]))
