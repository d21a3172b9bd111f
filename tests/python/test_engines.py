"""Both sessions, native and Python, run executors by the same rules."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from remotemedia import NodeError, RemoteMediaError, runtime
from remotemedia._graph_builder import build_graph
from remotemedia._packet import Emit, NodeContext, Packet
from remotemedia._session_python import PythonSession
from remotemedia.manifest import read_manifest

WAVE = 64


class Step:
    """An executor made of functions; notes its calls."""

    def __init__(
        self,
        process: Callable[[Packet, Emit], Any] | None = None,
        flush: Callable[[Emit], Any] | None = None,
        initialize: Callable[[NodeContext], Any] | None = None,
    ) -> None:
        self._process = process or (lambda packet, emit: emit(packet, 0))
        self._flush = flush or (lambda emit: None)
        self._initialize = initialize or (lambda context: None)
        self.calls: list[Any] = []

    def initialize(self, context: NodeContext) -> None:
        self.calls.append("initialize")
        self._initialize(context)

    def process(self, packet: Packet, emit: Emit) -> None:
        self.calls.append(packet.payload)
        self._process(packet, emit)

    def flush(self, emit: Emit) -> None:
        self.calls.append("flush")
        self._flush(emit)

    def cleanup(self) -> None:
        self.calls.append("cleanup")


class Bench:
    """A session of either kind around executors, in a chain unless edges are given."""

    def __init__(
        self,
        kind: str,
        *steps: Step,
        edges: list[tuple[str, str]] | None = None,
        sink: Callable[[str, Packet], None] | None = None,
    ) -> None:
        ids = [f"n{i}" for i in range(len(steps))]
        edges = list(itertools.pairwise(ids)) if edges is None else edges
        entries = [{"id": i, "node_type": "TextProcessorNode", "params": {}} for i in ids]
        manifest = {
            "version": "v1",
            "metadata": {"name": "bench"},
            "nodes": entries,
            "connections": [{"from": a, "to": b} for a, b in edges],
        }
        self.steps = dict(zip(ids, steps, strict=True))
        self.out: list[tuple[str, Packet]] = []
        sink = sink or (lambda node_id, packet: self.out.append((node_id, packet)))
        self.session: Any
        if kind == "python":
            graph = build_graph(read_manifest(manifest))
            self.session = PythonSession(
                graph, sink, lambda node: self.steps[node.id], session_id="s"
            )
        else:
            native = runtime.native_module()
            foreign = {i: (lambda i=i: self.steps[i], "python only", True, False) for i in ids}
            graph = native.Graph(manifest, foreign)
            self.session = native.Session(graph, "s", True, sink, None)

    @property
    def payloads(self) -> list[Any]:
        return [packet.payload for _, packet in self.out]


@pytest.fixture(params=["python", pytest.param("native", marks=pytest.mark.native_only)])
def kind(request: pytest.FixtureRequest) -> str:
    value: str = request.param
    return value


def burst(count: int) -> Step:
    """Gives the numbers below `count` for each packet."""

    def process(packet: Packet, emit: Emit) -> None:
        for number in range(count):
            if not emit(packet.with_payload(number), 0):
                return

    return Step(process)


def test_a_measurement_stays_as_it_was_taken(kind: str) -> None:
    bench = Bench(kind, Step())
    bench.session.push(Packet("a"))
    measured = bench.session.measure()
    expected = bench.session.metrics()
    bench.session.push(Packet("b"))
    bench.session.close()
    assert bench.session.metrics()["total_executions"] == 2
    late = measured()
    assert late["total_executions"] == 1
    # Of the process: it may have grown between the two.
    for own in ("peak_memory_bytes", "peak_memory_mb"):
        assert late.pop(own) <= expected.pop(own)
    assert late == expected


def test_life_of_a_node(kind: str) -> None:
    seen = []
    step = Step(flush=lambda emit: emit(Packet("rest"), 0), initialize=seen.append)
    bench = Bench(kind, step)
    bench.session.push(Packet("a"))
    bench.session.finish()
    bench.session.finish()  # repeatable
    bench.session.close()
    bench.session.close()
    assert step.calls == ["initialize", "a", "flush", "cleanup"]
    assert bench.payloads == ["a", "rest"]
    (context,) = seen
    assert context == NodeContext("n0", "TextProcessorNode", "s", None)


def test_the_flush_of_a_node_reaches_the_next_one_before_that_is_flushed(kind: str) -> None:
    order = []
    first = Step(flush=lambda emit: emit(Packet("rest"), 0))
    second = Step(
        lambda packet, emit: order.append(packet.payload), lambda emit: order.append("flush")
    )
    bench = Bench(kind, first, second)
    bench.session.finish()
    assert order == ["rest", "flush"]


def test_packets_are_numbered_per_output(kind: str) -> None:
    bench = Bench(kind, burst(3), Step(), Step(), edges=[("n0", "n1"), ("n0", "n2")])
    bench.session.push(Packet("x"))
    bench.session.push(Packet("x"))
    for node_id in ("n1", "n2"):
        numbers = [packet.sequence for name, packet in bench.out if name == node_id]
        assert numbers == [0, 1, 2, 3, 4, 5]


def test_few_packets_wait_whatever_a_node_emits(kind: str) -> None:
    given = taken = most_waiting = 0

    def give(packet: Packet, emit: Emit) -> None:
        nonlocal given, most_waiting
        for number in range(1_000):
            given += 1
            most_waiting = max(most_waiting, given - taken)
            emit(packet.with_payload(number), 0)

    def take(packet: Packet, emit: Emit) -> None:
        nonlocal taken
        taken += 1

    Bench(kind, Step(give), Step(take)).session.push(Packet("x"))
    assert taken == 1_000
    assert WAVE <= most_waiting < 2 * WAVE


def test_few_packets_wait_between_nodes_that_both_multiply(kind: str) -> None:
    waiting = most_waiting = 0

    def multiply(packet: Packet, emit: Emit) -> None:
        nonlocal waiting, most_waiting
        for _ in range(40):
            waiting += 1
            most_waiting = max(most_waiting, waiting)
            emit(packet, 0)

    def take(packet: Packet, emit: Emit) -> None:
        nonlocal waiting
        waiting -= 1

    Bench(kind, burst(60), Step(multiply), Step(take)).session.push(Packet("x"))
    assert waiting == 0
    assert most_waiting < 2 * WAVE


def test_a_failure_in_the_middle_of_an_emit_is_not_the_emitters(kind: str) -> None:
    def careless(packet: Packet, emit: Emit) -> None:
        for number in range(10 * WAVE):
            try:
                emit(packet.with_payload(number), 0)
            except Exception:
                return

    def fail(packet: Packet, emit: Emit) -> None:
        if packet.payload == 0:
            raise LookupError("deep")

    bench = Bench(kind, Step(careless), Step(fail))
    with pytest.raises(NodeError, match=r"node 'n1' .*: LookupError: deep") as caught:
        bench.session.push(Packet("x"))
    assert isinstance(caught.value.__cause__, LookupError)
    errors = [node["error_count"] for node in bench.session.metrics()["node_metrics"]]
    assert errors == [0, 1]


def test_after_a_failure_the_session_is_over(kind: str) -> None:
    def fail(packet: Packet, emit: Emit) -> None:
        raise LookupError("x")

    step = Step(fail)
    bench = Bench(kind, step)
    with pytest.raises(NodeError):
        bench.session.push(Packet("x"))
    for call in (lambda: bench.session.push(Packet("y")), bench.session.finish):
        with pytest.raises(ValueError, match="the session is finished, expected running"):
            call()
    bench.session.close()
    assert step.calls == ["initialize", "x", "cleanup"]


def test_a_failure_of_the_sink_passes_the_nodes_unnamed(kind: str) -> None:
    error = LookupError("full")

    def sink(node_id: str, packet: Packet) -> None:
        raise error

    def careless(packet: Packet, emit: Emit) -> None:
        try:
            emit(packet, 0)
        except Exception:
            return

    bench = Bench(kind, Step(careless), sink=sink)
    with pytest.raises(LookupError) as caught:
        bench.session.push(Packet("x"))
    assert caught.value is error
    (node,) = bench.session.metrics()["node_metrics"]
    assert node["error_count"] == 0


def test_a_sink_must_not_call_its_session(kind: str) -> None:
    def sink(node_id: str, packet: Packet) -> None:
        bench.session.push(packet)

    bench = Bench(kind, Step(), sink=sink)
    with pytest.raises(ValueError, match="the session is busy, expected idle"):
        bench.session.push(Packet("x"))


def test_stop_from_the_sink_stops_a_node_that_emits(kind: str) -> None:
    seen = []

    def sink(node_id: str, packet: Packet) -> None:
        seen.append(packet.payload)
        if packet.payload == 2:
            bench.session.stop()

    bench = Bench(kind, burst(1_000_000_000), Step(), sink=sink)
    bench.session.push(Packet("x"))
    assert seen == [0, 1, 2]
    bench.session.close()
    assert bench.steps["n1"].calls[-1] == "cleanup"


def test_close_from_the_sink_only_stops(kind: str) -> None:
    def sink(node_id: str, packet: Packet) -> None:
        bench.session.close()
        assert "cleanup" not in bench.steps["n0"].calls

    bench = Bench(kind, burst(1_000_000_000), sink=sink)
    bench.session.push(Packet("x"))
    bench.session.close()
    assert bench.steps["n0"].calls[-1] == "cleanup"


def test_nothing_is_delivered_after_a_stop(kind: str) -> None:
    bench = Bench(kind, Step(flush=lambda emit: emit(Packet("rest"), 0)))
    bench.session.stop()
    bench.session.push(Packet("x"))
    bench.session.finish()
    assert bench.out == []


def test_a_node_that_cannot_initialize_leaves_no_other_open(kind: str) -> None:
    def fail(context: NodeContext) -> None:
        raise OSError("no device")

    steps = Step(), Step(initialize=fail), Step()
    with pytest.raises(NodeError, match=r"'n1' .* failed in initialize: OSError: no device"):
        Bench(kind, *steps)
    assert [step.calls for step in steps] == [
        ["initialize", "cleanup"],
        ["initialize", "cleanup"],
        [],
    ]


def test_an_output_port_that_the_type_lacks_is_the_nodes_failure(kind: str) -> None:
    bench = Bench(kind, Step(lambda packet, emit: emit(packet, 1)))
    with pytest.raises(NodeError, match="emitted on a port that the node type does not declare"):
        bench.session.push(Packet("x"))


def test_what_is_no_exception_passes_unnamed(kind: str) -> None:
    def interrupt(packet: Packet, emit: Emit) -> None:
        raise KeyboardInterrupt

    bench = Bench(kind, Step(), Step(interrupt))
    with pytest.raises(KeyboardInterrupt):
        bench.session.push(Packet("x"))


def test_branches_get_packets_of_their_own(kind: str) -> None:
    def mark(packet: Packet, emit: Emit) -> None:
        packet.port = 7  # whatever a node does to its packet
        packet.metadata = {"marked": True}
        emit(packet, 0)

    bench = Bench(kind, Step(), Step(mark), Step(), edges=[("n0", "n1"), ("n0", "n2")])
    bench.session.push(Packet("x", {"own": 1}))
    by_node = dict(bench.out)
    assert by_node["n1"].metadata == {"marked": True}
    assert by_node["n2"].metadata == {"own": 1}
    assert {packet.port for packet in by_node.values()} == {0}


def test_metrics_have_the_same_shape(kind: str) -> None:
    metrics = Bench(kind, Step()).session.metrics()
    types = {name: type(value) for name, value in metrics.items()}
    assert types == {
        "pipeline_id": str,
        "total_executions": int,
        "total_duration_us": float,
        "total_duration_ms": float,
        "peak_memory_bytes": int,
        "peak_memory_mb": float,
        "node_metrics": list,
        "metrics_overhead_us": float,
        "duration_bucket_bounds_us": list,
    }
    (node,) = metrics["node_metrics"]
    counts, times = [int] * 3, [float] * 9
    assert [type(value) for value in node.values()][4:] == [*counts, *times, list, *[int] * 4]


def test_a_graph_with_input_has_no_sources_to_run(kind: str) -> None:
    bench = Bench(kind, Step())
    bench.session.run_sources()
    assert bench.out == []


def test_errors_of_calls_are_of_the_sdk(kind: str) -> None:
    bench = Bench(kind, Step())
    bench.session.finish()
    with pytest.raises(RemoteMediaError):
        bench.session.push(Packet("x"))
