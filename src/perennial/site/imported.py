"""What an import came to, as a person reads it on the terminal: counts, what to look at, what was read unasked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from perennial.site import env

EXAMPLES = 3
COUNTS = {"new": "new", "changed": "changed", "same": "unchanged", "rejected": "refused"}


def told(result: Mapping[str, Any]) -> str:
    """Return the result as lines."""
    kinds: Mapping[str, Mapping[str, int]] = result["kinds"]
    total = {key: sum(counts.get(key, 0) for counts in kinds.values()) for key in COUNTS}
    parts = [_head(total, is_published=result["published"]), *_table(kinds)]
    parts += _quality(result["quality"])
    if result.get("assumed"):
        parts += ["", "Read without anybody having said so:", *(f"  {text}" for text in result["assumed"])]
    if total["rejected"]:
        parts += ["", f"Refused rows, with column, value and reason: {_where(result)}"]
    if result["published"]:
        parts += ["", f"The figures follow where a worker runs (`{env.called()} serve --with-worker`), or now: "
                      f"`{env.called()} nightly --on YYYY-MM-DD`."]  # fmt: skip
    return "\n".join(parts)


def _head(total: Mapping[str, int], *, is_published: bool) -> str:
    written = ", ".join(f"{total[key]:,} {word}" for key, word in COUNTS.items() if total[key]) or "no rows"
    return f"Published: {written}." if is_published else f"Checked, nothing written: {written}."


def _table(kinds: Mapping[str, Mapping[str, int]]) -> list[str]:
    wide = max((len(name) for name in kinds), default=0)
    rows = []
    for name, counts in kinds.items():
        cells = [f"{counts[key]:>9,} {word}" for key, word in COUNTS.items() if counts.get(key)]
        rows.append(f"  {name.replace('_', ' '):<{wide}}{''.join(cells) or f'{0:>9} rows'}")
    return rows


def _quality(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    from perennial.integrations.imports.refusals import finding

    if not found:
        return []
    lines = ["", "What to look at in the data:"]
    for key, one in found.items():
        examples: Sequence[Any] = one.get("examples", ())
        shown = "; ".join(str(each) for each in examples[:EXAMPLES])
        more = "; …" if shown and one["count"] > EXAMPLES else ""
        lines.append(f"  {one['count']:>7,}  {finding(key)}{f' ({shown}{more})' if shown else ''}")
    return lines


def _where(result: Mapping[str, Any]) -> str:
    if result.get("errors"):
        return str(result["errors"])
    if result["published"]:
        return f"in the web under Import, no. {result['import']}; or give --errors FILE."
    return "give --errors FILE."
