"""A page's `cancel` and the end of a session end the coroutines of nodes."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from webrtc_serving import AsyncCall, run, server_is_built, serving, until

pytest.importorskip("aiortc", reason="the peer of these tests")
from webrtc_peer import calling

pytestmark = [
    pytest.mark.native_only,
    pytest.mark.skipif(not server_is_built(), reason="built without the WebRTC server"),
]


class Thinking(AsyncCall):
    """Thinks for ten seconds about its first block, and answers to the others at once."""

    def __init__(self) -> None:
        super().__init__(self.think)
        self.begun = 0
        self.cancelled_at: float | None = None

    async def think(self, _: Any) -> dict[str, Any] | None:
        self.begun += 1
        if self.begun > 1:
            return {"type": "answer"}
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            self.cancelled_at = time.monotonic()
            raise
        return {"type": "thought"}


def test_cancel_of_the_page_cancels_a_coroutine_and_the_session_goes_on() -> None:
    async def test() -> None:
        node = Thinking()
        async with serving(lambda: node) as server, calling(server.url) as peer:
            await until(lambda: node.begun)
            sent_at = time.monotonic()
            peer.send({"type": "cancel"})
            await until(lambda: node.cancelled_at)
            assert node.cancelled_at is not None
            assert node.cancelled_at - sent_at < 5
            await peer.message("answer")
            kinds = {message["type"] for message in peer.messages}
            assert not kinds & {"thought", "error"}
            assert len(server.connections()) == 1

    run(test())


def test_what_begins_after_a_cancel_is_not_cancelled() -> None:
    class Counting(AsyncCall):
        def __init__(self) -> None:
            super().__init__(self.count)
            self.begun, self.lost, self.late = 0, 0, 0

        async def count(self, _: Any) -> None:
            self.begun += 1
            try:
                await asyncio.sleep(0.001)
            except asyncio.CancelledError:
                self.lost += 1
                raise

    async def test() -> None:
        node = Counting()
        async with serving(lambda: node) as server, calling(server.url) as peer:
            await until(lambda: node.begun > 10)
            for _ in range(20):
                peer.send({"type": "cancel"})
                begun = node.begun
                await until(lambda begun=begun: node.begun > begun + 1)  # type: ignore[misc]
            assert node.lost <= 20  # each takes at most the call that it finds
            assert not any(message["type"] == "error" for message in peer.messages)

    run(test())


def test_the_end_of_a_session_cancels_a_coroutine_that_would_hold_it_up() -> None:
    async def test() -> None:
        node = Thinking()
        ended: list[Any] = []
        async with serving(lambda: node, on_session_end=lambda *end: ended.append(end)) as server:
            async with calling(server.url):
                await until(lambda: node.begun)
            await until(lambda: ended)
            began = time.monotonic()
            await until(lambda: node.cancelled_at)
            assert time.monotonic() - began < 9

    run(test())
