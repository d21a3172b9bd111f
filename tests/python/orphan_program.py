"""A program that holds isolated nodes in every state at once, until it is killed.

Prints a line "STATE PID" for each worker as it gets there; workers print theirs, too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import Any

from remotemedia import Node
from remotemedia._packet import NodeContext, Packet

STATES = ("loading", "initialize", "process", "emit", "flush", "cleanup", "idle", "stopped", "busy")


def tell(state: str, pid: int) -> None:
    os.write(2, f"{state} {pid}\n".encode())


class Hanging(Node):
    """Hangs in one of its calls, with a child of its own in another process group."""

    def __init__(self, state: str) -> None:
        super().__init__(isolate=True)
        self.state_to_hang_in = state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._hang_in("loading")

    def initialize(self) -> None:
        self._hang_in("initialize")

    def process(self, data: Any) -> Any:
        self._hang_in("process")
        self._hang_in("stopped")
        if self.state_to_hang_in == "busy":
            tell("busy", os.getpid())
            sum(iter(int, 1))  # never gives up the interpreter's lock of its own accord
        return os.getpid()

    def flush(self) -> None:
        self._hang_in("flush")

    def cleanup(self) -> None:
        self._hang_in("cleanup")

    def _hang_in(self, state: str) -> None:
        if state == self.state_to_hang_in:
            sleep = [sys.executable, "-S", "-c", "import signal; signal.pause()"]
            tell("child", subprocess.Popen(sleep, start_new_session=True).pid)
            tell(state, os.getpid())
            signal.pause()


def hold(state: str) -> None:
    def emit(packet: Packet, _port: int = 0) -> bool:
        if state in ("emit", "idle"):
            results.append(packet.payload)
        if state == "emit":
            tell(state, packet.payload)
            threading.Event().wait()
        return True

    results: list[int] = []
    executor = Hanging(state)._make_executor()
    executor.initialize(NodeContext("n", "Hanging", state))
    executor.process(Packet("item"), emit)
    if state == "idle":
        tell(state, results[0])
        threading.Event().wait()
    executor.flush(emit)
    executor.cleanup()


if __name__ == "__main__":
    for name in STATES:
        threading.Thread(target=hold, args=(name,)).start()
    signal.pause()
