"""A real Chromium before the real server: `perennial serve --with-worker` in a home of its own, as a user starts it.

`served` is one server for a test module, `demo` one with an invented company for the whole run (a module that looks at
it makes `served` of it). `open_page` opens pages signed in; a page that logs an error, breaks the content security
policy or gets a 5xx fails its test. `serious` asks axe.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PASSWORD = "evergreen in every season"
STARTS_WITHIN = 60
DEMO_STARTS_WITHIN = 180
POLICY = "Content Security Policy"
REPORT = f"""addEventListener("securitypolicyviolation", (event) =>
    console.error("{POLICY}:", event.violatedDirective, event.blockedURI, event.sample))"""
"""What a page says of everything that its policy refused, whoever listens."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, so that `-m "not browser"` leaves them out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Served:
    """A running server and its home."""

    url: str
    home: Path

    def command(self, *words: str, given: str = "") -> str:
        """Run `perennial …` in this home; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "perennial.site", *words],
            env=_environment(self.home), input=given, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def member(self, email: str, role: str, *words: str) -> str:
        """Make a member with PASSWORD; return the mail address."""
        self.command("member", "create", email, "--role", role, "--password-stdin", *words, given=PASSWORD + "\n")
        return email


def _environment(home: Path) -> dict[str, str]:
    source = str(Path(__file__).parent.parent.parent / "src")
    kept = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}}
    return {**kept, "PERENNIAL_HOME": str(home), "PYTHONPATH": source}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return the browser, one for all tests."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a server with its worker, an empty organisation in USD, and the member admin@example.com."""
    server = Served(_free_address(), tmp_path_factory.mktemp("served"))
    server.command("init", "--currency", "USD", "--timezone", "Asia/Shanghai")
    server.member("admin@example.com", "admin")
    with _running(server, "serve", "--with-worker", within=STARTS_WITHIN):
        yield server


@pytest.fixture(scope="session")
def demo(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return the server of `perennial demo`: 60 invented customers, whose members all have PASSWORD."""
    server = Served(_free_address(), tmp_path_factory.mktemp("demo"))
    (server.home / "demo-password").write_text(PASSWORD)
    with _running(server, "demo", "--company", "en", "--customers", "60", within=DEMO_STARTS_WITHIN):
        yield server


def _free_address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@contextmanager
def _running(server: Served, *words: str, within: int) -> Iterator[None]:
    with (server.home / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "perennial.site", *words, "--port", server.url.rpartition(":")[2]],
            env=_environment(server.home), stdout=log, stderr=log,
        )  # fmt: skip
        try:
            _wait_for(server, process, within)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def _wait_for(server: Served, process: subprocess.Popen[bytes], within: int) -> None:
    until = time.monotonic() + within
    while time.monotonic() < until:
        assert process.poll() is None, (server.home / "server.log").read_text()
        try:
            with urllib.request.urlopen(f"{server.url}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the server did not start: " + (server.home / "server.log").read_text())


def watch(page: Page, wrong: list[str]) -> None:
    """Write down what goes wrong on a page: scripts that fail, what the policy refuses, answers of 5xx."""

    def answered(answer: Response) -> None:
        if answer.status >= 500:
            wrong.append(f"{answer.status} {answer.url}")

    def said(line: ConsoleMessage) -> None:
        # That an answer was a 404 or a 422 is said by the browser, not by a script, and is what its test looks at.
        if line.type == "error" and not line.text.startswith("Failed to load resource"):
            wrong.append(line.text)

    page.add_init_script(REPORT)
    page.on("response", answered)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", said)


def sign_in(page: Page, server: Served, email: str, address: str) -> None:
    """Sign in by the form and arrive at an address."""
    page.goto(f"{server.url}/sign-in?next={address}")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{server.url}{address}")


@pytest.fixture
def open_page(chromium: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    """Return an opener of signed-in pages: open_page("/import", viewport={"width": 390, "height": 844})."""
    contexts, wrong = [], list[str]()

    def open_(address: str = "/import", *, email: str = "admin@example.com", **options: Any) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        watch(page, wrong)
        sign_in(page, served, email, address)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert wrong == []


def serious(page: Page) -> list[str]:
    """Return what axe calls serious or critical on a page: the rule and where."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]} ({len(one['nodes'])})"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


def is_wider_than_the_screen(page: Page) -> bool:
    """Return whether a page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
