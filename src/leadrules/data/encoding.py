"""The encoding of a text file.

In: the stream of a file and the encoding that its source states, if any. Out: the same text as blocks of UTF-8 without
a byte order mark. Found in this order: byte order mark, strict UTF-8, then cp932 (never first: much valid UTF-8 Japanese
also decodes as cp932). Knows nothing of lines, but for saying where a bad byte is.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Generator
from typing import BinaryIO

import polars as pl

from leadrules.core.records import dataclass
from leadrules.core.text import codec_of, nearest
from leadrules.data.errors import InputError

# Below the size from which every block would be fresh memory, page by page.
BLOCK = 16 << 20
# The longer mark comes first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Bytes that mean nothing in Shift JIS; Python gives them characters that nobody writes.
_HOLES = re.compile("[\x80\uf8f0-\uf8f3]")
# UTF-7 can say half a character, which is no text.
_HALVES = re.compile("[\ud800-\udfff]")
_USUAL = ("utf-8", "cp932", "latin-1", "cp1252", "utf-16", "euc-jp", "gb18030", "big5", "euc-kr", "iso-8859-15")


class UndecodableError(Exception):
    """A byte that does not belong to the encoding that was tried."""

    def __init__(self, path: str, position: int, byte: int, line: int, marked: str = "") -> None:
        super().__init__(path, position)
        self.path = path
        self.position = position
        self.byte = byte
        self.line = line
        self.marked = marked  # the encoding that the file's byte order mark names: there is no other to try


def named(encoding: str, path: str) -> str:
    """The codec of a stated encoding. Raises InputError for an unknown one."""
    codec = codec_of(encoding)
    if codec is None:
        meant = nearest(encoding.strip().lower(), _USUAL)
        hint = f"Did you mean {meant}?" if meant else f"Common ones are {', '.join(_USUAL[:5])}."
        raise InputError(f"the encoding {encoding} of {path} is not known", hint)
    return codec


def text_blocks(
    stream: BinaryIO, encoding: str, path: str, first: int | None = None, *, begin: int = 0
) -> Generator[bytes]:
    """The text as blocks of UTF-8, cut anywhere between two characters; `first` is the first one's size. Of a file that
    is UTF-8 without a mark it may `begin` at the byte of a character. Raises UndecodableError."""
    first = first or BLOCK
    if begin:
        stream.seek(begin)
        return _checked(stream, b"", _Place(path, stream, begin, ""), first)
    head = stream.read(4)
    mark, marked = next(((m, e) for m, e in _MARKS if head.startswith(m)), (b"", encoding))
    if marked.startswith("utf-16") and not mark:
        marked = "utf-16-le" if marked == "utf-16" else marked
    at = _Place(path, stream, len(mark), marked if mark else "")
    start = head[len(mark) :]
    return _checked(stream, start, at, first) if marked == "utf-8" else _recoded(stream, start, at, marked, first)


def is_marked(start: bytes) -> bool:
    """Whether a byte order mark says the encoding, whatever the source states."""
    return any(start.startswith(mark) for mark, _ in _MARKS)


@dataclass(slots=True)
class _Place:
    """How far a file is read."""

    path: str
    stream: BinaryIO
    position: int
    marked: str

    def bad_byte(self, block: bytes, at: int) -> UndecodableError:
        """The finding for a byte of the block that begins here."""
        position = self.position + at
        self.stream.seek(0)
        line = 1 + self.stream.read(position).count(b"\n")
        return UndecodableError(self.path, position, block[at], line, self.marked)


def _checked(stream: BinaryIO, start: bytes, place: _Place, size: int) -> Generator[bytes]:
    """Blocks of UTF-8 as they are, after a look at whether they are."""
    carry = start
    while block := _read(stream, size):
        block = carry + block if carry else block
        carry = _broken_end(block)
        block = block[: len(block) - len(carry)] if carry else block
        _refuse_bad_utf8(block, place)
        yield block
        place.position += len(block)
        size = BLOCK
    _refuse_bad_utf8(carry, place)
    if carry:
        yield carry


def _read(stream: BinaryIO, size: int) -> bytes:
    """The next block; of a file up to the end of a line, so that nobody has to cut and copy it."""
    if not isinstance(stream, io.FileIO):
        return stream.read(size)
    start, tail = stream.tell(), size >> 8
    stream.seek(size - tail, io.SEEK_CUR)
    cut = stream.read(tail).rfind(b"\n") + 1
    stream.seek(start)
    return stream.read(size - tail + cut if cut else size)


def _broken_end(block: bytes) -> bytes:
    """The begun but not finished character at the end of a block."""
    for length in range(1, min(3, len(block)) + 1):
        byte = block[-length]
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return block[-length:] if needed > length else b""
        if byte < 0x80:
            break
    return b""


def _refuse_bad_utf8(block: bytes, place: _Place) -> None:
    if block.isascii() or _is_utf8(block):
        return
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        raise place.bad_byte(block, error.start) from None


def _is_utf8(block: bytes) -> bool:
    """Whether a block is UTF-8: Polars looks many times faster than Python, but does not say where it is not."""
    try:
        pl.Series([block], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError:
        return False
    return True


def _recoded(stream: BinaryIO, start: bytes, place: _Place, encoding: str, first: int) -> Generator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    block = start + stream.read(first)
    while True:
        last = not block
        held = decoder.getstate()[0]
        try:
            text = decoder.decode(block, final=last)
        except UnicodeDecodeError as error:
            place.position -= len(held)  # the decoder begins with what it kept of the block before
            raise place.bad_byte(error.object, error.start) from None
        if wrong := (_HOLES if encoding == "cp932" else _HALVES).search(text):
            place.position -= len(held)
            raise place.bad_byte(held + block, len(text[: wrong.start()].encode(encoding)))
        if text:
            yield text.encode()
        if last:
            return
        place.position += len(block)
        block = stream.read(BLOCK)


def refusal(error: UndecodableError, encoding: str | None) -> InputError:
    """What to say of a byte that no encoding takes: the stated one, or UTF-8 and cp932."""
    where = f"byte 0x{error.byte:02X} at position {error.position} (line {error.line})"
    if error.marked:
        return InputError(
            f"{error.path} begins with the mark of {error.marked}, but {where} does not belong to it",
            "Export it again: it is cut, or made of two files.",
        )
    if encoding:
        others = " or ".join(one for one in ("latin-1", "utf-16", "euc-jp") if one != named(encoding, error.path))
        return InputError(
            f"{error.path} is not {encoding}: {where} does not belong to it",
            f"Leave out `encoding:` of its source, so that it is found from the file; or state another, such as {others}.",
        )
    return InputError(
        f"the encoding of {error.path} cannot be found: {where} is neither UTF-8 nor cp932",
        "State it as `encoding:` of its source, such as latin-1, cp1252 or utf-16.",
    )
