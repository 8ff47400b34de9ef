"""Senders of events over sockets, in a process of their own: many connections, on each one request at a time.

`python -m bench.sending PORT KEY PER_REQUEST CONNECTIONS REQUESTS RATE` prints one JSON line: requests, seconds, and
the answers' p50 and p99 in milliseconds. RATE is requests a second over all connections, 0 for as fast as it goes.
"""

from __future__ import annotations

import base64
import json
import socket
import sys
import threading
import time
import uuid

USERS, CUSTOMERS = 2_000, 200
AT = "2026-03-02T08:00:00.000Z"


def message(number: int) -> dict[str, object]:
    """Return one track call of the usual size (about 400 bytes); a user belongs to one customer."""
    user = number % USERS
    return {
        "type": "track",
        "messageId": str(uuid.uuid4()),
        "userId": f"user-{user}",
        "event": "Report Opened",
        "timestamp": AT,
        "context": {
            "groupId": f"customer-{user % CUSTOMERS}",
            "library": {"name": "analytics-python", "version": "2.3.4"},
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        },
        "properties": {"feature": "dashboards", "plan": "pro", "value": 3, "path": "/reports/quarterly"},
    }


def request(port: int, key: str, first: int, per_request: int) -> bytes:
    """Return the bytes of one HTTP request."""
    name = "track" if per_request == 1 else "batch"
    messages = [message(first + place) for place in range(per_request)]
    body = json.dumps(messages[0] if per_request == 1 else {"batch": messages, "sentAt": AT}).encode()
    user = base64.b64encode(f"{key}:".encode()).decode()
    head = (
        f"POST /v1/{name} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Basic {user}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def exchange(connection: socket.socket, sent: bytes) -> int:
    """Send one request and read its whole answer; return the status."""
    connection.sendall(sent)
    got = b""
    while b"\r\n\r\n" not in got:
        piece = connection.recv(4096)
        if not piece:
            raise ConnectionError
        got += piece
    head, _end, body = got.partition(b"\r\n\r\n")
    length = int(
        next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")).split(b":")[1]
    )
    while len(body) < length:
        body += connection.recv(4096)
    return int(head[9:12])


def main(port: int, key: str, per_request: int, connections: int, requests: int, rate: int) -> None:
    each = requests // connections
    ready = [
        [request(port, key, (line * each + turn) * per_request * 7, per_request) for turn in range(each)]
        for line in range(connections)
    ]
    took: list[float] = []
    started = time.monotonic()

    def run(line: int) -> None:
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for turn, sent in enumerate(ready[line]):
            due = started + (turn * connections + line) / rate if rate else 0.0
            time.sleep(max(0.0, due - time.monotonic()))
            # From when it was due: a sender that is kept waiting must not hide the wait.
            since = due or time.monotonic()
            status = exchange(connection, sent)
            if status != 200:
                raise SystemExit(f"answered {status}")
            took.append(time.monotonic() - since)

    threads = [threading.Thread(target=run, args=(line,)) for line in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took.sort()
    print(
        json.dumps(
            {
                "requests": len(took),
                "seconds": time.monotonic() - started,
                "p50": took[len(took) // 2] * 1000,
                "p99": took[int(len(took) * 0.99)] * 1000,
            }
        )
    )


if __name__ == "__main__":
    port_, key_, *numbers = sys.argv[1:]
    main(int(port_), key_, *map(int, numbers))
