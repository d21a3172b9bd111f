"""What a node that fails does to its WebRTC session."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from typing import Any

import numpy as np
import pytest

from remotemedia import Node
from webrtc_serving import Call, once, run, server_is_built, serving, until

pytest.importorskip("aiortc", reason="the peer of these tests")
from webrtc_peer import Peer, RefusedError, calling

pytestmark = [
    pytest.mark.native_only,
    pytest.mark.skipif(not server_is_built(), reason="built without the WebRTC server"),
]


class Mortal(Call):
    """Lives for so many blocks."""

    def __init__(self, blocks: int) -> None:
        super().__init__(self.live)
        self.left = blocks

    def live(self, _: Any) -> None:
        self.left -= 1
        if self.left == 0:
            raise LookupError("no such word")


def test_a_pipeline_that_fails_is_made_anew_and_the_session_goes_on() -> None:
    made: list[Call] = []
    blocks: list[Any] = []

    def make() -> Call:
        made.append(Mortal(20) if len(made) < 2 else Call(blocks.append))
        return made[-1]

    async def test() -> None:
        ended: list[Any] = []
        async with (
            serving(make, "restart", on_session_end=lambda *end: ended.append(end)) as server,
            calling(server.url) as peer,
        ):
            first = await peer.message("error", restarts=1)
            assert first["fatal"] is False
            assert first["message"].endswith("failed in process: LookupError: no such word")
            second = await peer.message("error", restarts=2)
            assert second["node_id"] == first["node_id"]
            await until(lambda: len(blocks) > 20)
            assert blocks[0][2]["session_id"] == peer.session_id
            assert len(made) == 3
            (listed,) = server.connections()
            assert listed["statistics"]["restarts"] == 2
            with urllib.request.urlopen(f"{server.url}/metrics") as answer:
                assert "remotemedia_server_session_restarts_total 2\n" in answer.read().decode()
            assert ended == []

    run(test())


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_a_node_that_gives_up_ends_its_session_and_not_the_server(
    kind: type[BaseException],
) -> None:
    def give_up(_: Any) -> None:
        raise kind("enough")

    async def test() -> None:
        ended: list[str] = []
        async with (
            serving(
                lambda: Call(give_up), on_session_end=lambda _, reason: ended.append(reason)
            ) as server,
            calling(server.url) as peer,
        ):
            told = await peer.message("error", fatal=True)
            assert kind.__name__ in told["message"]
            assert told["node_id"].startswith("call")
            await until(lambda: ended)
            assert server.connections() == []

    run(test())


@pytest.mark.parametrize("result", [b"RIFF", [(np.zeros(9, np.float32), 16_000)], {1}, 2**64])
def test_a_result_that_no_page_could_read_is_counted_and_the_session_goes_on(result: Any) -> None:
    async def test() -> None:
        blocks: list[Any] = []
        give = once(result)

        def give_once(block: Any) -> Any:
            blocks.append(block)
            return give(block)

        async with serving(lambda: Call(give_once)) as server, calling(server.url):
            await until(lambda: len(blocks) > 20)
            (listed,) = server.connections()
            assert listed["statistics"]["unknown_results"] == 1

    run(test())


def test_a_coroutine_that_gives_up_ends_its_session_and_not_the_event_loop() -> None:
    class Hopeless(Node):
        async def process(self, data: Any) -> Any:
            raise SystemExit(3)

    async def test() -> None:
        async with serving(Hopeless) as server, calling(server.url) as peer:
            told = await peer.message("error", fatal=True)
            assert "SystemExit" in told["message"]
            await until(lambda: server.connections() == [])

    run(test())


def test_a_node_that_gives_up_at_its_start_refuses_the_offer() -> None:
    class Hopeless(Call):
        def initialize(self) -> None:
            raise SystemExit(3)

    async def test() -> None:
        async with serving(lambda: Hopeless(lambda _: None)) as server:
            with pytest.raises(RefusedError) as refused:
                await Peer(lambda _: 0.3).call(server.url)
            assert refused.value.status == 500
            assert server.connections() == []

    run(test())


def test_a_pipeline_that_always_fails_ends_its_session_and_no_other() -> None:
    blocks: list[Any] = []
    made: list[Call] = []

    def make() -> Call:
        made.append(Mortal(5) if made else Call(blocks.append))
        return made[-1]

    async def test() -> None:
        ended: list[tuple[str, str]] = []
        async with (
            serving(make, "restart", on_session_end=lambda *end: ended.append(end)) as server,
            calling(server.url) as other,
            calling(server.url) as failed,
        ):
            told = await failed.message("error", fatal=True)
            assert "restarts" not in told
            await until(lambda: ended)
            assert ended[0][0] == failed.session_id
            assert "no such word" in ended[0][1]
            assert len(made) == 1 + 4
            count = len(blocks)
            await until(lambda: len(blocks) > count + 20)
            assert [one["id"] for one in server.connections()] == [other.session_id]
            assert not any(message["type"] == "error" for message in other.messages)
            assert json.dumps(server.connections())  # all of it is JSON

    run(test())
