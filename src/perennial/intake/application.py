"""The tracking endpoints as a WSGI application beside Django's: no session, no middleware, a key on every request."""

from __future__ import annotations

import json
import logging
import time
import zlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from gunicorn.http.errors import ParseException

from perennial.intake.deadlines import deadlines
from perennial.intake.keys import Keys, key_of
from perennial.intake.protocol import Envelope, envelope
from perennial.intake.slots import Slots
from perennial.intake.taking import Verdict, taking
from perennial.intake.terms import BATCH_BYTES, Kind, Refusal

log = logging.getLogger("perennial.intake")
PREFIX = "/v1/"
ROUTES: dict[str, Kind | None] = {
    **{kind.value: kind for kind in Kind},
    **{"t": Kind.TRACK, "i": Kind.IDENTIFY, "g": Kind.GROUP, "p": Kind.PAGE, "s": Kind.SCREEN, "a": Kind.ALIAS},
    **{"batch": None, "b": None, "import": None},
}
"""The calls, with the short names that browser clients use; None: a batch, whose messages name their type."""
BODY_SECONDS = 20.0
_STATUS = {
    200: "OK", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 411: "Length Required", 413: "Content Too Large",
    415: "Unsupported Media Type", 429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable",
    507: "Insufficient Storage",
}  # fmt: skip
_CORS = [
    # Events come from customers' pages: any origin may send with a write key, and reads nothing but the verdict.
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, Content-Encoding, X-Strict"),
    ("Access-Control-Max-Age", "86400"),
]
_SLOTS = "perennial.slots"
Start = Callable[[str, list[tuple[str, str]]], Any]
_keys = Keys()


def beside(django: Callable[..., Iterable[bytes]], *, at_once: int) -> Callable[..., Iterable[bytes]]:
    """Return an application that takes events itself, so many requests at once, and leaves all else to Django's."""
    tracking = limited(at_once)

    def either(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        return tracking(environ, start) if environ["PATH_INFO"].startswith(PREFIX) else django(environ, start)

    return either


def limited(at_once: int) -> Callable[[dict[str, Any], Start], Iterable[bytes]]:
    """Return the application with so many places for requests; who finds none is told to come again."""
    slots = Slots(at_once)

    def tracking(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        return application({**environ, _SLOTS: slots}, start)

    return tracking


def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    """Answer one tracking call; 2xx means that every message is on disk, taken or rejected."""
    try:
        status, answer = 200, _answer(environ)
        headers: list[tuple[str, str]] = []
    except Refusal as refusal:
        status, answer = refusal.status, {"success": False, "message": refusal.text}
        headers = [("Retry-After", str(refusal.retry_after))] if refusal.retry_after else []
    except Exception:  # the boundary of the process: the sender gets a number that the log knows, nothing else
        mark = uuid4().hex[:12]
        log.exception("intake failed, %s", mark)
        status, answer = 503, {"success": False, "message": f"Something failed here; the log names it {mark}."}
        headers = [("Retry-After", "5")]
    body = json.dumps(answer).encode() if answer is not None else b""
    start(
        f"{status if body else 204} {_STATUS[status if body else 204]}",
        [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
         *_CORS, *headers],
    )  # fmt: skip
    return [body]


def _answer(environ: dict[str, Any]) -> dict[str, Any] | None:
    name = environ["PATH_INFO"].removeprefix(PREFIX).rstrip("/")
    if name not in ROUTES:
        raise Refusal(404, f"There is no call {name[:40]!r}. Calls: {', '.join(k.value for k in Kind)}, batch.")
    if environ["REQUEST_METHOD"] == "OPTIONS":
        return None
    if environ["REQUEST_METHOD"] != "POST":
        raise Refusal(405, "Events are sent by POST.")
    header_key = key_of(environ.get("HTTP_AUTHORIZATION", ""))
    slots: Slots = environ[_SLOTS]
    with slots.taken(header_key or "") as count:
        verdict, read = _taken(environ, ROUTES[name], header_key)
        count(verdict.accepted)
        return _told(verdict, read, strict=_is_strict(environ))


def _taken(environ: dict[str, Any], kind: Kind | None, header_key: str | None) -> tuple[Verdict, Envelope]:
    if header_key is not None:
        _keys.sender(header_key)  # a stranger's body is not read
    read = envelope(_body(environ), is_batch=kind is None)
    sender = _keys.sender(header_key or _key_in(read))
    _keys.spend(sender, len(read.messages))
    return taking().take(sender, read, kind, at=datetime.now(UTC)), read


def _key_in(read: Envelope) -> str | None:
    """Return the key that the body names: once for the batch, or in its first message as browser clients do."""
    first = read.messages[0] if read.messages and isinstance(read.messages[0], dict) else {}
    inner = first.get("writeKey")
    return read.write_key or (inner if isinstance(inner, str) else None)


def _told(verdict: Verdict, read: Envelope, *, strict: bool) -> dict[str, Any]:
    if not strict:
        return {"success": True}
    refused = [
        {"index": each.index, "messageId": each.message_id, "reason": each.reason.value, "where": each.where}
        for each in verdict.refused
    ]
    return {"success": not refused, "sent": len(read.messages), "accepted": verdict.accepted, "rejected": refused}


def _is_strict(environ: dict[str, Any]) -> bool:
    asked = parse_qs(environ.get("QUERY_STRING", "")).get("strict", [environ.get("HTTP_X_STRICT", "")])
    return asked[-1].lower() in ("1", "true", "yes")


def _body(environ: dict[str, Any]) -> bytes:
    """Return the body, unpacked; never more than the limit is held.

    :raises Refusal: it is too large, packed in a way not known here, cut off, or it takes too long to arrive.
    """
    raw = _received(environ)
    match environ.get("HTTP_CONTENT_ENCODING", "").lower():
        case "" | "identity":
            return raw
        case "gzip":
            return _unpacked(raw)
        case other:
            raise Refusal(415, f"Content-Encoding {other[:20]!r} is not known here; gzip is.")


def _received(environ: dict[str, Any]) -> bytes:
    length = environ.get("CONTENT_LENGTH") or None
    if length is not None and (not length.isdigit() or int(length) > BATCH_BYTES):
        raise _too_large()
    started = time.monotonic()
    try:
        with _deadline(environ.get("gunicorn.socket")):
            raw: bytes = environ["wsgi.input"].read(BATCH_BYTES + 1 if length is None else int(length))
    except (OSError, ParseException) as error:
        raise _ended_early(started) from error
    if len(raw) > BATCH_BYTES:
        raise _too_large()
    if length is not None and len(raw) < int(length):
        raise _ended_early(started)
    return raw


def _deadline(client: Any) -> AbstractContextManager[None]:
    return nullcontext() if client is None else deadlines.within(client, BODY_SECONDS)


def _ended_early(started: float) -> Refusal:
    if time.monotonic() - started >= BODY_SECONDS:
        return Refusal(408, f"The body did not arrive within {BODY_SECONDS:.0f} seconds.")
    return Refusal(400, "The body ended early.")


def _unpacked(raw: bytes) -> bytes:
    unpack = zlib.decompressobj(wbits=31)
    try:
        body = unpack.decompress(raw, BATCH_BYTES + 1)
    except zlib.error as error:
        raise Refusal(400, "The body is no gzip.") from error
    if len(body) > BATCH_BYTES or unpack.unconsumed_tail:
        raise _too_large()
    if not unpack.eof:
        raise Refusal(400, "The gzip ended early.")
    return body


def _too_large() -> Refusal:
    return Refusal(413, f"A request holds at most {BATCH_BYTES} bytes, unpacked.")
