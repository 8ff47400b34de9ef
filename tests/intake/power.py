"""A power cut, modelled on what the processes really asked of the disk (promise D2).

strace writes down each write, fsync, rename and unlink. At a cut everything before it happened, but only what an fsync
covers is sure: of the rest, a disk may have kept nothing ("unsynced"), any of it in any order ("reordered"), or parts
of single writes ("torn"). The model is stricter than ext4: a new name counts only after an fsync of its folder.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MODES = ("unsynced", "reordered", "torn")
SECTOR = 512
TRACED = (
    "openat,write,pwrite64,writev,pwritev,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,ftruncate,sendto"
)
_LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += +(-?\d+)")
_FD = re.compile(r"^(\d+)<([^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True)
class Op:
    """One thing asked of the disk: kind, file (or folder), and what goes with it."""

    kind: str  # create, write, truncate, sync, rename, unlink, answer
    path: str
    at: int = 0
    data: bytes = b""
    to: str = ""


@dataclass
class _File:
    """A file's writes in order; the first `sure` of them are under an fsync."""

    writes: list[Op] = field(default_factory=list)
    sure: int = 0


def operations(log: Path, home: Path) -> list[Op]:
    """Read a log of `strace -f -y -xx -s 10000000`, whole calls only, as far as it touches the home or answers."""
    return [op for line in _whole_lines(log) for op in _op(line, str(home))]


def _whole_lines(log: Path) -> Iterator[str]:
    """Join calls that another thread interrupted; a call counts from when it returned."""
    waiting: dict[str, str] = {}
    for line in log.read_text(errors="replace").splitlines():
        pid = line.partition(" ")[0]
        if line.endswith("<unfinished ...>"):
            waiting[pid] = line.removesuffix("<unfinished ...>").rstrip()
        elif " resumed>" in line:
            yield waiting.pop(pid, "") + line.partition(" resumed>")[2]
        else:
            yield line


def _op(line: str, home: str) -> Iterator[Op]:
    found = _LINE.match(line)
    if found is None or found[3].startswith("-"):
        return
    call, arguments = found[1], found[2]
    texts = [_bytes(text) for text in _TEXT.findall(arguments)]
    opened = _FD.match(arguments)
    path = _bytes(opened[2]).decode() if opened and opened[2].startswith("\\x") else ""
    if call in ("write", "sendto") and texts and texts[0].startswith(b"HTTP/1.1 "):
        yield Op("answer", "", data=texts[0][9:12])
    elif call.startswith("rename"):
        yield (
            Op("rename", texts[0].decode(), to=texts[1].decode()) if texts[0].decode().startswith(home) else Op("", "")
        )
    elif call.startswith("unlink"):
        yield Op("unlink", texts[0].decode())
    elif call == "openat" and "O_CREAT" in arguments and texts[0].decode().startswith(home):
        yield Op("create", texts[0].decode(), data=b"T" if "O_TRUNC" in arguments else b"")
    elif path.startswith(home):
        yield from _file_op(call, path, arguments, texts, int(found[3]))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _file_op(call: str, path: str, arguments: str, texts: list[bytes], answered: int) -> Iterator[Op]:
    last = arguments.rpartition(",")[2].strip()
    if call in ("fsync", "fdatasync"):
        yield Op("sync", path)
    elif call == "ftruncate":
        yield Op("truncate", path, at=int(last))
    elif call in ("pwrite64", "pwritev"):
        yield Op("write", path, at=int(last), data=b"".join(texts)[:answered])
    elif call in ("write", "writev"):
        yield Op("write", path, at=-1, data=b"".join(texts)[:answered])


class Disk:
    """What a disk was asked, up to now; `after_cut` says what it may hold."""

    def __init__(self, present: dict[str, bytes]) -> None:
        self._files = {path: _File([Op("write", path, 0, data)], 1) for path, data in present.items()}
        self._names = dict(self._files)
        self._sure_names = dict(self._names)
        self._open_changes: dict[str, list[tuple[str, _File | None]]] = {}

    def ask(self, op: Op) -> None:
        """Apply one operation."""
        match op.kind:
            case "create":
                if op.path not in self._names:
                    self._name(op.path, _File())
                elif op.data:
                    self._names[op.path].writes.append(Op("truncate", op.path, 0))
            case "write" | "truncate":
                if op.path in self._names:
                    file = self._names[op.path]
                    end = len(_content(file.writes)) if op.at == -1 else op.at
                    file.writes.append(Op(op.kind, op.path, end, op.data))
            case "rename":
                self._name(op.to, self._names.get(op.path))
                self._name(op.path, None)
            case "unlink":
                if op.path in self._names:
                    self._name(op.path, None)
            case "sync":
                self._sync(op.path)

    def _name(self, path: str, file: _File | None) -> None:
        self._names.pop(path, None)
        if file is not None:
            self._names[path] = file
        self._open_changes.setdefault(str(Path(path).parent), []).append((path, file))

    def _sync(self, path: str) -> None:
        if path in self._names:
            file = self._names[path]
            file.sure = len(file.writes)
        for name, file_or_none in self._open_changes.pop(path, []):
            _set(self._sure_names, name, file_or_none)

    def after_cut(self, mode: str, chance: random.Random) -> dict[str, bytes]:
        """Return path → content as one possible disk after the power went now."""
        names = dict(self._sure_names)
        for changes in self._open_changes.values():
            for path, file in changes:
                if mode != "unsynced" and chance.random() < 0.5:
                    _set(names, path, file)
        return {path: _content(_kept(file, mode, chance)) for path, file in names.items()}


def _set(names: dict[str, _File], path: str, file: _File | None) -> None:
    names.pop(path, None)
    if file is not None:
        names[path] = file


def _kept(file: _File, mode: str, chance: random.Random) -> list[Op]:
    sure, open_writes = file.writes[: file.sure], file.writes[file.sure :]
    if mode == "unsynced":
        return sure
    kept = [op for op in open_writes if chance.random() < 0.5]
    if mode == "torn":
        kept = [
            Op(op.kind, op.path, op.at, op.data[: chance.randrange(0, len(op.data) + 1, SECTOR)] if op.data else b"")
            for op in kept
        ]
    return sure + kept


def _content(writes: list[Op]) -> bytes:
    content = bytearray()
    for op in writes:
        if op.kind == "truncate":
            del content[op.at :]
            continue
        if len(content) < op.at:
            content.extend(b"\0" * (op.at - len(content)))
        content[op.at : op.at + len(op.data)] = op.data
    return bytes(content)
