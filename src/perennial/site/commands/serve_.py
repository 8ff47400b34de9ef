"""`perennial serve`: the web server, with the worker beside it where asked."""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from perennial.site.asking import count, port, why_not_served

HELP = "serve the pages and the API"
PR_SET_PDEATHSIG = 1


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=port, default=8000)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--processes", type=count, default=2)
    parser.add_argument("--threads", type=count, default=8, help="half of them are for pages alone")
    parser.add_argument("--with-worker", action="store_true", help="run the worker in the same process tree")


def run(given: argparse.Namespace) -> Mapping[str, Any] | None:
    from perennial.kernel.organisation.queries import NotInitialised, house
    from perennial.site.cli import CommandFailed
    from perennial.site.start import migrate, place_static_files, ready_lake

    refuse_taken(given)
    migrate()
    try:
        house()
    except NotInitialised as error:
        raise CommandFailed(str(error)) from error
    ready_lake()
    place_static_files()
    commands = [web_command(given)]
    if given.with_worker:
        commands.append([sys.executable, "-m", "perennial.site", "worker"])
    code = supervise(commands)
    if code:
        raise CommandFailed(f"The web server ended with code {code}; what it said is above.")
    return None


def refuse_taken(given: argparse.Namespace) -> None:
    """Look whether the port is free before anything takes long.

    :raises CommandFailed: it is not; the message says what to do.
    """
    from perennial.site.cli import CommandFailed

    if reason := why_not_served(given.host, given.port):
        raise CommandFailed(reason)


def web_command(given: argparse.Namespace, application: str = "perennial.site.wsgi:application") -> list[str]:
    """Return gunicorn's command: processes with threads, no secrets in it."""
    return [
        sys.executable,
        "-m",
        "gunicorn",
        application,
        "--bind",
        f"{given.host}:{given.port}",
        "--workers",
        str(given.processes),
        "--worker-class",
        "perennial.site.threads.Worker",
        "--threads",
        str(given.threads),
        "--max-requests",
        "20000",
        "--max-requests-jitter",
        "2000",
        "--worker-tmp-dir",
        "/dev/shm" if os.path.isdir("/dev/shm") else "/tmp",  # noqa: S108 - gunicorn's heartbeat files
        "--log-level",
        "warning",
        "--no-control-socket",
    ]


def supervise(commands: list[list[str]]) -> int:
    """Run the web (first) and its companions until a signal or until the web ends; return the web's exit code.

    A companion that dies is started again; when this process dies, its children get SIGTERM from the kernel.
    """
    stopping = False

    def stop(*_: Any) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    children = [_start(command) for command in commands]
    while not stopping and children[0].poll() is None:
        for number, child in enumerate(children[1:], start=1):
            if child.poll() is not None:
                children[number] = _start(commands[number])
        time.sleep(0.2)
    code = children[0].poll() or 0
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(timeout=15)
        except subprocess.TimeoutExpired:
            child.kill()
    return 0 if stopping else code


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, preexec_fn=_end_with_parent, start_new_session=True)  # noqa: S603, PLW1509


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
