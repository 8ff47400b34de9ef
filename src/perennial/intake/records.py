"""The records database, reached from one thread of a process: one connection, however many requests wait."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

from django.db import DatabaseError, connection

from perennial.intake.terms import RETRY_SECONDS, Refusal

Answer = TypeVar("Answer")


def ask(question: Callable[[], Answer]) -> Answer:
    """Return what a question to the records answers.

    :raises Refusal: the records cannot be reached (503); the connection is made anew for the next.
    """
    return _thread(os.getpid()).submit(_answered, question).result()


@lru_cache(maxsize=1)
def _thread(_process: int) -> ThreadPoolExecutor:
    """Return the process's one thread; a fork makes its own."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="records")


def _answered(question: Callable[[], Answer]) -> Answer:
    try:
        return question()
    except DatabaseError as error:
        connection.close()
        raise Refusal(503, "The records cannot be read or written just now.", retry_after=RETRY_SECONDS) from error
