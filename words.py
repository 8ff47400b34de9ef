"""The words of the product: gathers every translatable text, keeps the catalogues in step, compiles and checks them.

Babel does it, so that no gettext program is needed on the machine. Templates are read through Django's own
`templatize`, so that `{% blocktranslate %}` means here what it means there. English is the text in the code.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent
SOURCE = ROOT / "src" / "perennial"
LANGUAGES = {"zh_Hans": "zh-hans", "zh_Hant": "zh-hant"}
KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")


def texts() -> Iterator[tuple[str, int, object, str | None]]:
    """Yield (file, line, text or (singular, plural), context) of every translatable text."""
    from django.conf import settings
    from django.utils.translation.template import templatize

    if not settings.configured:
        settings.configure(USE_I18N=True)
    for path in sorted([*SOURCE.rglob("*.py"), *SOURCE.rglob("*.html")]):
        name = str(path.relative_to(ROOT))
        content = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            content = templatize(content, origin=name)
        for line, text, _comments, context in extract("python", io.BytesIO(content.encode()), KEYWORDS):
            yield name, line, text, context


def path_of(language: str) -> Path:
    return SOURCE / "locale" / language / "LC_MESSAGES" / "django.po"


def load(language: str) -> Catalog:
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language, project="perennial", version="1", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update() -> None:
    """Bring each catalogue in step with the code: new texts empty, texts gone dropped; what is there stays."""
    for language in LANGUAGES:
        old, new = (
            load(language),
            Catalog(locale=language, project="perennial", version="1", charset="utf-8", fuzzy=False),
        )
        for name, _line, text, context in texts():
            new.add(text, locations=[(name, 0)], context=context)
        for message in new:
            known = old.get(message.id, context=message.context) if message.id else None
            if known is not None:
                message.string = known.string
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        with path_of(language).open("wb") as file:
            write_po(file, new, omit_header=False, include_lineno=False, sort_output=True, width=110)


def compile_all() -> None:
    """Write the .mo files that Django reads; only those older than their catalogue."""
    for language in LANGUAGES:
        path = path_of(language)
        target = path.with_suffix(".mo")
        if path.exists() and (not target.exists() or target.stat().st_mtime < path.stat().st_mtime):
            with target.open("wb") as file:
                write_mo(file, load(language))


def faults() -> list[str]:
    """Return what is wrong: texts missing or empty in a language, placeholders that differ, catalogues out of step."""
    found = []
    wanted = {(text if isinstance(text, str) else tuple(text), context) for _n, _l, text, context in texts()}  # type: ignore[arg-type]
    for language in LANGUAGES:
        catalogue = load(language)
        present = {(message.id if isinstance(message.id, str) else tuple(message.id), message.context)
                   for message in catalogue if message.id}  # fmt: skip
        found += [f"{language}: missing: {text!r}" for text, _context in sorted(wanted - present, key=repr)]
        found += [f"{language}: no longer used: {text!r}" for text, _context in sorted(present - wanted, key=repr)]
        for message in catalogue:
            strings = [message.string] if isinstance(message.string, str) else list(message.string)
            ids = [message.id] if isinstance(message.id, str) else list(message.id)
            if message.id and not all(strings):
                found.append(f"{language}: not translated: {message.id!r}")
            elif message.id and any(
                not set(PLACEHOLDER.findall(string)) <= set(PLACEHOLDER.findall(ids[-1])) for string in strings
            ):
                found.append(f"{language}: a placeholder that the English text does not have: {message.id!r}")
    return found


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["update"]:
            update()
        case ["compile"]:
            compile_all()
        case ["check"]:
            problems = faults()
            print("\n".join(problems))
            sys.exit(bool(problems))
        case _:
            sys.exit("words.py update|compile|check")
