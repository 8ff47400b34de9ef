"""Where this installation lives: the home folder, the database and the secret, read from the environment once."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlparse

from perennial.lake.storage.place import Place

HOME_VARIABLE = "PERENNIAL_HOME"
POSTGRES_URL = "Write it as postgresql://user:password@host:5432/name, or leave it out to keep the records in the home."


def use_current_sqlite() -> None:
    """Put pysqlite3 in the place of the system's SQLite where its wheel is installed.

    Debian 12's SQLite 3.40 lacks the fix for the WAL reset race (3.51.3) and FTS5 secure-delete. Safe to call twice.
    """
    try:
        import pysqlite3
        import pysqlite3.dbapi2
    except ImportError:  # other platforms: their own SQLite serves, `perennial check` names its version
        return
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2


class Unusable(Exception):
    """The home or the environment cannot be used; the message says what to do."""


def home() -> Path:
    """Return the home folder: records, lake, uploads and keys live there; two homes never meet."""
    return Path(os.environ.get(HOME_VARIABLE) or Path.home() / ".perennial").expanduser().resolve()


def called() -> str:
    """Return how the command line is called here: a working copy has no `perennial` on the path; `./run` says so."""
    return os.environ.get("PERENNIAL_CALLED", "perennial")


def refuse_unusable_home(*, is_made: bool) -> None:
    """Look at the home before anything is written in it; `is_made`: the command makes one where there is none.

    :raises Unusable: it is a file, it may not be written in, or there is none and the command needs one.
    """
    folder = home()
    if folder.exists() and not folder.is_dir():
        raise Unusable(f"{folder} is a file. --home names a folder.")
    if not is_made and not any((folder / name).exists() for name in ("secret.key", "records.sqlite3", "lake")):
        raise Unusable(
            f"There is no home in {folder}. Make one: {called()} init --home {folder} --currency CNY --timezone "
            f"Asia/Shanghai\nOr name another one with --home or {HOME_VARIABLE}."
        )
    place = next(one for one in (folder, *folder.parents) if one.exists())
    if not os.access(place, os.W_OK | os.X_OK):
        raise Unusable(f"This user may not write in {place}. Give it the rights, or choose another folder with --home.")


def secret_key(folder: Path) -> str:
    """Return the installation's secret, made on first use with mode 600 and kept in the home folder."""
    path = folder / "secret.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fresh = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fresh, "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text().strip()


def seconds(variable: str, usual: float) -> float:
    """Return a number of seconds from the environment.

    :raises Unusable: it is none.
    """
    text = os.environ.get(variable) or str(usual)
    try:
        if (found := float(text)) > 0:
            return found
    except ValueError:
        pass
    raise Unusable(f"{variable} is {text!r}. Write a number of seconds, for example {usual:g}.")


def engine() -> str:
    """Return where the lake computes facts and metrics, as `lake.engines.choice` takes it.

    :raises Unusable: there is no such engine, or it is to be PostgreSQL and the records are not there either.
    """
    wanted = os.environ.get("PERENNIAL_ENGINE") or "duckdb"
    if wanted == "duckdb" or wanted.startswith(("spark://", "local")):
        return wanted
    if wanted != "postgres":
        raise Unusable("PERENNIAL_ENGINE names no engine. It can be duckdb, spark://host:7077, local[*] or postgres.")
    if url := os.environ.get("DATABASE_URL"):
        return url
    raise Unusable(f"PERENNIAL_ENGINE is 'postgres', and DATABASE_URL is not set. {POSTGRES_URL}")


def lake_place() -> Place | None:
    """Return the object store that holds the lake, None where it is a folder of the home.

    :raises Unusable: what is set does not name one, or its credentials are not in the environment.
    """
    wanted = os.environ.get("PERENNIAL_LAKE", "")
    if not wanted:
        return None
    parts = urlparse(wanted)
    if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc or parts.query:
        raise Unusable("PERENNIAL_LAKE names a bucket and a prefix: s3://bucket/prefix. Leave it out for the home.")
    endpoint = os.environ.get("PERENNIAL_LAKE_ENDPOINT") or None
    if endpoint and (urlparse(endpoint).scheme not in {"http", "https"} or "@" in endpoint):
        raise Unusable("PERENNIAL_LAKE_ENDPOINT is the store's address, for example https://minio.example.com:9000")
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret:
        raise Unusable(f"{wanted} needs its credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
    region = os.environ.get("PERENNIAL_LAKE_REGION") or "us-east-1"
    token = os.environ.get("AWS_SESSION_TOKEN") or None
    return Place(parts.netloc, parts.path.strip("/"), region, endpoint, key, secret, token)


def database(folder: Path) -> dict[str, Any]:
    """Return Django's settings for PostgreSQL where DATABASE_URL names it, else SQLite in the home folder."""
    url = os.environ.get("DATABASE_URL", "")
    return _postgres(url) if url else sqlite(folder / "records.sqlite3")


def sqlite(path: Path) -> dict[str, Any]:
    """Return the SQLite settings of promises.md: WAL, FULL sync, immediate transactions, 20 s of patience."""
    pragmas = (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "temp_store=MEMORY",
        "cache_size=-65536",
        "mmap_size=268435456",
        "journal_size_limit=67108864",
    )
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "".join(f"PRAGMA {pragma};" for pragma in pragmas),
        },
    }


def _postgres(url: str) -> dict[str, Any]:
    parts = urlparse(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise Unusable(f"DATABASE_URL begins with {parts.scheme or 'nothing'}://. {POSTGRES_URL}")
    try:
        port = parts.port or ""
    except ValueError:
        raise Unusable(f"DATABASE_URL has a port that is no number. {POSTGRES_URL}") from None
    if not parts.path.lstrip("/"):
        raise Unusable(f"DATABASE_URL names no database. {POSTGRES_URL}")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(port),
        "CONN_MAX_AGE": 60,
        "OPTIONS": {**dict(parse_qsl(parts.query)), "options": "-c idle_in_transaction_session_timeout=60000"},
    }
