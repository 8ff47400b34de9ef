"""The way in: accepted batches as small files in the inbox, imports as staged files until they are published."""

import re
from hashlib import blake2b
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc

from perennial.lake.storage.terms import Storage
from perennial.lake.terms import EVENT_SCHEMA, NotAnEvent

INBOX = "inbox"
STAGING = "staging"
_WRITER = re.compile(r"[A-Za-z0-9_]+")


def event_ids(scope: str, message_ids: list[str]) -> pa.Array:
    """Return the 128-bit ids of messages sent under one scope (a write key)."""
    # The scope's length goes first: ("ab", "c") and ("a", "bc") are different messages.
    start = blake2b(f"{len(scope)}:{scope}:".encode(), digest_size=16)
    ids = []
    for message_id in message_ids:
        digest = start.copy()
        digest.update(message_id.encode())
        ids.append(digest.digest())
    return pa.array(ids, pa.binary(16))


def import_scope(source: str) -> str:
    """Return what stands before a message of an import's source in the text that its id is made of."""
    scope = f"import:{source}"
    return f"{len(scope)}:{scope}:"


def import_id_sql(message: str) -> str:
    """Return SQL for the 128-bit id of an imported row; parameter `$scope` is `import_scope`'s.

    By SQL, since a hundred million rows never pass through Python one by one; MD5 is the one digest of 128 bits that
    SQL has. Whoever imports may choose ids anyway: nothing is gained by making two messages that share one.
    """
    return f"unhex(md5(concat($scope, {message})))"


def checked(batch: pa.Table) -> pa.Table:
    """Return the batch in the lake's own schema.

    :raises NotAnEvent: a column is missing or of another kind, a null stands where none may, a weight is negative.
    """
    try:
        table = batch.select(EVENT_SCHEMA.names).cast(EVENT_SCHEMA)
    except (KeyError, pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise NotAnEvent(str(error)) from error
    for field in EVENT_SCHEMA:
        if not field.nullable and table[field.name].null_count:
            raise NotAnEvent(f"null in {field.name}")
    if table.num_rows and pc.min(table["n"]).as_py() < 0:
        raise NotAnEvent("n below 0")
    return table


def accept(root: Storage, batch: pa.Table, *, writer: str) -> str:
    """Write one batch durably into the inbox and return its name; once this returns, no crash loses it."""
    if not _WRITER.fullmatch(writer):
        raise ValueError(f"a writer is named by letters, digits and _: {writer!r}")
    return root.add(f"{INBOX}/{writer}-{uuid4().hex}.parquet", checked(batch))


def stage(root: Storage, import_id: int, part: int, batch: pa.Table) -> None:
    """Write one part of an import aside, invisible until published; the same part again replaces it.

    Of two rows with one id the one received first counts: an import that gives its Nth row a `received_at` N
    microseconds later keeps the first of the file.
    """
    root.replace(f"{STAGING}/{import_id}/{part:06d}.parquet", checked(batch))


def staged(root: Storage, import_id: int) -> list[str]:
    """Return the names of an import's staged parts."""
    return root.listed(f"{STAGING}/{import_id}")


def waiting(root: Storage, *, is_fresh: bool = True) -> list[str]:
    """Return the names of all files in the inbox, folded or not; `is_fresh` as in Storage.listed."""
    return root.listed(INBOX, is_fresh=is_fresh)


def discard(root: Storage, import_id: int) -> None:
    """Remove an import's staged parts; nothing happens where there are none."""
    root.clear(f"{STAGING}/{import_id}")
