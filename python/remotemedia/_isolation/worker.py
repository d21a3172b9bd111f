"""The worker: loads a node, and does what the pipeline's process asks, one call at a time."""

from __future__ import annotations

import os
import pickle
import socket
import sys
from typing import Any

from .._packet import Executor, Packet
from .._user_node import make_user_executor
from . import starting
from .channel import Channel, Frame, pack
from .failures import Failure, pack_packet

__all__ = ["serve"]


class _Stopped(BaseException):
    """The receiver of a result failed: the call ends, and the node has no say in it."""


def serve(connection: socket.socket, memory: int) -> None:
    """Serve until the pipeline's process lets go. The descriptor of the memory is closed."""
    channel = Channel(connection, memory, is_worker=True)
    os.close(memory)
    if sys.stdout is not None:
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    # A child that the node forks must neither answer for us nor hold the connection open.
    os.register_at_fork(after_in_child=channel.close)
    _Worker(channel).run()


class _Worker:
    """Executors of one node by session; the node lives as long as the process."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._pid = os.getpid()
        self._node: Any = None
        self._executors: dict[int, Executor] = {}

    def run(self) -> None:
        """Answer each request with ("done",) or ("raised", failure), in between with results."""
        while True:
            try:
                frame = self._channel.receive()
            except (EOFError, ConnectionError):
                return
            try:
                request = frame.unpack()
                if request[0] == "end":
                    return
                self._perform(*request)
                answer = ("done",)
            except BaseException as error:  # all of it is for the pipeline's process to see
                answer = ("raised", Failure.of(error))  # type: ignore[assignment]
            self._send(pack(answer))

    def _perform(self, action: str, *arguments: Any) -> None:
        if action == "load":
            self._load(*arguments)
            return
        slot, *rest = arguments
        if action == "initialize":
            self._executors[slot] = make_user_executor(self._node, leaves_calls=False)
            self._executors[slot].initialize(*rest)
        elif action == "process":
            self._executors[slot].process(rest[0], self._emit)
        elif action == "flush":
            self._executors[slot].flush(self._emit)
        else:
            self._executors.pop(slot).cleanup()

    def _load(self, main: dict[str, Any], pickled: bytes) -> None:
        with starting.importing_main():
            if main:
                from multiprocessing import spawn

                spawn.prepare(main)
            self._node = pickle.loads(pickled)

    def _emit(self, packet: Packet, port: int = 0) -> bool:
        self._send(pack_packet(("result", packet, port), packet, "a result", "leave"))
        goes_on = self._channel.receive().unpack()
        if goes_on is None:
            raise _Stopped
        return bool(goes_on)

    def _send(self, frame: Frame) -> None:
        if os.getpid() != self._pid:
            print("a process that a node forked came back from its call; it ends", file=sys.stderr)
            sys.stderr.flush()
            os._exit(1)
        self._channel.send(frame)
