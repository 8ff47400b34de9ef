"""A client that sends a byte now and then does not hold a thread: it is cut off when its time is up."""

from __future__ import annotations

import socket
import threading
from itertools import count

from perennial.intake.deadlines import Deadlines


def test_a_client_that_drips_is_cut_off_and_one_that_is_let_go_of_is_not() -> None:
    deadlines = Deadlines()
    slow, reads_slow = socket.socketpair()
    calm, reads_calm = socket.socketpair()
    over = threading.Event()

    def drip() -> None:
        while not over.wait(0.05):
            slow.send(b"x")

    threading.Thread(target=drip, daemon=True).start()
    with deadlines.within(reads_calm, 0.2):
        pass
    with deadlines.within(reads_slow, 0.2):
        pieces = next(n for n in count() if not reads_slow.recv(1))  # without an end this would never return
    over.set()
    assert pieces > 0
    calm.send(b"still heard")
    assert reads_calm.recv(20) == b"still heard"
    for each in (slow, reads_slow, calm, reads_calm):
        each.close()
