"""Requests as a hostile or broken client makes them, byte by byte over a socket, and what the server's memory does."""

from __future__ import annotations

import gzip
import json
import socket
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.intake.served import Intake, basic
from tests.site.process import below

from perennial.intake.terms import BATCH_BYTES

TRACK: dict[str, Any] = {"type": "track", "userId": "u1", "event": "e"}


def bomb(megabytes: int) -> Iterator[bytes]:
    """Yield the gzip of so many megabytes of zeros, a piece for each; 1 GB packs into about 1 MB."""
    pack = zlib.compressobj(9, wbits=31)
    for _turn in range(megabytes):
        yield pack.compress(bytes(1_000_000))
    yield pack.flush()


def head(intake: Intake, *lines: str, path: str = "/v1/batch") -> bytes:
    """Return the head of a request with the intake's key."""
    every = [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: {basic(intake.key)}", *lines, "", ""]
    return "\r\n".join(every).encode()


def raw(intake: Intake, pieces: Iterable[bytes], *, seconds: float = 60) -> int:
    """Send pieces until the server has enough; return the status, 0 where it hung up without one."""
    with closing(socket.create_connection(("127.0.0.1", intake.port), timeout=seconds)) as client:
        try:
            for piece in pieces:
                client.sendall(piece)
        except OSError:
            pass  # it answered before all was sent
        try:
            got = client.recv(4096)
        except ConnectionResetError:
            return 0
    return int(got[9:12]) if got.startswith(b"HTTP/1.") else 0


def chunked(intake: Intake, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a request without a length, its body in pieces."""
    yield head(intake, "Transfer-Encoding: chunked")
    for piece in pieces:
        if piece:
            yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    yield b"0\r\n\r\n"


def padded(size: int, message: dict[str, Any]) -> bytes:
    """Return a batch of one message of exactly so many bytes."""
    start = json.dumps({"batch": [message], "x": ""}).encode()
    return start[:-2] + b"a" * (size - len(start)) + b'"}'


def requests(intake: Intake, *, megabytes: int) -> Iterator[tuple[str, Iterable[bytes], int]]:
    """Yield (name, bytes to send, status to expect); each good one brings one event."""
    for more, status in ((-1, 200), (0, 200), (1, 413)):
        body = padded(BATCH_BYTES + more, {**TRACK, "messageId": f"size{more}"})
        yield f"limit {more:+}", [head(intake, f"Content-Length: {len(body)}"), body], status
        body = padded(BATCH_BYTES + more, {**TRACK, "messageId": f"chunked{more}"})
        yield f"limit {more:+} without length", chunked(intake, [body[:1000], body[1000:]]), status
        packed = gzip.compress(padded(BATCH_BYTES + more, {**TRACK, "messageId": f"gzip{more}"}))
        lines = (f"Content-Length: {len(packed)}", "Content-Encoding: gzip")
        yield f"limit {more:+} packed", [head(intake, *lines), packed], status
    one = b"".join(bomb(megabytes))
    yield "bomb", [head(intake, f"Content-Length: {len(one)}", "Content-Encoding: gzip"), one], 413
    half = b"".join(bomb(min(megabytes, 490)))  # one that is small enough to be unpacked
    yield "bomb below the limit", [head(intake, f"Content-Length: {len(half)}", "Content-Encoding: gzip"), half], 413
    endless = (b"a" * 65_536 for _turn in range(megabytes * 15))
    yield "without length and end", chunked(intake, endless), 413
    deep = b'{"batch":[' + b"[" * 1_000_000
    yield "a million levels", [head(intake, f"Content-Length: {len(deep)}"), deep], 413
    yield "levels without end", [head(intake, "Content-Length: 500000"), b'{"batch":[' + b"[" * 499_990], 400
    yield "no number of bytes", [head(intake, "Transfer-Encoding: chunked"), b"zz\r\n"], 400
    yield "wrong length", [head(intake, "Content-Length: -5")], 400
    yield "NUL in the head", [head(intake, "X-A: a\0b")], 400


def peak(intake: Intake) -> float:
    """Return the peak of the largest process in MB since the last `forget_peak`."""
    return max(_status(pid, "VmHWM") for pid in below(intake.process.pid)) / 1024


def forget_peak(intake: Intake) -> float:
    """Let the kernel count the peak anew; return what is held now, in MB."""
    for pid in below(intake.process.pid):
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    return max(_status(pid, "VmRSS") for pid in below(intake.process.pid)) / 1024


def _status(pid: int, name: str) -> int:
    return next(int(line.split()[1]) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
                if line.startswith(name))  # fmt: skip


def slow_clients(intake: Intake, *, count: int) -> list[socket.socket]:
    """Return clients that begin and do not go on: every second one with its head, the others with its body."""
    clients = []
    for number in range(count):
        client = socket.create_connection(("127.0.0.1", intake.port))
        client.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\n" if number % 2 else
                       head(intake, "Content-Length: 1000") + b'{"batch":[')  # fmt: skip
        clients.append(client)
    return clients


def seconds_until_answered(intake: Intake, clients: list[socket.socket]) -> float:
    """Drip a byte a second from each client; return after how long a good request was answered with 200."""
    import threading

    over, started = threading.Event(), time.monotonic()

    def drip() -> None:
        while not over.wait(1):
            for client in clients:
                try:
                    client.send(b"a")
                except OSError:
                    continue

    thread = threading.Thread(target=drip)
    thread.start()
    body = json.dumps({"batch": [{**TRACK, "messageId": "patient"}]}).encode()
    status = raw(intake, [head(intake, f"Content-Length: {len(body)}"), body], seconds=120)
    took = time.monotonic() - started
    over.set()
    thread.join()
    for client in clients:
        client.close()
    assert status == 200
    return took
