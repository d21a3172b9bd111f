"""Servers for tests, each with a pipeline of one node."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Literal

from remotemedia import Node, Pipeline, runtime
from remotemedia.webrtc import WebRTCConfig, WebRTCServer


def server_is_built() -> bool:
    return hasattr(runtime.probe().module, "WebRtcServer")


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run it, but not for ever: a deadlock is a failure."""
    asyncio.run(asyncio.wait_for(test, 60))


class Call(Node):
    """Gives what a function gives of each block."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__(name="call")
        self.function = function

    def process(self, data: Any) -> Any:
        return self.function(data)


class AsyncCall(Call):
    async def process(self, data: Any) -> Any:
        return await self.function(data)


def nothing(_: Any) -> None:
    return None


def once(result: Any) -> Callable[[Any], Any]:
    """A function that gives a result for the first block only."""
    left = [result]
    return lambda _: left.pop() if left else None


@asynccontextmanager
async def serving(
    node: Callable[[], Node] = lambda: Call(nothing),
    on_failure: Literal["end", "restart"] = "end",
    **handlers: Any,
) -> AsyncIterator[WebRTCServer]:
    config = WebRTCConfig(port=0, shards=2, drain_timeout_s=0.0, on_failure=on_failure)
    async with WebRTCServer(config, lambda: Pipeline([node()]), **handlers) as server:
        yield server


async def until(fact: Callable[[], Any]) -> None:
    end = time.monotonic() + 20
    while not fact():
        assert time.monotonic() < end, "it has not come about"
        await asyncio.sleep(0.02)
