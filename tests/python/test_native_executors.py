"""Python executors as nodes of a native graph."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import traceback
from typing import Any

import numpy as np
import pytest

from native_graphs import Echo, Run, audio_packet, chain, manifest, native, noise
from remotemedia._packet import Emit, NodeContext, Packet
from remotemedia.exceptions import ConfigurationError, NodeError, NodeTypeError

pytestmark = pytest.mark.native_only


class Factory:
    """Makes executors and keeps them for the test."""

    def __init__(self, kind: type[Echo] = Echo) -> None:
        self.kind = kind
        self.made: list[Any] = []

    def __call__(self) -> Any:
        self.made.append(self.kind())
        return self.made[-1]


def test_an_executor_is_called_in_order_with_the_packets_of_its_session() -> None:
    factory, loop = Factory(), asyncio.new_event_loop()
    run = Run(chain("PassThroughNode", factory), loop=loop)
    run.session.push(Packet("a", {"k": 1}))
    run.session.push(Packet("b"))
    run.session.finish()
    run.session.close()
    [executor] = factory.made
    context, first, second, *rest = executor.calls
    assert context == NodeContext("n1", "Custom", "session-1", loop)
    assert (first.payload, first.metadata, second.payload) == ("a", {"k": 1}, "b")
    assert rest == ["flush", "cleanup"]
    assert run.payloads == ["a", "b"]
    loop.close()


def test_every_session_has_its_own_executor() -> None:
    factory = Factory()
    graph = chain(factory)
    runs = [Run(graph), Run(graph)]
    assert len(factory.made) == 2
    runs[0].session.push(Packet("x"))
    assert len(factory.made[1].calls) == 1  # the context only


class Tripling(Echo):
    def process(self, packet: Packet, emit: Emit) -> None:
        for number in range(3):
            assert emit(packet.with_payload((packet.payload, number)), 0) is True

    def flush(self, emit: Emit) -> None:
        emit(Packet("rest"))


def test_packets_arrive_in_the_order_they_were_emitted() -> None:
    run = Run(chain(Tripling, "PassThroughNode"))
    for item in (1, 2):
        run.session.push(Packet(item))
    run.session.finish()
    expected = [(item, number) for item in (1, 2) for number in range(3)]
    assert run.payloads == [*expected, "rest"]
    assert [packet.sequence for packet in run.packets] == list(range(7))


class Doubling(Echo):
    def process(self, packet: Packet, emit: Emit) -> None:
        audio = packet.payload
        audio.samples *= 2
        emit(packet, 0)


def test_audio_flows_through_both_languages_without_a_copy() -> None:
    plain = Run(chain("AudioResampleNode"))
    run = Run(chain("AudioResampleNode", Doubling, "VADNode"))
    for each in (plain, run):
        each.session.push(audio_packet(noise(4_800), 48_000, ends_clip=True))
    [expected], [result] = plain.payloads, run.payloads
    assert np.array_equal(result.samples, 2 * expected.samples)
    assert result.samples.base is not None


class Failing(Echo):
    error: BaseException = ValueError("cannot do that")
    stage = "process"

    def initialize(self, context: NodeContext) -> None:
        super().initialize(context)
        self.fail("initialize")

    def process(self, packet: Packet, emit: Emit) -> None:
        self.fail("process")

    def flush(self, emit: Emit) -> None:
        self.fail("flush")

    def fail(self, stage: str) -> None:
        if self.stage == stage:
            raise self.error


def failing(error: BaseException, stage: str = "process") -> Factory:
    class Kind(Failing):
        pass

    Kind.error, Kind.stage = error, stage
    return Factory(Kind)


def run_whole(*nodes: Any) -> None:
    run = Run(chain(*nodes))
    try:
        run.session.push(Packet("x"))
        run.session.finish()
    finally:
        run.session.close()


@pytest.mark.parametrize("stage", ["initialize", "process", "flush"])
def test_an_exception_is_the_cause_of_a_node_error(stage: str) -> None:
    error = ValueError("cannot do that")
    with pytest.raises(NodeError) as raised:
        run_whole("PassThroughNode", failing(error, stage), "PassThroughNode")
    failed = raised.value
    assert str(failed) == (
        f"Execution error: node 'n1' (Custom) failed in {stage}: ValueError: cannot do that"
    )
    assert (failed.node_id, failed.node_type, failed.stage) == ("n1", "Custom", stage)
    assert failed.__cause__ is error
    frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert frames == [stage, "fail"]


def test_a_type_error_makes_a_node_type_error() -> None:
    with pytest.raises(NodeTypeError) as raised:
        run_whole(failing(TypeError("not that")))
    assert isinstance(raised.value.__cause__, TypeError)


def test_an_error_of_the_sdk_keeps_its_hint() -> None:
    with pytest.raises(NodeError) as raised:
        run_whole(failing(ConfigurationError("wrong", hint="do it right")))
    assert raised.value.hint == "do it right"
    assert str(raised.value).endswith("failed in process: wrong; do it right")


class Interrupt(BaseException):
    pass


@pytest.mark.parametrize("stage", ["initialize", "process", "flush"])
@pytest.mark.parametrize(
    "kind", [KeyboardInterrupt, SystemExit, asyncio.CancelledError, GeneratorExit, Interrupt]
)
def test_what_is_no_error_passes_unchanged(kind: type[BaseException], stage: str) -> None:
    error = kind("stop")
    with pytest.raises(kind) as raised:
        run_whole("PassThroughNode", failing(error, stage))
    assert raised.value is error
    assert raised.traceback[-1].name == "fail"


def test_a_failed_node_counts_as_an_error_in_the_metrics() -> None:
    run = Run(chain(failing(ValueError())))
    with pytest.raises(NodeError):
        run.session.push(Packet("x"))
    [node] = run.session.metrics()["node_metrics"]
    assert (node["execution_count"], node["success_count"], node["error_count"]) == (1, 0, 1)


def test_the_first_node_that_fails_is_named_though_others_pass_its_error_on() -> None:
    error = KeyError("inner")
    factories = [Factory(), Factory(), failing(error)]
    run = Run(chain(*factories))
    with pytest.raises(NodeError) as raised:
        run.session.push(Packet("x"))
    assert raised.value.node_id == "n2"
    assert raised.value.__cause__ is error


class Swallowing(Echo):
    def process(self, packet: Packet, emit: Emit) -> None:
        for _ in range(100):
            try:
                emit(packet, 0)
            except Exception as error:
                self.calls.append(error)


def test_an_executor_that_swallows_an_error_of_emit_does_not_hide_it() -> None:
    error = ValueError("from the sink")

    def sink(node_id: str, packet: Packet) -> None:
        raise error

    factory = Factory(Swallowing)
    run = Run(chain(factory), sink)
    with pytest.raises(ValueError, match="from the sink") as raised:
        run.session.push(Packet("x"))
    assert raised.value is error
    assert factory.made[0].calls[1] is error


def test_an_executor_sees_the_named_error_of_a_later_node() -> None:
    factory = Factory(Swallowing)
    run = Run(chain(factory, failing(ValueError("later"))))
    with pytest.raises(NodeError, match=r"node 'n1' .*later"):
        run.session.push(Packet("x"))
    assert any(isinstance(call, NodeError) for call in factory.made[0].calls)


class Keeping(Echo):
    def process(self, packet: Packet, emit: Emit) -> None:
        self.emit = emit


def test_emit_works_only_in_the_call_that_it_is_given_to() -> None:
    factory = Factory(Keeping)
    run = Run(chain(factory))
    run.session.push(Packet("x"))
    with pytest.raises(ConfigurationError, match="emit is called outside of its call"):
        factory.made[0].emit(Packet("x"), 0)
    run.session.close()
    del run
    with pytest.raises(ConfigurationError, match="emit is called outside of its call"):
        factory.made[0].emit(Packet("x"), 0)


class OtherThread(Echo):
    def process(self, packet: Packet, emit: Emit) -> None:
        def call() -> None:
            try:
                emit(packet, 0)
            except Exception as error:
                self.calls.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()


def test_emit_is_refused_on_another_thread_than_the_session_s() -> None:
    factory = Factory(OtherThread)
    run = Run(chain(factory))
    run.session.push(Packet("x"))
    assert isinstance(factory.made[0].calls[-1], ConfigurationError)
    assert run.out == []


class Wrong(Echo):
    port: Any = 0
    packet: Any = Packet("x")

    def process(self, packet: Packet, emit: Emit) -> None:
        emit(self.packet, self.port)


@pytest.mark.parametrize(
    ("packet", "port", "text"),
    [
        (Packet("x"), 1, "emitted on a port that the node type does not declare"),
        ("x", 0, "expected a Packet, got str 'x'"),
        (audio_packet(noise(2, 9).T), 0, "audio has dtype <f4 and shape"),
        (audio_packet(noise(9), rate=16), 0, "rate is 16, expected 8000..192000"),
        (Packet("x", {"k": 2**63}), 0, "does not fit 64 bits"),
    ],
)
def test_a_packet_that_cannot_be_sent_is_the_nodes_error(packet: Any, port: int, text: str) -> None:
    class Kind(Wrong):
        pass

    Kind.packet, Kind.port = packet, port
    with pytest.raises(NodeError, match=text) as raised:
        run_whole(Kind)
    assert raised.value.node_id == "n0"


def test_emit_tells_that_the_session_was_stopped() -> None:
    answers: list[bool] = []

    class Endless(Echo):
        def process(self, packet: Packet, emit: Emit) -> None:
            while True:
                answers.append(emit(packet, 0))
                if not answers[-1]:
                    return

    def sink(node_id: str, packet: Packet) -> None:
        if len(answers) == 4:
            run.session.stop()

    run = Run(chain(Endless), sink)
    run.session.push(Packet("x"))
    assert answers == [True] * 4 + [False]


def test_an_executor_cannot_use_its_own_session() -> None:
    refused: list[Exception] = []

    class Reentrant(Echo):
        def process(self, packet: Packet, emit: Emit) -> None:
            for call in (lambda: run.session.push(packet), run.session.finish):
                try:
                    call()
                except ConfigurationError as error:
                    refused.append(error)
            run.session.metrics()

    run = Run(chain(Reentrant))
    run.session.push(Packet("x"))
    assert len(refused) == 2


def test_an_executor_can_run_another_session_inside() -> None:
    class Outer(Echo):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Run(chain(Tripling))

        def process(self, packet: Packet, emit: Emit) -> None:
            self.inner.session.push(packet)
            for result in self.inner.packets:
                emit(result, 0)

    run = Run(chain(Outer, "PassThroughNode"))
    run.session.push(Packet(7))
    assert run.payloads == [(7, 0), (7, 1), (7, 2)]


def test_executors_are_cleaned_up_once_whatever_happened() -> None:
    for last in (Factory(), failing(ValueError()), failing(ValueError(), "flush")):
        factories = [Factory(), last]
        with contextlib.suppress(NodeError):
            run_whole(*factories)
        assert [f.made[0].calls.count("cleanup") for f in factories] == [1, 1]


def test_a_node_that_cannot_be_initialised_does_not_leave_others_behind() -> None:
    first, last = Factory(), Factory()
    with pytest.raises(NodeError, match="failed in initialize"):
        Run(chain(first, failing(OSError("no"), "initialize"), last))
    assert first.made[0].calls[-1] == "cleanup"
    assert last.made == []


def test_a_factory_that_fails_is_the_nodes_error() -> None:
    def factory() -> Any:
        raise OSError("no model")

    with pytest.raises(NodeError, match=r"node 'n0' .* failed in initialize: OSError: no model"):
        Run(chain(factory))


def test_an_error_in_cleanup_is_reported_and_does_not_replace_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Dirty(Failing):
        def cleanup(self) -> None:
            raise OSError("still open")

    reported: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", lambda args: reported.append(args.exc_value))
    with pytest.raises(NodeError, match="cannot do that"):
        run_whole(Dirty)
    assert [str(error) for error in reported] == ["still open"]


def test_a_built_in_type_in_python_keeps_what_the_registry_says_of_it() -> None:
    nodes = [
        {"id": "in", "node_type": "AudioResampleNode", "params": {"target_sample_rate": 8_000}},
        {"id": "vad", "node_type": "VADNode", "params": {"sample_rate": 8_000}},
    ]
    factory = Factory()
    graph = native().Graph(manifest(nodes), {"vad": (factory, "hint python", True, False)})
    assert graph.continuous
    blocks = [
        audio_packet(noise(8), 8_000, metadata={"speech_frames": 2, "other": 2}) for _ in range(2)
    ]
    joined = native().join_packets(graph, blocks)
    assert joined.metadata == {"speech_frames": 4, "other": 2}


def test_a_built_in_type_in_python_is_checked_like_a_native_one() -> None:
    def build(**params: Any) -> None:
        nodes = [
            {"id": "in", "node_type": "AudioResampleNode"},
            {"id": "vad", "node_type": "VADNode", "params": params},
        ]
        native().Graph(manifest(nodes), {"vad": (Echo, "hint python", True, False)})

    build()
    with pytest.raises(ValueError, match="16000"):
        build(sample_rate=8_000)
    with pytest.raises(ValueError, match="did you mean 'aggressiveness'"):
        build(agressiveness=3)


def test_a_streaming_type_of_the_user_is_known_as_such() -> None:
    nodes = [{"id": "a", "node_type": "Custom", "is_streaming": True}]
    native().Graph(manifest(nodes), {"a": (Echo, "python only", False, True)})
    with pytest.raises(ValueError, match="is_streaming"):
        native().Graph(manifest(nodes), {"a": (Echo, "python only", False, False)})
