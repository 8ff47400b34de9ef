"""The object store's few calls that the lake makes, and what its answers mean. Credentials never get into a message.

The one way out that is not guarded against addresses inside: the operator named this one in the environment.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from perennial.lake.storage.place import Place
from perennial.lake.storage.terms import StoreFault, Unsuitable

_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"status code: (\d+ [A-Za-z ]+)")
_HTTP = re.compile(r"HTTP error: ([^\n]+)")


@dataclass(frozen=True)
class Listed:
    """One object: its name below the place, bytes, the time it was put (the store's clock) and the store's tag."""

    name: str
    size: int
    at: datetime
    tag: str


class Outrun(Exception):
    """A conditional PUT met another version than it was meant for."""


class Client:
    """One process's connection, made on first use and again after a fork."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._lock = threading.Lock()
        self._store: Any = None
        self._process = 0

    def put(self, name: str, content: bytes | Path) -> None:
        """Put an object in the place of what has its name; a large file goes up in parts."""
        with self._told(name):
            _library().put(self._connected(), name, content)

    def swap(self, name: str, content: bytes, *, tag: str | None) -> str:
        """Put an object if the one there has this tag (None: if there is none), and return the new tag.

        :raises Outrun: it has another one; also where an earlier try of this call came through unheard.
        """
        mode: Any = "create" if tag is None else {"e_tag": tag}
        with self._told(name):
            done = _library().put(self._connected(), name, content, mode=mode, use_multipart=False)
            return str(done["e_tag"])

    def get(self, name: str, *, unless: str | None = None) -> tuple[bytes, str] | None:
        """Return an object with its tag; None where it still has the tag `unless`.

        :raises FileNotFoundError: there is none.
        """
        from obstore.exceptions import NotModifiedError

        with self._told(name):
            try:
                found = _library().get(self._connected(), name, options={"if_none_match": unless} if unless else {})
            except NotModifiedError:
                return None
            return bytes(found.bytes()), str(found.meta["e_tag"])

    def fetch(self, name: str, into: Path) -> None:
        """Write an object into a file.

        :raises FileNotFoundError: there is none.
        """
        with self._told(name), into.open("wb") as file:
            for part in _library().get(self._connected(), name).stream(min_chunk_size=4 << 20):
                file.write(part)

    def listed(self, folder: str) -> list[Listed]:
        """Return all objects below a folder, by name."""
        with self._told(folder):
            rows = [row for rows in _library().list(self._connected(), folder) for row in rows]
        return sorted(
            (Listed(row["path"], row["size"], row["last_modified"], row["e_tag"] or "") for row in rows),
            key=lambda row: row.name,
        )

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects; nothing happens where one is not there."""
        wanted = list(names)
        if wanted:
            with self._told(wanted[0]):
                _library().delete(self._connected(), wanted)

    def _connected(self) -> Any:
        with self._lock:
            if self._store is None or self._process != os.getpid():
                self._store, self._process = _store(self.place), os.getpid()
            return self._store

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """Turn the library's errors into the lake's; its texts may quote requests, so only known parts are told."""
        from obstore import exceptions as of

        try:
            yield
        except (of.AlreadyExistsError, of.PreconditionError):
            raise Outrun(name) from None
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise Unsuitable(
                    f"There is no bucket {self.place.bucket}{self._where}. Make it, or correct PERENNIAL_LAKE."
                ) from None
            raise FileNotFoundError(2, "not in the object store", f"{self.place}/{name}") from None
        except (of.PermissionDeniedError, of.UnauthenticatedError) as error:
            raise StoreFault(
                f"{self.place}{self._where} refuses access ({_reason(error)}). AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY need the rights to list the bucket and to read, write and delete its objects."
            ) from None
        except of.BaseError as error:
            raise StoreFault(
                f"{self.place}{self._where} does not do what it was asked ({_reason(error)}). Is it running, and is "
                "PERENNIAL_LAKE_ENDPOINT right?"
            ) from None

    @property
    def _where(self) -> str:
        return f" at {self.place.endpoint}" if self.place.endpoint else ""


def _reason(error: Exception) -> str:
    text = str(error)
    found = [match.group(1).strip() for pattern in (_CODE, _STATUS, _HTTP) if (match := pattern.search(text))]
    return found[0] if found else type(error).__name__


def _library() -> Any:
    import obstore

    return obstore


def _store(place: Place) -> Any:
    try:
        from obstore.store import S3Store
    except ImportError:
        raise Unsuitable("A lake in an object store needs obstore: pip install 'perennial[s3]'") from None
    given: dict[str, Any] = {"session_token": place.token} if place.token else {}
    return S3Store(
        place.bucket,
        prefix=place.prefix or None,
        region=place.region,
        endpoint=place.endpoint,
        access_key_id=place.key,
        secret_access_key=place.secret,
        # Own stores seldom have a host name for each bucket.
        virtual_hosted_style_request=place.endpoint is None,
        client_options={
            "allow_http": bool(place.endpoint and place.endpoint.startswith("http://")),
            "connect_timeout": timedelta(seconds=3),
            "timeout": timedelta(seconds=60),
        },
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
        **given,
    )
