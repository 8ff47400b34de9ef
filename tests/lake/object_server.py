"""A real S3 server over a socket for the lake's tests: moto's, each request on a thread of its own.

moto honours If-None-Match and If-Match on PUT but compares and puts in two steps, so that requests take turns here, as
a store's do for one object. It can be stopped and started with what it holds, and told what to do at a request.
"""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any
from uuid import uuid4

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from perennial.lake.storage.place import Place

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI-PLANTED-SECRET"
Watch = Callable[[str, str], None]
"""Called with a request's method and path."""


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


class ObjectServer:
    """One server on a port of its own. `before` and `after` see each request; `is_careless`: it ignores conditions;
    `instead`: the status and body that it gives to everything."""

    def __init__(self) -> None:
        self.before: Watch = _nothing
        self.after: Watch = _nothing
        self.is_careless = False
        self.instead: tuple[str, bytes] | None = None
        self._application = DomainDispatcherApplication(create_backend_app)
        self._turn = threading.Lock()
        self._server: BaseWSGIServer | None = None
        self.port = 0
        self.start()

    def start(self) -> None:
        self._server = make_server("127.0.0.1", self.port, self._answer, threaded=True, request_handler=Quiet)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def place(self, *, prefix: str = "lake") -> Place:
        """Return a prefix of a bucket that was just made."""
        bucket = f"test-{uuid4().hex[:12]}"
        connection = HTTPConnection("127.0.0.1", self.port)
        connection.request("PUT", f"/{bucket}")
        assert connection.getresponse().status == 200
        connection.close()
        return Place(bucket, prefix, "us-east-1", self.address, KEY, SECRET)

    @contextmanager
    def gone(self) -> Iterator[None]:
        self.stop()
        try:
            yield
        finally:
            self.start()

    def _answer(self, environ: dict[str, Any], respond: Any) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if self.instead is not None:
            seen = [("Last-Modified", "Sun, 22 Nov 2026 12:00:00 GMT"), ("Content-Length", str(len(self.instead[1])))]
            respond(self.instead[0], [("Content-Type", "application/xml"), ("ETag", '"1"'), *seen])
            return [self.instead[1]]
        with self._turn:
            self.before(method, path)
            if self.is_careless:
                environ.pop("HTTP_IF_MATCH", None)
                environ.pop("HTTP_IF_NONE_MATCH", None)
            answer: list[bytes] = list(self._application(environ, respond))
            try:
                self.after(method, path)
            except ConnectionError:  # the answer is lost on its way
                environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return answer


def main() -> None:
    """Serve until killed, one bucket, and print where: for measurements, which want it in a process of its own."""
    server = ObjectServer()
    place = server.place()
    print(f"s3://{place.bucket}/{place.prefix}", server.address, flush=True)
    threading.Event().wait()


def _nothing(method: str, path: str) -> None:
    """Watch nothing."""


if __name__ == "__main__":
    main()
