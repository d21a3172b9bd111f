"""Where the coded audio of a file lies, as its container says: a twin of ``file_layout.cc``.

libsndfile trusts the length of the file more than the header, so it takes a truncated recording for
a short one. MPEG audio and FLAC are not looked at: there it knows how many frames there should be.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

__all__ = ["FileLayout", "file_layout"]

_ByteOrder = Literal["little", "big"]

_MAX_CHUNKS: Final = 10_000  # bounds the walk over a file whose chunk sizes are nonsense
_OPEN_SIZES: Final = (range(0x7FFFF000, 0x80000000), range(0xFFFFFF00, 0x100000000))
_W64_HEADER: Final = 24  # of a chunk: its id and its size, which counts these bytes too
_IN_DS64: Final = 0xFFFFFFFF
_MAX_PAGE: Final = 27 + 255 + 255 * 255


@dataclass(frozen=True)
class FileLayout:
    """Where the audio begins, its bytes (0: not said), where an open size stands (0: nowhere)."""

    offset: int = 0
    size: int = 0
    open_size_at: int = 0
    byte_order: _ByteOrder = "little"


class _Bytes:
    """Random access to the bytes of a file; what lies behind its end reads as zeros."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)

    def text(self, offset: int, length: int) -> bytes:
        if offset >= self.size:
            return bytes(length)
        self._file.seek(offset)
        return self._file.read(length).ljust(length, b"\0")

    def number(self, offset: int, length: int, order: _ByteOrder) -> int:
        return int.from_bytes(self.text(offset, length), order)


def file_layout(path: str) -> FileLayout:
    """Tell what the container says of its length."""
    with Path(path).open("rb") as file:
        return _layout(_Bytes(file))


def _layout(file: _Bytes) -> FileLayout:
    head = file.text(0, 4)
    if head in (b"RIFF", b"RF64", b"RIFX"):
        return _riff(file, "big" if head == b"RIFX" else "little")
    if head == b"FORM":
        return _aiff(file)
    if head == b"riff":
        return _w64(file)
    if head in (b".snd", b"dns."):
        order: _ByteOrder = "big" if head == b".snd" else "little"
        return _promise(file.number(4, 4, order), file.number(8, 4, order))
    return _last_page(file) if head == b"OggS" else FileLayout()


def _is_open(size: int) -> bool:
    """Whether a size may stand for "until the end": 0, all ones (also less a header), and sox's."""
    return size in (0, 2**64 - 1) or any(size in sizes for sizes in _OPEN_SIZES)


def _promise(offset: int, size: int) -> FileLayout:
    return FileLayout(offset, 0 if _is_open(size) else size)


def _riff(file: _Bytes, order: _ByteOrder) -> FileLayout:
    whole_fits = file.number(4, 4, order) + 8 == file.size
    large_size, offset = 0, 12
    for _ in range(_MAX_CHUNKS):
        if offset + 8 > file.size:
            break
        name, size, data = file.text(offset, 4), file.number(offset + 4, 4, order), offset + 8
        if name == b"data" and size == _IN_DS64 and large_size > 0:
            return _promise(data, large_size)
        if name == b"data" and _is_open(size) and not whole_fits:
            return FileLayout(data, 0, offset + 4 if data < file.size else 0, order)
        if name == b"data":
            return FileLayout(data, size)
        if name == b"ds64":
            large_size = file.number(data + 8, 8, "little")
        offset = data + size + size % 2
    return FileLayout()


def _aiff(file: _Bytes) -> FileLayout:
    offset = 12
    for _ in range(_MAX_CHUNKS):
        if offset + 8 > file.size:
            break
        size = file.number(offset + 4, 4, "big")
        if file.text(offset, 4) == b"SSND":  # begins with 8 bytes of its own
            return _promise(offset + 16, 0 if _is_open(size) else max(0, size - 8))
        offset += 8 + size + size % 2
    return FileLayout()


def _w64(file: _Bytes) -> FileLayout:
    offset = _W64_HEADER + 16
    for _ in range(_MAX_CHUNKS):
        size = file.number(offset + 16, 8, "little")
        if offset + _W64_HEADER > file.size or not _W64_HEADER <= size < 2**63:
            break
        if file.text(offset, 4) == b"data":
            return _promise(offset + _W64_HEADER, size - _W64_HEADER)
        offset += (size + 7) // 8 * 8
    return FileLayout()


def _last_page(file: _Bytes) -> FileLayout:
    """Ogg says nothing of the whole, but a file that was cut almost surely ends within a page."""
    begin = max(0, file.size - _MAX_PAGE)
    page = file.text(begin, file.size - begin).rfind(b"OggS\0")
    if page < 0:
        return FileLayout()
    offset = begin + page
    segments = file.number(offset + 26, 1, "little")
    return FileLayout(offset, 27 + segments + sum(file.text(offset + 27, segments)))
