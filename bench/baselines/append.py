"""The least that takes events durably: parse the JSON, append the batch to one file, fdatasync, answer. No verdicts,
no identity, no duplicates, no format that anything could query."""

import json
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

_lock = threading.Lock()
_file = os.open(os.environ["APPEND_TO"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request after its messages are on disk."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    read = json.loads(body)
    lines = b"".join(json.dumps(each).encode() + b"\n" for each in read.get("batch", [read]))
    with _lock:
        os.write(_file, lines)
        os.fdatasync(_file)
    answer = b'{"success": true}'
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]
