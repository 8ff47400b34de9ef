"""What Today and Customers weigh for a browser that was never here (cold) and for one that was (warm).

A real server with the collected browser files, 1,000 customers, a real Chromium; bytes as they came over the wire with
their headers, everything but the charts' library, which neither page loads.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright

CUSTOMERS = 1000
PASSWORD = "evergreen in every season"  # noqa: S105 - of a demo that lives for a minute
COLD, WARM = 250.0, 10.0
PAGES = {"Today": "/", "Customers": "/customers"}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
STARTS_WITHIN = 300


def rows() -> Iterator[dict[str, Any]]:
    """Yield the kilobytes (1,000 bytes) of each page, cold and warm; nothing where there is no Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("no Chromium on this machine: the pages are not weighed", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as home, _served(Path(home)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        who = browser.new_context()
        page = who.new_page()
        page.goto(f"{url}/sign-in")
        page.fill("input[name=login]", "leader1@fernwick.example")
        page.fill("input[name=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url(f"{url}/")
        for name, address in PAGES.items():
            fresh = browser.new_context(storage_state=who.storage_state())
            for state, reach in (("cold", COLD), ("warm", WARM)):
                weight, how = round(_weighed(fresh, url + address) / 1000, 1), f"over the wire, {CUSTOMERS} customers"
                yield {"name": f"{name}, {state} page weight", "value": weight, "unit": "kB", "reach": reach,
                       "ok": weight <= reach, "how": how}  # fmt: skip
        browser.close()


def _weighed(context: BrowserContext, url: str) -> int:
    """Open a page until nothing moves any more; return the bytes that came over the wire."""
    page = context.new_page()
    wire, came = context.new_cdp_session(page), list[int]()
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
    page.goto(url, wait_until="networkidle")
    page.close()
    return sum(came)


@contextmanager
def _served(home: Path) -> Iterator[str]:
    """Serve a demo of its own; yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (home / "demo-password").write_text(PASSWORD)
    environment = {**os.environ, "PERENNIAL_HOME": str(home)}
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "perennial.site", "demo", "--customers", str(CUSTOMERS), "--port", str(port)],
        env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(f"http://127.0.0.1:{port}/healthz", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2).close()  # noqa: S310 - our own server
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise RuntimeError("the demo did not start")
