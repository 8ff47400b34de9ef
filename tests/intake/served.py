"""A running intake with a home of its own, and what its lake holds."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.site.process import environment, made, perennial, until

ADMIN = "admin@example.com"


class Intake:
    """`perennial intake` as a process tree, and an intake key."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.home = made(folder / "home", **variables)
        self.variables = variables
        self.key = self.new_key("web", "intake")
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    def start(self, before: Sequence[str] = ()) -> None:
        """Start it, under another command where `before` names one."""
        command = [*before, sys.executable, "-m", "perennial.site", "intake", "--processes", "1", "--threads", "8"]
        command += ["--port", str(self.port), "--home", str(self.home)]
        self.process = subprocess.Popen(command, env=environment(**self.variables), stderr=subprocess.DEVNULL)
        until(lambda: self.call("/v1/track", b"", method="OPTIONS")[0] == 204, seconds=60)

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def new_key(self, name: str, scope: str) -> str:
        made_key = perennial("key", "create", name, "--scope", scope, "--member", ADMIN, home=self.home,
                             **self.variables)  # fmt: skip
        assert made_key.code == 0, made_key.err
        return made_key.out.strip()

    def call(self, path: str, body: bytes, *, method: str = "POST", **headers: str) -> tuple[int, dict[str, str], Any]:
        """Return (status, headers, answer) of one request; status 0 where nobody answers, or not to the end."""
        request = urllib.request.Request(self.host + path, data=body if method == "POST" else None, method=method)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
                return answer.status, dict(answer.headers), json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            text = error.read()
            return error.code, dict(error.headers), json.loads(text) if text else None
        except (OSError, http.client.HTTPException):  # refused, reset, or killed in the middle of its answer
            return 0, {}, None

    def send(self, *messages: Any, key: str | None = None, **fields: Any) -> Any:
        """Send a batch in strict mode; return the verdict."""
        body = json.dumps({"batch": list(messages), **fields}).encode()
        status, _headers, answer = self.call("/v1/batch?strict=1", body, Authorization=basic(key or self.key))
        assert status == 200, answer
        return answer

    def events(self) -> list[dict[str, Any]]:
        """Return every row of the inbox, as it lies on disk."""
        import pyarrow.parquet as pq

        rows = [
            row for path in (self.home / "lake" / "inbox").glob("*.parquet") for row in pq.read_table(path).to_pylist()
        ]
        return sorted(rows, key=lambda row: (row["received_at"], row["event"], row["event_id"]))

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


def basic(key: str) -> str:
    """Return the header of Basic authentication with a key and no password."""
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()
