"""A sender that floods and never waits, in a process of its own: `python -m tests.intake.flood PORT KEY SECONDS
CONNECTIONS BATCH LINE` prints one JSON line: how often each status came, events acknowledged, refusals without
Retry-After, connections that were lost, the longest wait."""

from __future__ import annotations

import base64
import http.client
import json
import sys
import threading
import time
from collections import Counter
from typing import Any


def main(port: int, key: str, seconds: float, connections: int, size: int, line: str) -> dict[str, Any]:
    statuses: Counter[int] = Counter()
    told: Counter[str] = Counter()
    waits: list[float] = []
    lock, until = threading.Lock(), time.monotonic() + seconds
    headers = {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}

    def run(number: int) -> None:
        client, turn = http.client.HTTPConnection("127.0.0.1", port, timeout=60), 0
        while time.monotonic() < until:
            body, turn, started = _body(line, number, turn, size), turn + 1, time.monotonic()
            try:
                client.request("POST", "/v1/batch", body, headers)
                answer = client.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                client.close()
                with lock:
                    told["lost"] += 1
                continue
            with lock:
                statuses[answer.status] += 1
                waits.append(time.monotonic() - started)
                told["accepted"] += size * (answer.status == 200)
                told["mute"] += answer.status in (429, 503) and not answer.getheader("Retry-After")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"statuses": statuses, "accepted": told["accepted"], "mute": told["mute"], "lost": told["lost"],
            "longest": max(waits, default=0.0)}  # fmt: skip


def _body(line: str, number: int, turn: int, size: int) -> bytes:
    message = {"type": "track", "userId": f"{line}{number}", "event": "e", "timestamp": "2026-03-02T08:00:00Z"}
    ids = (f"{line}-{number}-{turn}-{place}" for place in range(size))
    return json.dumps({"batch": [{**message, "messageId": each} for each in ids]}).encode()


if __name__ == "__main__":
    port_, key_, seconds_, connections_, size_, line_ = sys.argv[1:]
    print(json.dumps(main(int(port_), key_, float(seconds_), int(connections_), int(size_), line_)))
