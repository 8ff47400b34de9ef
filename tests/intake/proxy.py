"""A line that breaks, between a sender and the intake (promise D7): answers get lost, requests cut."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

from tests.intake.served import Intake, basic

FAULTS = ("half", "drop", "cut", "blackhole", "slow")
"""The answer is lost; nobody takes the call; the request ends in its middle; nothing ever comes back; bytes trickle."""
PATIENCE = 2.0
"""Seconds after which a sender gives up waiting and sends again."""


class Proxy:
    """Passes connections on to a port, with a fault in some of them: `share` of all, each another one by turns."""

    def __init__(self, port: int, *, share: float = 1.0, seed: int = 7) -> None:
        self._to, self._share, self._chance = port, share, random.Random(seed)
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self.faults: dict[str, int] = dict.fromkeys(FAULTS, 0)
        threading.Thread(target=self._run, daemon=True).start()

    def clear(self) -> None:
        """End all faults."""
        self._share = 0.0

    def close(self) -> None:
        self._listening.close()

    def _run(self) -> None:
        turn = 0
        while True:
            try:
                client, _address = self._listening.accept()
            except OSError:
                return
            fault = ""
            if self._chance.random() < self._share:
                fault = FAULTS[turn % len(FAULTS)]
                self.faults[fault] += 1
                turn += 1
            threading.Thread(target=self._pass, args=(client, fault), daemon=True).start()

    def _pass(self, client: socket.socket, fault: str) -> None:
        with suppress(OSError), client:
            if fault == "drop":
                return
            request = _request(client)
            with socket.create_connection(("127.0.0.1", self._to), timeout=60) as server:
                if fault == "cut":
                    server.sendall(request[: len(request) * 2 // 3])
                    return
                if fault == "blackhole":  # half open: the server is never told that the client went away
                    server.sendall(request[: len(request) * 2 // 3])
                    time.sleep(3 * PATIENCE)
                    return
                for start in range(0, len(request), step := 200 if fault == "slow" else len(request)):
                    server.sendall(request[start : start + step])
                    time.sleep(0.02 if fault == "slow" else 0)
                answer = _request(server)
                if fault != "half":
                    client.sendall(answer)


def _request(came_from: socket.socket) -> bytes:
    """Read one whole request or answer, by its Content-Length."""
    got = b""
    while b"\r\n\r\n" not in got:
        if not (piece := came_from.recv(65_536)):
            raise ConnectionError
        got += piece
    head, _end, body = got.partition(b"\r\n\r\n")
    lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
    length = next((int(value) for name, _colon, value in lines if name == b"content-length"), 0)
    while len(body) < length:
        if not (piece := came_from.recv(65_536)):
            raise ConnectionError
        body, got = body + piece, got + piece
    return got


@dataclass
class Told:
    """What senders sent and how often they had to repeat; `odd`: answers that no sender should get."""

    sent: set[str] = field(default_factory=set)
    repeated: int = 0
    odd: list[int] = field(default_factory=list)


def send_all(intake: Intake, port: int, *, batches: int, senders: int = 8, is_careless: bool = False) -> Told:
    """Send that many batches of ten, each again until it is acknowledged; a careless sender makes new ids each time."""
    told = Told()

    def line(number: int) -> None:
        for turn in range(number, batches, senders):
            ids = [f"{turn}-{place}" for place in range(10)]
            told.sent.update(ids)
            while (status := _try(intake, port, [uuid4().hex for _id in ids] if is_careless else ids)) != 200:
                told.repeated += 1
                if status not in (0, 408, 429, 503):
                    told.odd.append(status)

    threads = [threading.Thread(target=line, args=(number,)) for number in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def _try(intake: Intake, port: int, ids: list[str]) -> int:
    messages = [{"type": "track", "userId": f"u{each[0]}", "event": "e", "messageId": each,
                 "timestamp": "2026-03-02T08:00:00Z"} for each in ids]  # fmt: skip
    body = json.dumps({"batch": messages}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/batch", data=body)
    request.add_header("Authorization", basic(intake.key))
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
