"""A Spark cluster of this machine's own, on loopback: a master and two workers, each a process group, always ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

Result = TypeVar("Result")
_PATIENCE = 120.0  # seconds for a Java process to come up on a busy machine


class NotUp(Exception):
    """A process of the cluster did not come up; the message is the end of what it said."""


class Standalone:
    """Enter to start it; `master` is its address."""

    def __init__(self, folder: Path, *, memory: str = "1500m") -> None:
        self._folder = folder
        self._memory = memory
        self._running: list[subprocess.Popen[bytes]] = []
        self.master = ""
        self.killed_after: float | None = None

    def __enter__(self) -> Standalone:
        self._folder.mkdir(parents=True)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # told to end, it ends the cluster too
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"  # for the driver in this process too
        port = _free_port()
        self.master = f"spark://127.0.0.1:{port}"
        try:
            self._start("master.Master", "master", "I have been elected leader", "--port", str(port))
            for _worker in range(2):
                self.add_worker()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def add_worker(self) -> None:
        """Start one more worker, in the place of one that was killed."""
        number = len(self._running)
        self._start(
            "worker.Worker", f"worker{number}", "Successfully registered with master", "--port", "0",
            "--cores", "1", "--memory", self._memory, "--work-dir", str(self._folder / f"work{number}"), self.master,
        )  # fmt: skip

    def lose_a_worker(self, work: Callable[[], Result], *, after: float) -> Result:
        """Do some work, and `after` seconds into it kill one worker and its executors at once, without a word.

        `killed_after` is None where the work was over before.
        """
        victim, over = self._running[-1], threading.Event()
        started = time.monotonic()

        def kill() -> None:
            if not over.wait(after):
                _kill(victim)
                self.killed_after = time.monotonic() - started

        self.killed_after = None
        killer = threading.Thread(target=kill)
        killer.start()
        try:
            return work()
        finally:
            over.set()
            killer.join()

    def _start(self, what: str, name: str, until: str, *arguments: str) -> None:
        import pyspark

        home = Path(pyspark.__path__[0])
        log = self._folder / f"{name}.log"
        command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{what}", "--host", "127.0.0.1",
                   "--webui-port", "0", *arguments]  # fmt: skip
        surroundings = {**os.environ, "SPARK_HOME": str(home), "SPARK_DAEMON_MEMORY": "256m"}
        with log.open("wb") as said:
            process = subprocess.Popen(  # noqa: S603 (our own words)
                command, stdout=said, stderr=subprocess.STDOUT, env=surroundings, start_new_session=True
            )
        self._running.append(process)
        deadline = time.monotonic() + _PATIENCE
        while until not in log.read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotUp(f"{name}: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.2)

    def _end(self) -> None:
        for process in reversed(self._running):
            _kill(process)
        self._running.clear()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process with its children; nothing happens where it is gone."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port
