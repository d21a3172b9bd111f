"""Users' nodes in a session: each form of process, sessions, order, and what fails."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np
import pytest

from node_runs import RATE, Run, run
from remotemedia._items import give_item, parse_item
from remotemedia._packet import Executor, NodeContext, Packet
from remotemedia.node import Node


def context(loop: asyncio.AbstractEventLoop | None = None, session_id: str = "s") -> NodeContext:
    return NodeContext("n", "T", session_id, loop)


class Sync(Node):
    def process(self, data: Any) -> Any:
        return data + "!"


class Coroutine(Node):
    async def process(self, data: Any) -> Any:
        await asyncio.sleep(0)
        return data + "!"


class Awaiting(Node):
    def process(self, data: Any) -> Any:
        return Coroutine.process(self, data)  # type: ignore[arg-type]


class Generator(Node):
    def process(self, data: Any) -> Iterator[Any]:
        yield data + "!"


class AsyncGenerator(Node):
    async def process(self, data: Any) -> AsyncIterator[Any]:
        await asyncio.sleep(0)
        yield data + "!"


class Streaming(Node):
    is_streaming = True

    async def process(self, data: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for item in data:
            yield item + "!"


FORMS = [Sync, Coroutine, Awaiting, Generator, AsyncGenerator, Streaming]


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_process_gives_the_same_results(form: type[Node]) -> None:
    packets = run(form(), ["a", "b"], ends_clip=True)
    assert [give_item(p) for p in packets] == ["a!", "b!"]
    assert [p.ends_clip for p in packets] == [True, True]


@pytest.mark.parametrize("form", FORMS)
def test_results_are_there_when_process_returns(form: type[Node]) -> None:
    session = Run(form())
    for text in "ab":
        assert [give_item(p) for p in session.push(text)] == [text + "!"]
    assert session.finish() == []


@pytest.mark.parametrize("form", FORMS)
def test_a_result_keeps_the_metadata_of_its_item(form: type[Node]) -> None:
    session = Run(form())
    (packet,) = session.give(Packet("a", {"k": 1}, timestamp_ns=5))
    assert (packet.metadata, packet.timestamp_ns) == ({"k": 1}, 5)
    session.finish()


@pytest.mark.parametrize("form", [Coroutine, AsyncGenerator, Streaming])
def test_coroutines_run_on_the_given_loop(form: type[Node]) -> None:
    seen = []

    class Watching(form):  # type: ignore[misc, valid-type]
        async def initialize(self) -> None:
            seen.append(asyncio.get_running_loop())

        async def flush(self) -> str:
            seen.append(asyncio.get_running_loop())
            return "end"

        async def cleanup(self) -> None:
            seen.append(asyncio.get_running_loop())

    def work(loop: asyncio.AbstractEventLoop) -> list[Any]:
        executor = Watching()._make_executor()
        packets: list[Packet] = []

        def emit(packet: Packet, port: int) -> bool:
            packets.append(packet)
            return True

        executor.initialize(context(loop))
        executor.process(parse_item("a"), emit)
        executor.flush(emit)
        executor.cleanup()
        return [give_item(p) for p in packets]

    async def main() -> list[Any]:
        return await asyncio.to_thread(work, asyncio.get_running_loop())

    assert asyncio.run(main()) == ["a!", "end"]
    assert len(seen) == 3
    assert len(set(map(id, seen))) == 1


def test_without_a_loop_all_coroutines_share_one_that_outlives_the_session() -> None:
    loops = set()

    class Watching(Coroutine):
        async def process(self, data: Any) -> Any:
            loops.add(asyncio.get_running_loop())

    run(Watching(), ["a"])
    run(Watching(), ["a"])
    assert len(loops) == 1


def test_waiting_for_a_coroutine_on_its_own_loop_is_refused() -> None:
    async def main() -> None:
        executor = Coroutine()._make_executor()
        executor.initialize(context(asyncio.get_running_loop()))
        executor.process(parse_item("a"), lambda packet, port: True)

    with pytest.raises(ValueError, match=r"the one of the event loop.*await pipeline\.run"):
        asyncio.run(main())


# --- several results, and none


class Pieces(Node):
    def process(self, data: Any) -> Iterator[Any]:
        yield from data


class AsyncPieces(Node):
    async def process(self, data: Any) -> AsyncIterator[Any]:
        for piece in data:
            yield piece


class StreamedPieces(Node):
    is_streaming = True

    async def process(self, data: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for item in data:
            for piece in item:
                yield piece


@pytest.mark.parametrize("form", [Pieces, AsyncPieces, StreamedPieces])
def test_the_last_result_of_a_clip_ends_it(form: type[Node]) -> None:
    clip = run(form(), [("a", "b"), ("c",), ()], ends_clip=True)
    assert [(give_item(p), p.ends_clip) for p in clip] == [("a", False), ("b", True), ("c", True)]
    stream = run(form(), [("a", "b")])
    assert [p.ends_clip for p in stream] == [False, False]


@pytest.mark.parametrize("form", [Pieces, AsyncPieces, StreamedPieces])
def test_none_is_no_result(form: type[Node]) -> None:
    packets = run(form(), [(None, "a", None)], ends_clip=True)
    assert [(give_item(p), p.ends_clip) for p in packets] == [("a", True)]


class Endless(Node):
    closed = False

    def process(self, data: Any) -> Iterator[Any]:
        try:
            while True:
                yield data
        finally:
            type(self).closed = True


class AsyncEndless(Node):
    closed = False

    async def process(self, data: Any) -> AsyncIterator[Any]:
        try:
            while True:
                yield data
        finally:
            type(self).closed = True


@pytest.mark.parametrize("form", [Endless, AsyncEndless])
def test_a_generator_is_closed_when_the_session_was_cancelled(form: Any) -> None:
    form.closed = False
    executor: Executor = form()._make_executor()
    executor.initialize(context())
    count = iter(range(5))
    executor.process(parse_item("a"), lambda packet, port: next(count) < 3)
    assert form.closed
    assert next(count) == 4


def test_results_leave_before_the_generator_goes_on() -> None:
    order = []

    class Ordered(Node):
        async def process(self, data: Any) -> AsyncIterator[Any]:
            for i in range(3):
                order.append(f"make {i}")
                yield i

    def emit(packet: Packet, port: int) -> bool:
        order.append(f"emit {packet.payload}")
        return True

    executor = Ordered()._make_executor()
    executor.initialize(context())
    executor.process(parse_item("a"), emit)
    assert order == ["make 0", "emit 0", "make 1", "emit 1", "make 2", "emit 2"]


# --- audio


def test_a_node_sees_audio_as_the_user_writes_it_and_answers_in_any_form() -> None:
    class Half(Node):
        def process(self, data: Any) -> Any:
            samples, rate, metadata = data
            return samples / 2, rate, {**metadata, "halved": True}

    class Bare(Node):
        def process(self, data: Any) -> Any:
            return {"audio_data": data["audio_data"], "sample_rate": 8_000}

    samples = np.ones((1, 4), np.float32)
    (packet,) = run(Half(), [(samples, RATE, {"k": 1})])
    result, _, metadata = give_item(packet)
    assert np.array_equal(result, samples / 2)
    assert metadata == {"k": 1, "halved": True}
    mapping = {"audio_data": samples, "sample_rate": RATE, "metadata": {"k": 1}}
    (packet,) = run(Bare(), [mapping])
    assert give_item(packet)["metadata"] == {"k": 1}


def test_a_result_that_is_no_valid_audio_is_a_type_error() -> None:
    class Wrong(Node):
        def process(self, data: Any) -> Any:
            return np.zeros((1, 3), np.complex64), RATE

    with pytest.raises(TypeError, match="dtype complex64"):
        run(Wrong(), ["a"])


# --- flush


@pytest.mark.parametrize("sync", [True, False])
def test_flush_gives_the_rest_in_the_last_envelope(sync: bool) -> None:
    class Held(Node):
        def __init__(self) -> None:
            super().__init__()
            self.items: list[Any] = []

        def process(self, data: Any) -> None:
            self.items.append(data)

        def flush(self) -> Any:
            return iter_of(self.items) if sync else async_iter_of(self.items)

    def iter_of(items: list[Any]) -> Iterator[Any]:
        yield from items

    async def async_iter_of(items: list[Any]) -> AsyncIterator[Any]:
        for item in items:
            yield item

    session = Run(Held())
    session.give(Packet("a", {"k": 1}, ends_clip=True))
    session.give(Packet("b", {"k": 2}, ends_clip=True))
    packets = session.finish()
    assert [(give_item(p), p.metadata, p.ends_clip) for p in packets] == [
        ("a", {"k": 2}, False),
        ("b", {"k": 2}, False),
    ]


# --- streaming nodes


def test_a_streaming_node_may_speak_before_between_and_after_its_items() -> None:
    class Talking(Node):
        is_streaming = True

        async def process(self, data: AsyncIterator[Any]) -> AsyncIterator[Any]:
            yield "begin"
            count = 0
            async for _ in data:
                count += 1
                if count % 2 == 0:
                    yield count
            yield "end"

    session = Run(Talking())
    assert [give_item(p) for p in session.push("a")] == ["begin"]
    assert [give_item(p) for p in session.push("b")] == [2]
    assert session.push("c") == []
    assert [give_item(p) for p in session.finish()] == ["end"]
    assert [give_item(p) for p in run(Talking(), [])] == ["begin", "end"]


def test_a_streaming_node_that_ends_early_takes_no_more_items() -> None:
    class First(Node):
        is_streaming = True

        async def process(self, data: AsyncIterator[Any]) -> AsyncIterator[Any]:
            async for item in data:
                yield item
                return

    assert [give_item(p) for p in run(First(), ["a", "b", "c"])] == ["a"]


def test_a_streaming_coroutine_gives_one_result_for_the_whole_stream() -> None:
    class Count(Node):
        is_streaming = True

        async def process(self, data: AsyncIterator[Any]) -> int:
            return len([item async for item in data])

    assert [give_item(p) for p in run(Count(), ["a", "b", "c"])] == [3]


def test_a_streaming_node_that_is_not_async_is_refused() -> None:
    class NotAsync(Node):
        is_streaming = True

        def process(self, data: Any) -> Any:
            return [1]

    with pytest.raises(TypeError, match="NotAsync gave a list, expected an async generator"):
        run(NotAsync(), ["a"])


def test_an_unfinished_streaming_node_is_closed_at_cleanup() -> None:
    closed = []

    class Closing(Node):
        is_streaming = True

        async def process(self, data: AsyncIterator[Any]) -> AsyncIterator[Any]:
            try:
                async for item in data:
                    yield item
            finally:
                closed.append(True)

    session = Run(Closing())
    session.push("a")
    assert closed == []
    session.executor.cleanup()
    assert closed == [True]


# --- sessions


def test_the_session_is_that_of_the_metadata_then_of_the_item_then_of_the_run() -> None:
    class Who(Node):
        def process(self, data: Any) -> Any:
            return self.get_session_id()

        async def flush(self) -> Any:
            return self.get_session_id()

    session = Run(Who())
    session.give(Packet("x", {"session_id": "meta"}))
    session.push({"session_id": "item"})
    session.push("x")
    session.finish()
    assert [give_item(p) for p in session.packets] == ["meta", "item", "session", "session"]


@pytest.mark.parametrize("form", [Sync, Coroutine, Generator, AsyncGenerator, Streaming])
def test_every_form_has_the_state_of_its_session(form: type[Node]) -> None:
    counts: list[tuple[str | None, int]] = []

    def count(node: Node) -> None:
        assert node.state is not None
        node.state.set("count", node.state.get("count", 0) + 1)
        counts.append((node.get_session_id(), node.state.get("count")))

    class Text(str):
        def __add__(self, other: str) -> Any:
            count(node)
            return "x"

    node = form()
    session = Run(node)
    for session_id in ("a", "b", "a"):
        session.give(Packet(Text(), {"session_id": session_id}))
    session.finish()
    assert counts == [("a", 1), ("b", 1), ("a", 2)]


# --- initialize and cleanup


class Counting(Node):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def initialize(self) -> None:
        self.calls.append("initialize")

    def process(self, data: Any) -> Any:
        return data

    def cleanup(self) -> None:
        self.calls.append("cleanup")


def test_sessions_that_overlap_share_one_initialization() -> None:
    node = Counting()
    first, second = Run(node), Run(node)
    first.finish()
    assert node.calls == ["initialize"]
    second.push("a")
    second.finish()
    assert node.calls == ["initialize", "cleanup"]
    run(node, [])
    assert node.calls == ["initialize", "cleanup"] * 2


def test_a_failed_initialization_is_cleaned_up_and_may_be_repeated() -> None:
    class Failing(Counting):
        def initialize(self) -> None:
            super().initialize()
            if len(self.calls) == 1:
                raise OSError("no device")

    node = Failing()
    executor = node._make_executor()
    with pytest.raises(OSError, match="no device"):
        executor.initialize(context())
    executor.cleanup()
    assert node.calls == ["initialize", "cleanup"]
    run(node, ["a"])
    assert node.calls == ["initialize", "cleanup"] * 2


def test_a_failing_cleanup_is_logged_and_does_not_hide_the_result(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Failing(Counting):
        def cleanup(self) -> None:
            raise OSError("stuck")

    assert [give_item(p) for p in run(Failing(), ["a"])] == ["a"]
    assert "cleanup of node 'Failing' failed" in caplog.text
    assert caplog.records[0].levelno == logging.ERROR


# --- failures


class DeviceError(Exception):
    pass


def fail_now(data: Any) -> Any:
    raise DeviceError(data)


async def fail_later(data: Any) -> Any:
    await asyncio.sleep(0)
    raise DeviceError(data)


def fail_after_one(data: Any) -> Iterator[Any]:
    yield "one"
    raise DeviceError(data)


async def fail_after_one_later(data: Any) -> AsyncIterator[Any]:
    yield "one"
    raise DeviceError(data)


@pytest.mark.parametrize("fail", [fail_now, fail_later, fail_after_one, fail_after_one_later])
def test_an_exception_passes_as_it_is(fail: Callable[[Any], Any]) -> None:
    class Failing(Node):
        def process(self, data: Any) -> Any:
            return fail(data)

    session = Run(Failing())
    with pytest.raises(DeviceError, match="a"):
        session.push("a")
    assert all(give_item(p) == "one" for p in session.packets)
    session.executor.cleanup()


def test_an_exception_of_a_streaming_node_passes_where_it_happens() -> None:
    class Failing(Node):
        is_streaming = True

        async def process(self, data: AsyncIterator[Any]) -> AsyncIterator[Any]:
            async for item in data:
                if item == "bad":
                    raise DeviceError(item)
                yield item

    session = Run(Failing())
    assert len(session.push("good")) == 1
    with pytest.raises(DeviceError, match="bad"):
        session.push("bad")
    session.executor.cleanup()


def test_an_exception_of_the_receiver_closes_the_node_and_passes() -> None:
    def emit(packet: Packet, port: int) -> bool:
        raise DeviceError("receiver")

    AsyncEndless.closed = False
    executor = AsyncEndless()._make_executor()
    executor.initialize(context())
    with pytest.raises(DeviceError, match="receiver"):
        executor.process(parse_item("a"), emit)
    assert AsyncEndless.closed


def test_sessions_of_a_streaming_node_run_side_by_side() -> None:
    node = Streaming()
    results: dict[int, list[Any]] = {}

    def work(number: int) -> None:
        items = [f"{number}-{i}" for i in range(20)]
        results[number] = [give_item(p) for p in run(node, items)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(4):
        assert results[number] == [f"{number}-{i}!" for i in range(20)]
