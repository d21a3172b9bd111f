"""Nodes that tests run in worker processes, which import them from here."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np

from remotemedia import Node


class Sync(Node):
    def process(self, data: Any) -> Any:
        return data


class Coroutine(Node):
    async def process(self, data: Any) -> Any:
        await asyncio.sleep(0)
        return data


class Generator(Node):
    def process(self, data: Any) -> Iterator[Any]:
        yield data
        yield None
        yield data


class AsyncGenerator(Node):
    async def process(self, data: Any) -> AsyncIterator[Any]:
        yield data
        await asyncio.sleep(0)
        yield data


class Streaming(Node):
    is_streaming = True

    async def process(self, data: AsyncIterator[Any]) -> AsyncIterator[Any]:
        count = 0
        async for item in data:
            count += 1
            yield item
        yield f"{count} items"


class Holding(Node):
    """Keeps the last item until flush, and counts in the session's state."""

    async def initialize(self) -> None:
        self.held: Any = None

    def process(self, data: Any) -> Any:
        assert self.state is not None
        self.state.set("count", self.state.get("count", 0) + 1)
        given, self.held = self.held, data
        return given

    async def flush(self) -> AsyncIterator[Any]:  # type: ignore[override]
        yield self.held
        assert self.state is not None
        yield {"session": self.get_session_id(), "count": self.state.get("count")}


class Failing(Node):
    """Fails in initialize, and tells of its cleanup."""

    def initialize(self) -> None:
        raise LookupError("no model")

    def process(self, data: Any) -> Any:
        return data

    def cleanup(self) -> None:
        print("cleaned up")


class Commanded(Node):
    """Does what the item says; one worker serves many tests."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count = 0

    def process(self, data: Any) -> Any:
        self.count += 1
        if not isinstance(data, str):
            return data
        command, _, argument = data.partition(" ")
        return getattr(self, f"do_{command}")(argument)

    def do_pid(self, _: str) -> Any:
        return os.getpid()

    def do_count(self, _: str) -> Any:
        return self.count

    def do_first(self, _: str) -> Any:
        return "first"

    def do_raise(self, text: str) -> Any:
        raise ValueError(text)

    def do_type_error(self, text: str) -> Any:
        raise TypeError(text)

    def do_raise_local(self, text: str) -> Any:
        class LocalError(Exception):
            pass

        raise LocalError(text)

    def do_print(self, text: str) -> Any:
        print(text)
        print(text, file=sys.stderr)
        os.write(1, f"{text}\n".encode())
        return "printed"

    def do_unsendable(self, _: str) -> Any:
        return {"lock": threading.Lock()}

    def do_unreadable(self, _: str) -> Any:
        return Unreadable()

    def do_emit_then(self, command: str) -> Iterator[Any]:
        yield "first"
        yield getattr(self, f"do_{command}")("")

    def do_zeros(self, count: str) -> Any:
        return np.zeros(int(count), np.float32), 16_000

    def do_recurse(self, _: str) -> Any:
        return self.do_recurse("")

    def do_fill_memory(self, _: str) -> Any:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, resource.RLIM_INFINITY))
        return bytearray(1 << 40)

    def do_crash(self, _: str) -> Any:
        return ctypes.string_at(0)

    def do_crash_once(self, _: str) -> Any:
        return self.do_crash("") if self.count > 1 else self.count

    def do_exit(self, code: str) -> Any:
        os._exit(int(code or "3"))

    def do_kill(self, name: str) -> Any:
        os.kill(os.getpid(), getattr(signal, name))

    def do_close_fds(self, _: str) -> Any:
        os.closerange(3, 1_000)

    def do_write_fds(self, _: str) -> Any:
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, b"x" * 100)
            except OSError:
                continue
        return "written"

    def do_fork_and_return(self, _: str) -> Any:
        child = os.fork()
        if child:
            os.waitpid(child, 0)
        return "parent" if child else "child"

    def do_child(self, _: str) -> Any:
        """Leave a child in the worker's group, one in a group of its own, and an orphan."""
        sleep = [sys.executable, "-c", "import signal; signal.pause()"]
        plain = subprocess.Popen(sleep)
        grouped = subprocess.Popen(sleep, start_new_session=True)
        orphaning = (
            "import subprocess, sys;"
            "print(subprocess.Popen(sys.argv[1:], start_new_session=True, stdout=-3).pid)"
        )
        orphan = int(subprocess.check_output([sys.executable, "-c", orphaning, *sleep]))
        return [os.getpid(), plain.pid, grouped.pid, orphan]

    def do_hang(self, _: str) -> Any:
        signal.pause()


class Hanging(Node):
    """Hangs in one stage, once it has told its pid to who reads a FIFO."""

    def __init__(self, stage: str, fifo: str, **kwargs: Any) -> None:
        super().__init__(isolate=True, **kwargs)
        self.stage = stage
        self.fifo = fifo

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._arrive("loading")

    def initialize(self) -> Any:
        self._arrive("initialize")

    def process(self, data: Any) -> Any:
        if data == "hang":
            self._arrive("process")
        if data == "hang_coroutine":
            return self._never()
        return os.getpid()

    def flush(self) -> Any:
        self._arrive("flush")

    def cleanup(self) -> Any:
        self._arrive("cleanup")

    async def _never(self) -> None:
        self._tell()
        await asyncio.Event().wait()

    def _arrive(self, stage: str) -> None:
        if stage == self.stage:
            self._tell()
            signal.pause()

    def _tell(self) -> None:
        with open(self.fifo, "w") as file:
            file.write(str(os.getpid()))


class Unreadable:
    def __reduce__(self) -> Any:
        return _refuse_to_be_read, (os.getpid(),)


def _refuse_to_be_read(pid: int) -> Any:
    if os.getpid() != pid:
        raise RuntimeError("not here")
    return Unreadable()
