"""What a process knows of write keys: asked again after half a second, by one for all that come meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Thread

from tests.intake.sending import SEEN_BY_ALL_THREADS, Sending

from perennial.intake import records
from perennial.intake.keys import LONGEST_SECONDS, TRUSTED_SECONDS, Keys, Sender

pytestmark = SEEN_BY_ALL_THREADS


def test_while_one_asks_again_the_others_go_on_with_what_was_known_but_not_for_long(web: Sending) -> None:
    keys, go = Keys(), Event()
    began = time.monotonic()
    sender = keys.sender(web.key)
    threads = [_started(lambda: records.ask(lambda: go.wait(10)))]  # the records answer nobody for now
    time.sleep(TRUSTED_SECONDS + 0.05)
    answers: list[Sender] = []
    try:
        threads += [_started(lambda: answers.append(keys.sender(web.key))) for _turn in range(2)]
        threads[2].join(LONGEST_SECONDS + began - time.monotonic())
        assert (answers, threads[1].is_alive()) == ([sender], True)
        time.sleep(max(0.0, LONGEST_SECONDS + 0.05 + began - time.monotonic()))
        threads.append(_started(lambda: answers.append(keys.sender(web.key))))
        threads[3].join(0.1)
        assert (len(answers), threads[3].is_alive()) == (1, True)
    finally:
        go.set()
        for each in threads:
            each.join(10)
    assert answers == [sender] * 3


def _started(work: Callable[[], object]) -> Thread:
    thread = Thread(target=work)
    thread.start()
    time.sleep(0.05)  # the first of two has begun to ask
    return thread
