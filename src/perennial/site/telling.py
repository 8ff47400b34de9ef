"""What a person reads on the terminal: results as lines, durations and sizes in words, progress in one line."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

KIB = 1024
WIDTH = 78


def lines(result: Mapping[str, Any], indent: str = "") -> str:
    """Return a result as lines "name: value", what is inside a value one step further in."""
    return "\n".join(_line(str(name).replace("_", " "), value, indent) for name, value in result.items())


def _line(name: str, value: Any, indent: str) -> str:
    if isinstance(value, Mapping) and value:
        if all(not isinstance(one, Mapping | list | tuple) for one in value.values()):
            inside = ", ".join(f"{key} {plain(one)}".replace("_", " ") for key, one in value.items())
            return f"{indent}{name}: {inside}"
        return f"{indent}{name}:\n{lines(value, indent + '  ')}"
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        return "\n".join([f"{indent}{name}:", *(f"{indent}  {plain(one)}" for one in value)])
    return f"{indent}{name}: {plain(value)}"


def plain(value: Any) -> str:
    """Return one value as a person writes it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case None:
            return "unknown"
        case Mapping() | list() | tuple() if not value:
            return "none"
    return str(value)


def seconds(number: float) -> str:
    """Return a duration: "0.4 s", "12 s", "3 min 5 s"."""
    if number < 10:
        return f"{number:.1f} s"
    whole = round(number)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def size(number: int) -> str:
    """Return a number of bytes: "512 bytes", "1.4 MiB"."""
    amount, unit = float(number), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < KIB:
            break
        amount, unit = amount / KIB, larger
    return f"{number:,} bytes" if unit == "bytes" else f"{amount:.1f} {unit}"


class Progress:
    """Tells how far some work is: on a terminal in one line that is written over, else a line for each new step."""

    def __init__(self, name: str, *, to: TextIO | None = None) -> None:
        self._name, self._to = name, to or sys.stderr
        self._step, self._told_at, self._is_open = "", 0.0, False

    def __call__(self, step: str, done: int | None = None, total: int | None = None) -> None:
        """Say which step is being done, and how much of it where that is known."""
        if not self._to.isatty():
            if step != self._step:
                print(f"{self._name}: {step} …", file=self._to, flush=True)
            self._step = step
            return
        now = time.monotonic()
        if step == self._step and now - self._told_at < 0.1 and done != total:
            return
        self._step, self._told_at = step, now
        share = f" {done * 100 // total} %" if total and done is not None else ""
        print(f"\r{f'{self._name}: {step} …{share}':<{WIDTH}}", end="", file=self._to, flush=True)
        self._is_open = True

    def end(self) -> None:
        """Leave the terminal with an empty line to write on; safe to call twice."""
        if self._is_open:
            print(f"\r{'':<{WIDTH}}\r", end="", file=self._to, flush=True)
        self._is_open = False
