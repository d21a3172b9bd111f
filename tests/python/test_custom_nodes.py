"""Nodes that users write: every form of `process`, state, life and failure, in both runtimes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest

from remotemedia import Node, NodeError, NodeTypeError, Pipeline
from remotemedia.nodes import AddNode, AudioResampleNode, MultiplyNode, PassThroughNode, VADNode
from signals import tone


class Sync(Node):
    def process(self, data: Any) -> Any:
        return data + 1


class Async(Node):
    async def process(self, data: Any) -> Any:
        await asyncio.sleep(0)
        return data + 1


class Generating(Node):
    def process(self, data: Any) -> Iterator[Any]:
        yield data
        yield data + 1


class AsyncGenerating(Node):
    async def process(self, data: Any) -> AsyncIterator[Any]:
        yield data
        await asyncio.sleep(0)
        yield data + 1


class Streaming(Node):
    is_streaming = True

    async def process(self, stream: AsyncIterator[Any]) -> AsyncIterator[Any]:  # type: ignore[override]
        total = 0
        async for item in stream:
            total += item
            yield total
        yield f"sum {total}"


class Quiet(Node):
    def process(self, data: Any) -> Any:
        return None


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (Sync, [2, 3]),
        (Async, [2, 3]),
        (Generating, [1, 2, 2, 3]),
        (AsyncGenerating, [1, 2, 2, 3]),
        (Streaming, [1, 3, "sum 3"]),
        (Quiet, None),
    ],
)
@pytest.mark.parametrize("how", ["run", "run_sync", "between"])
def test_every_form_of_process_works(node: Any, expected: Any, how: str, use_rust: bool) -> None:
    nodes = [PassThroughNode(), node(), PassThroughNode()] if how == "between" else [node()]
    pipeline = Pipeline(nodes)
    if how == "run_sync":
        assert pipeline.run_sync([1, 2], use_rust=use_rust) == expected
    else:
        assert asyncio.run(pipeline.run([1, 2], use_rust=use_rust)) == expected


def test_coroutines_run_on_the_loop_that_awaits_the_run(use_rust: bool) -> None:
    class Where(Node):
        async def process(self, data: Any) -> Any:
            return asyncio.get_running_loop(), threading.current_thread()

    async def main() -> None:
        found = await Pipeline([PassThroughNode(), Where()]).run(1, use_rust=use_rust)
        assert found == (asyncio.get_running_loop(), threading.current_thread())

    asyncio.run(main())


def test_sync_nodes_run_off_the_loop(use_rust: bool) -> None:
    class Where(Node):
        def process(self, data: Any) -> Any:
            return threading.current_thread()

    async def main() -> None:
        thread = await Pipeline([PassThroughNode(), Where()]).run(1, use_rust=use_rust)
        assert thread is not threading.current_thread()

    asyncio.run(main())


def test_life_is_initialize_process_flush_cleanup(use_rust: bool) -> None:
    calls = []

    class Logged(Node):
        async def initialize(self) -> None:
            calls.append("initialize")

        def process(self, data: Any) -> Any:
            calls.append(f"process {data}")

        async def flush(self) -> Any:
            calls.append("flush")
            return "rest"

        async def cleanup(self) -> None:
            calls.append("cleanup")

    pipeline = Pipeline([PassThroughNode(), Logged()])
    assert pipeline.run_sync([1, 2], use_rust=use_rust) == "rest"
    assert calls == ["initialize", "process 1", "process 2", "flush", "cleanup"]


def test_objects_pass_native_nodes_as_they_are(use_rust: bool) -> None:
    class Thing:
        pass

    thing = Thing()

    class Give(Node):
        def process(self, data: Any) -> Any:
            return thing

    nodes = [PassThroughNode(), Give(), PassThroughNode()]
    assert Pipeline(nodes).run_sync(1, use_rust=use_rust) is thing


def test_audio_of_a_users_node_reaches_native_nodes(use_rust: bool) -> None:
    class Louder(Node):
        def process(self, data: Any) -> Any:
            samples, rate = data
            return samples * np.float32(2), rate, {"gain": 2}

    nodes = [AudioResampleNode(), Louder(), VADNode()]
    item = (tone(440, 48_000, amplitude=0.25), 48_000)
    plain, _ = Pipeline([AudioResampleNode()]).run_sync(item, use_rust=use_rust)
    samples, rate, metadata = Pipeline(nodes).run_sync(item, use_rust=use_rust)
    assert np.array_equal(samples, plain * 2)
    assert rate == 16_000
    assert metadata["gain"] == 2
    assert metadata["is_speech"] is True


def test_metadata_of_the_item_stays_unless_the_node_gives_its_own(use_rust: bool) -> None:
    class Pair(Node):
        def process(self, data: Any) -> Any:
            return data[0], data[1]

    class Emptied(Node):
        def process(self, data: Any) -> Any:
            return data[0], data[1], {}

    item = (tone(rate=16_000), 16_000, {"who": "me"})
    kept = Pipeline([PassThroughNode(), Pair()]).run_sync(item, use_rust=use_rust)
    assert kept[2] == {"who": "me"}
    dropped = Pipeline([PassThroughNode(), Emptied()]).run_sync(item, use_rust=use_rust)
    assert len(dropped) == 2


def test_another_rate_of_a_users_node_is_not_guessed_from_its_input(use_rust: bool) -> None:
    class Relabel(Node):
        def process(self, data: Any) -> Any:
            return data[0], 8_000

    nodes = [AudioResampleNode(target_sample_rate=16_000), Relabel(), VADNode(sample_rate=8_000)]
    result = Pipeline(nodes).run_sync((tone(), 48_000), use_rust=use_rust)
    assert result[1] == 8_000


def test_state_is_kept_per_session_id_of_the_metadata(use_rust: bool) -> None:
    class Number(Node):
        def process(self, data: Any) -> Any:
            assert self.state is not None
            count = self.state.get("count", 0) + 1
            self.state.set("count", count)
            return self.get_session_id(), count

    silence = np.zeros((1, 8), np.float32)
    items = [(silence, 16_000, {"session_id": who}) for who in ("a", "b", "a", "a")]
    pipeline = Pipeline([PassThroughNode(), Number()])
    results = pipeline.run_sync(items, use_rust=use_rust)
    assert results == [("a", 1), ("b", 1), ("a", 2), ("a", 3)]


# --- failures


class Boom(Node):
    def __init__(self, stage: str, error: BaseException) -> None:
        super().__init__()
        self.stage = stage
        self.error = error

    def _maybe(self, stage: str) -> None:
        if stage == self.stage:
            raise self.error

    def initialize(self) -> None:
        self._maybe("initialize")

    def process(self, data: Any) -> Any:
        self._maybe("process")
        return data

    def flush(self) -> None:
        self._maybe("flush")


@pytest.mark.parametrize("stage", ["initialize", "process", "flush"])
def test_a_failure_names_node_type_stage_and_cause(stage: str, use_rust: bool) -> None:
    cause = LookupError("not in the book")
    pipeline = Pipeline([PassThroughNode(), Boom(stage, cause)])
    with pytest.raises(NodeError) as caught:
        pipeline.run_sync(1, use_rust=use_rust)
    error = caught.value
    assert (error.node_id, error.node_type, error.stage) == ("Boom_1", "Boom", stage)
    assert str(error) == (
        f"Execution error: node 'Boom_1' (Boom) failed in {stage}: LookupError: not in the book"
    )
    assert error.__cause__ is cause
    assert error.timestamp


def test_a_type_error_of_a_node_is_a_type_error(use_rust: bool) -> None:
    with pytest.raises(NodeTypeError) as caught:
        Pipeline([PassThroughNode(), Sync()]).run_sync("text", use_rust=use_rust)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, NodeError)


def test_a_failing_coroutine_is_the_nodes_failure(use_rust: bool) -> None:
    class AsyncBoom(Node):
        async def process(self, data: Any) -> Any:
            await asyncio.sleep(0)
            raise LookupError("late")

    with pytest.raises(NodeError, match="LookupError: late"):
        asyncio.run(Pipeline([AddNode(), AsyncBoom()]).run(1, use_rust=use_rust))


def test_a_failing_streaming_node_is_no_end_of_stream(use_rust: bool) -> None:
    class StreamingBoom(Node):
        is_streaming = True

        async def process(self, stream: AsyncIterator[Any]) -> AsyncIterator[Any]:  # type: ignore[override]
            async for item in stream:
                if item == 2:
                    raise LookupError("two")
                yield item

    pipeline = Pipeline([AddNode(addend=0), StreamingBoom()])
    with pytest.raises(NodeError, match="LookupError: two") as caught:
        asyncio.run(pipeline.run([1, 2, 3], use_rust=use_rust))
    assert caught.value.partial_results == [1]


@pytest.mark.parametrize("passing", [KeyboardInterrupt(), SystemExit(3)])
def test_what_is_no_failure_passes_unnamed(passing: BaseException, use_rust: bool) -> None:
    pipeline = Pipeline([PassThroughNode(), Boom("process", passing)])
    with pytest.raises(type(passing)):
        pipeline.run_sync(1, use_rust=use_rust)


@pytest.mark.parametrize("passing", [KeyboardInterrupt(), SystemExit(3)])
def test_what_is_no_failure_of_a_coroutine_reaches_the_caller_alone(
    passing: BaseException, use_rust: bool
) -> None:
    class Quitter(Node):
        async def process(self, data: Any) -> Any:
            if data == "quit":
                raise passing
            return data

    for _ in range(2):  # the loop of coroutines is still there
        with pytest.raises(type(passing)):
            Pipeline([Quitter()]).run_sync("quit", use_rust=use_rust)
        assert Pipeline([Quitter()]).run_sync("stay", use_rust=use_rust) == "stay"


def test_a_failure_downstream_is_not_the_upstream_nodes(use_rust: bool) -> None:
    class Careless(Node):
        """Swallows whatever happens while it gives its results."""

        def process(self, data: Any) -> Any:
            for number in range(200):  # more than a wave
                try:
                    yield number
                except Exception:
                    return

    pipeline = Pipeline([Careless(), Boom("process", LookupError("x"))])
    with pytest.raises(NodeError, match="Boom_1"):
        pipeline.run_sync(1, use_rust=use_rust)


def test_cleanup_that_fails_is_logged_and_the_result_stands(
    caplog: pytest.LogCaptureFixture, use_rust: bool
) -> None:
    class Untidy(Node):
        def process(self, data: Any) -> Any:
            return data

        def cleanup(self) -> None:
            raise OSError("cannot close")

    assert Pipeline([PassThroughNode(), Untidy()]).run_sync(5, use_rust=use_rust) == 5
    assert "Untidy" in caplog.text
    assert "cannot close" in caplog.text


def test_every_node_is_cleaned_up_after_a_failure(use_rust: bool) -> None:
    log = []

    class Logged(Node):
        def process(self, data: Any) -> Any:
            return data

        def cleanup(self) -> None:
            log.append(self.name)

    nodes = [Logged(name="a"), Boom("process", ValueError("x")), Logged(name="b"), AddNode()]
    with pytest.raises(NodeError):
        Pipeline(nodes).run_sync(1, use_rust=use_rust)
    assert sorted(log) == ["a", "b"]


@pytest.mark.parametrize("result", [(np.zeros((1, 4), complex), 16_000), (np.zeros(3), 5)])
def test_audio_that_is_none_is_the_fault_of_the_node_that_gives_it(
    result: Any, use_rust: bool
) -> None:
    class Wrong(Node):
        def process(self, data: Any) -> Any:
            return result

    with pytest.raises(NodeError) as caught:
        Pipeline([Wrong(), AddNode()]).run_sync(1, use_rust=use_rust)
    assert caught.value.node_id == "Wrong_0"


def test_process_of_a_builtin_node_runs_it_alone() -> None:
    assert MultiplyNode(factor=3).process(4) == 12
    samples, rate = AudioResampleNode().process((tone(), 48_000))
    assert samples.shape == (1, 16_000)
    assert rate == 16_000


def test_a_users_subclass_of_a_builtin_node_can_call_it() -> None:
    class Louder(AudioResampleNode):
        def process(self, data: Any = None) -> Any:
            samples, rate = super().process(data)
            return samples * 2, rate

    samples, _ = Pipeline([Louder(target_sample_rate=8_000)]).run_sync((tone(), 48_000))
    plain, _ = Pipeline([AudioResampleNode(target_sample_rate=8_000)]).run_sync((tone(), 48_000))
    assert np.array_equal(samples, plain * 2)
