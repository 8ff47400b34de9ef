"""The encoding of a text file. A byte order mark and valid UTF-8 are certain; the rest is said to be guessed."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perennial.integrations.imports.reading.manner import codec_of
from perennial.integrations.imports.reading.terms import Code, Refused

_BLOCK = 1 << 20
_SAMPLE = 1 << 18
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROL = bytes(set(range(32)) - {9, 10, 13, 12, 26, 27})
_HANZI = re.compile(rb"[\xa1-\xa9\xb0-\xf7][\xa1-\xfe]")
_PAIR = re.compile(rb"[\x81-\xfe][\x30-\xfe]")
_LONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")


@dataclass(frozen=True, slots=True)
class Encoding:
    """The name that Python knows it by; whether it is sure; whether NUL characters stand in the text."""

    name: str
    certain: bool
    nul: bool


def encoding_of(path: Path) -> Encoding:
    """Return how to decode the file. Reads all of it: one wrong byte at the end is still a wrong byte.

    :raises Refused: not a text at all; two encodings in one file (with the first row of the second); none fits.
    """
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return _checked(path, name)
    if unmarked := _unmarked_utf16(sample):
        return _checked(path, unmarked)
    strange = len(sample) - len(sample.translate(None, _CONTROL))
    if strange > max(len(sample) // 50, 1):
        raise Refused(Code.BINARY)
    nul = any(b"\0" in block for block in _blocks(path))
    if _decodes(path, "utf-8"):
        return Encoding("utf-8", certain=True, nul=nul)
    _refuse_a_mixture(path)
    return Encoding(_legacy(path, _not_ascii(path)), certain=False, nul=nul)


def stated(path: Path, name: str) -> Encoding:
    """Return an encoding that a person chose.

    :raises Refused: the file is not in it; with the line of the first byte that says so.
    """
    codec = _codec(path, name)
    decoder, lines = codecs.getincrementaldecoder(codec)("strict"), 1
    for block in (*_blocks(path), b""):
        try:
            decoder.decode(block, final=not block)
        except UnicodeError as error:
            lines += block[: getattr(error, "start", 0)].count(b"\n")
            raise Refused(Code.OTHER_ENCODING, row=lines, details={"encoding": name}) from error
        lines += block.count(b"\n")
    return Encoding(codec, certain=True, nul=any(b"\0" in block for block in _blocks(path)))


def _codec(path: Path, name: str) -> str:
    """Return the codec of a chosen encoding; UTF-16 without a mark is told by its zero bytes, else little-endian."""
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    if name != "utf-16" or sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return codec_of(name)
    return _unmarked_utf16(sample) or "utf-16-le"


def _checked(path: Path, name: str) -> Encoding:
    if not _decodes(path, name):
        raise Refused(Code.UNDECODABLE, details={"encoding": name})
    return Encoding(name, certain=True, nul=name == "utf-8-sig" and any(b"\0" in block for block in _blocks(path)))


def _unmarked_utf16(sample: bytes) -> str | None:
    """UTF-16 of mostly Latin text has a NUL in every second byte."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = max(len(sample) // 2, 1)
    if odd > 0.4 * half > 10 * even:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 * half > 10 * odd else None


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _decodes(path: Path, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)("strict")
    try:
        for block in _blocks(path):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _refuse_a_mixture(path: Path) -> None:
    """Lines that are valid UTF-8 beyond ASCII beside lines that are not: two files were pasted together.

    A few lines of an old encoding are valid UTF-8 by accident, hence the share.
    """
    valid, first_valid, invalid, first_invalid = 0, 0, 0, 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                valid, first_valid = valid + 1, first_valid or number
            except UnicodeDecodeError:
                invalid, first_invalid = invalid + 1, first_invalid or number
    if valid > 0.1 * (valid + invalid):
        raise Refused(Code.MIXED_ENCODINGS, row=max(first_valid, first_invalid))


def _not_ascii(path: Path) -> bytes:
    """Return the lines that tell encodings apart, up to a sample's length."""
    kept = bytearray()
    with path.open("rb") as file:
        for line in file:
            if not line.isascii():
                kept += line[:4096] + b"\n"
            if len(kept) > _SAMPLE:
                break
    return bytes(kept)


def _legacy(path: Path, sample: bytes) -> str:
    """GB18030 where the pairs are everyday Chinese; Western where high bytes stand alone; else the last resort."""
    pairs = len(_PAIR.findall(sample))
    if pairs and len(_HANZI.findall(sample)) >= 0.8 * pairs and _decodes(path, "gb18030"):
        return "gb18030"
    high = sum(1 for byte in sample if byte > 127)
    if high and len(_LONE.findall(sample)) >= 0.7 * high:
        return "cp1252" if _decodes(path, "cp1252") else "latin-1"
    from charset_normalizer import from_bytes  # only here: its import costs more than most files

    best = from_bytes(sample).best()
    if best is None or not _decodes(path, best.encoding):
        raise Refused(Code.UNDECODABLE, details={"encoding": ""})
    return str(best.encoding)
