"""Messages between the two processes: a socket, and one block of shared memory per direction.

A message is any object that pickle takes. The memory of its arrays, which pickle gives apart, goes
through the block, in as many fills as it needs; all else goes through the socket. Both sides take
turns, so a block has one user at a time and is used again and again.
"""

from __future__ import annotations

import mmap
import pickle
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np

__all__ = [
    "BLOCK_BYTES",
    "MAX_MESSAGE_BYTES",
    "Channel",
    "Frame",
    "MessageSizeError",
    "StrangeMessageError",
    "pack",
]

# Of one direction: above the longest blocks of live audio, and small beside a process.
BLOCK_BYTES: Final = 1 << 20
# A whole clip of an hour, 48 kHz, float32 and 3 channels; more is a mistake.
MAX_MESSAGE_BYTES: Final = 1 << 31

_MAGIC: Final = 0x524D4953
_HEAD: Final = struct.Struct("<IIQ")  # magic, number of buffers, bytes of the pickle
_BUFFER: Final = struct.Struct("<Q?")  # bytes, whether it is read-only
_MAX_BUFFERS: Final = 1 << 16
_NEXT: Final = b"+"
_AT_ONCE: Final = 1 << 16


class MessageSizeError(ValueError):
    """A message is longer than `MAX_MESSAGE_BYTES`."""


class StrangeMessageError(Exception):
    """What arrived is no message: somebody else wrote to the connection."""


class Frame:
    """A message in bytes: what pickle made of it, and the memory that it refers to."""

    def __init__(self, data: bytes, buffers: list[memoryview]) -> None:
        self.data = data
        self.buffers = buffers

    def unpack(self) -> Any:
        """Give the message; whatever its classes raise."""
        return pickle.loads(self.data, buffers=self.buffers)


def pack(message: object) -> Frame:
    """Make the bytes of a message; raises what pickle raises, or `MessageSizeError`."""
    given: list[pickle.PickleBuffer] = []
    data = pickle.dumps(message, protocol=5, buffer_callback=given.append)
    if len(given) > _MAX_BUFFERS:  # many small arrays: their memory can be part of the text
        given.clear()
        data = pickle.dumps(message, protocol=5)
    buffers = [buffer.raw() for buffer in given]
    size = len(data) + sum(len(buffer) for buffer in buffers)
    if size > MAX_MESSAGE_BYTES:
        raise MessageSizeError(f"{size} bytes, at most {MAX_MESSAGE_BYTES} can be sent")
    return Frame(data, buffers)


class Channel:
    """One end of the connection.

    Parameters
    ----------
    connection : socket
        Blocking. `close` closes it.
    memory : int
        File descriptor of ``2 * BLOCK_BYTES``; not needed any longer afterwards.
    is_worker : bool
        Which of the two blocks is written to.
    wait : callable
        Called before the end waits for the other one; may raise.
    """

    def __init__(
        self,
        connection: socket.socket,
        memory: int,
        *,
        is_worker: bool,
        wait: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._wait = wait
        self._pending = bytearray()  # arrived and not used yet; never more than the present message
        self._memory = mmap.mmap(memory, 2 * BLOCK_BYTES)
        with memoryview(self._memory) as view:
            halves = view[:BLOCK_BYTES], view[BLOCK_BYTES:]
        self._incoming, self._outgoing = halves if is_worker else halves[::-1]

    def close(self) -> None:
        """Close the connection, which the other end notices, and let go of the memory."""
        self._connection.close()
        self._incoming.release()
        self._outgoing.release()
        self._memory.close()

    def send(self, frame: Frame) -> None:
        """Send a message; OSError or EOFError if the other end is gone."""
        head = _HEAD.pack(_MAGIC, len(frame.buffers), len(frame.data))
        table = b"".join(_BUFFER.pack(len(b), b.readonly) for b in frame.buffers)
        is_first = True
        for pieces in _fills(frame.buffers):
            if not is_first:
                self._receive_next()
            at = 0
            for piece in pieces:
                self._outgoing[at : at + len(piece)] = piece
                at += len(piece)
            self._connection.sendall(head + table + frame.data if is_first else _NEXT)
            is_first = False
        if is_first:
            self._connection.sendall(head + table + frame.data)

    def receive(self) -> Frame:
        """Wait for a message.

        EOFError if the other end is gone, `StrangeMessageError` if what arrives is none.
        """
        magic, count, size = _HEAD.unpack(self._receive(_HEAD.size))
        if magic != _MAGIC or count > _MAX_BUFFERS or size > MAX_MESSAGE_BYTES:
            raise StrangeMessageError("what arrived is no message")
        table = list(_BUFFER.iter_unpack(self._receive(_BUFFER.size * count)))
        if size + sum(length for length, _ in table) > MAX_MESSAGE_BYTES:
            raise StrangeMessageError("what arrived is no message")
        data = self._receive(size)
        # Memory of its own for each message: whoever gets an array may keep it.
        buffers = [np.empty(length, np.uint8).data for length, _ in table]
        is_first = True
        for pieces in _fills(buffers):
            if not is_first:
                self._connection.sendall(_NEXT)
                self._receive_next()
            is_first = False
            at = 0
            for piece in pieces:
                piece[:] = self._incoming[at : at + len(piece)]
                at += len(piece)
        for index, (_, is_readonly) in enumerate(table):
            if is_readonly:
                buffers[index] = buffers[index].toreadonly()
        return Frame(data, buffers)

    def _receive_next(self) -> None:
        if self._receive(len(_NEXT)) != _NEXT:
            raise StrangeMessageError("what arrived is no part of a message")

    def _receive(self, size: int) -> bytes:
        pending = self._pending
        while len(pending) < size:
            self._wait()
            more = self._connection.recv(max(_AT_ONCE, size - len(pending)))
            if not more:
                raise EOFError
            pending += more
        data = bytes(memoryview(pending)[:size])
        del pending[:size]
        return data


def _fills(buffers: Iterable[memoryview]) -> Iterator[list[memoryview]]:
    """Cut buffers into what fits the block at a time; both ends come to the same cuts."""
    pieces: list[memoryview] = []
    room = BLOCK_BYTES
    for buffer in buffers:
        rest = buffer
        while len(rest) > 0:
            piece, rest = rest[:room], rest[room:]
            pieces.append(piece)
            room -= len(piece)
            if room == 0:
                yield pieces
                pieces, room = [], BLOCK_BYTES
    if pieces:
        yield pieces
