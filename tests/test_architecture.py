"""The house stays as drawn: rooms explain themselves, files stay small, fronts never touch tables."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "perennial"
FILES = [path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts]
PACKAGES = [path for path in FILES if path.name == "__init__.py"]
VAGUE = {"utils", "helpers", "common", "services", "manager", "managers", "misc"}
MOST_LINES = 400


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_has_one_purpose_and_fits_a_reader(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    assert path.stem not in VAGUE


@pytest.mark.parametrize("path", PACKAGES, ids=name_of)
def test_a_room_says_in_one_paragraph_what_it_is_for_and_holds_no_code(path: Path) -> None:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)
    assert len(ast.literal_eval(body[0].value)) > 20


FRONTS = [path for path in FILES if name_of(path).split("/")[0] in {"pages", "api"}]


@pytest.mark.parametrize("path", FRONTS, ids=name_of)
def test_a_front_reads_through_queries_and_never_asks_tables_itself(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr == "objects":
            pytest.fail(f"{name_of(path)}:{node.lineno} asks a table; ask a room's queries.py, scoped to the member")


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_money_is_never_a_float(path: Path) -> None:
    if "contracts" not in path.parts and path.name != "money.py":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
            pytest.fail(f"{name_of(path)}:{node.lineno} makes a float where money lives")
