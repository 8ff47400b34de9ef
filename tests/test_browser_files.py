"""What a wheel carries that git leaves out: browser files and compiled catalogues."""

from __future__ import annotations

import ast
import gettext
import io
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import browser_files
import pytest

ROOT = Path(browser_files.__file__).resolve().parent


def test_only_the_wanted_files_are_copied_and_none_names_a_source_map(tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "kit"
    package.mkdir(parents=True)
    (package / "kit.js").write_text("let a = 1;\n//# sourceMappingURL=kit.js.map\n")
    (package / "kit.css").write_text("a{}\n/*# sourceMappingURL=kit.css.map */\n")
    (package / "unwanted.js").write_text("")
    vendor = tmp_path / "vendor"
    vendor.mkdir()
    (vendor / "old.js").write_text("")

    browser_files.copy(
        packages=package.parent, vendor=vendor, files={"kit/kit.js": "script.js", "kit/kit.css": "style.css"}
    )

    assert {path.name: path.read_text() for path in vendor.iterdir()} == {
        "script.js": "let a = 1;\n\n",
        "style.css": "a{}\n\n",
    }


def test_files_in_step_with_the_lock_are_left_alone(tmp_path: Path) -> None:
    vendor = tmp_path / "src" / "perennial" / "static" / "vendor"
    vendor.mkdir(parents=True)
    (tmp_path / "package-lock.json").write_text("{}")
    for name in ["lock", *browser_files.FILES.values()]:
        (vendor / name).write_text("{}")

    browser_files.fetch(tmp_path)  # there is no package.json here: npm would fail

    assert (vendor / "echarts.js").read_text() == "{}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Return a wheel built from a copy as git has it, but for the browser files, which would come over the network."""
    copy = tmp_path_factory.mktemp("wheel") / "copy"
    without = shutil.ignore_patterns("*.mo", "__pycache__")
    shutil.copytree(ROOT / "src" / "perennial", copy / "src" / "perennial", ignore=without)
    for name in ("pyproject.toml", "README.md", "LICENSE", "browser_files.py", "words.py", "package.json",
                 "package-lock.json"):  # fmt: skip
        shutil.copyfile(ROOT / name, copy / name)
    assert not list(copy.rglob("*.mo"))
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel"], cwd=copy, check=True)
    [file] = (copy / "dist").iterdir()
    return zipfile.ZipFile(file)


def test_a_wheel_speaks_every_language_without_any_step_after_it(wheel: zipfile.ZipFile) -> None:
    for language, said in {"zh_Hans": "客户", "zh_Hant": "客戶"}.items():
        file = io.BytesIO(wheel.read(f"perennial/locale/{language}/LC_MESSAGES/django.mo"))
        assert gettext.GNUTranslations(file).gettext("Customers") == said


def test_a_wheel_carries_every_file_that_a_page_asks_for(wheel: zipfile.ZipFile) -> None:
    carried = set(wheel.namelist())
    here = ROOT / "src" / "perennial"
    wanted = [path for path in here.rglob("*") if path.is_file() and path.suffix not in {".pyc", ".mo"}]
    assert {f"perennial/{path.relative_to(here)}" for path in wanted} - carried == set()
    assert {f"perennial/static/vendor/{name}" for name in browser_files.FILES.values()} <= carried


def test_a_wheel_asks_for_what_the_product_imports_and_for_nothing_else(wheel: zipfile.ZipFile) -> None:
    metadata = next(name for name in wheel.namelist() if name.endswith("/METADATA"))
    lines = [line.removeprefix("Requires-Dist: ") for line in wheel.read(metadata).decode().splitlines()
             if line.startswith("Requires-Dist: ")]  # fmt: skip
    names = {line: re.split(r"[\[<>= ;(]", line)[0].lower() for line in lines}
    extras = {name for line, name in names.items() if "extra ==" in line}
    asked = set(names.values()) - extras
    imported = {
        root
        for path in (ROOT / "src" / "perennial").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for root in _roots(node)
    }
    provided = packages_distributions()
    needed = {provided[root][0].lower() for root in imported & set(provided)} - {"perennial"}
    unimported = {
        "argon2-cffi",
        "django-csp",
        "psycopg",
        "tzdata",
        "gunicorn",
        "whitenoise",
        "pysqlite3",
    }  # asked for by settings
    assert needed - asked - extras - {"asgiref", "pydantic"} == set()
    assert extras == {"pyspark", "obstore", "scikit-learn", "lightgbm"}
    assert asked - needed <= unimported


def _roots(node: ast.AST) -> list[str]:
    """Return the packages that a statement imports."""
    if isinstance(node, ast.Import):
        return [name.name.split(".")[0] for name in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [(node.module or "").split(".")[0]]
    return []
