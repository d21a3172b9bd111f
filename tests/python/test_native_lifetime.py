"""Sessions leave nothing behind: dropped, failed, in cycles, at the interpreter's end."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest

import remotemedia
from native_graphs import Echo, Run, audio_packet, chain, native, noise
from processes import wait_until
from remotemedia._packet import Emit, NodeContext, Packet

pytestmark = pytest.mark.native_only


class Thing:
    """Something that can be watched."""


class Keeping:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []

    def __call__(self, node_id: str, packet: Packet) -> None:
        self.packets.append(packet)


def is_gone(reference: weakref.ref[Any]) -> bool:
    gc.collect()
    return reference() is None


def test_a_thousand_sessions_leave_no_reference_behind() -> None:
    array, item = noise(480), Thing()
    graph = chain("PassThroughNode", Echo, ("BufferNode", {"buffer_size": 3}))
    watched: list[weakref.ref[Any]] = []

    def one_session() -> None:
        executor_sink = Thing()
        executor_sink.out = []  # type: ignore[attr-defined]
        watched.append(weakref.ref(executor_sink))
        session = native().Session(
            graph,
            "s",
            True,
            lambda node_id, packet, keep=executor_sink: keep.out.append(packet),
            None,
        )
        session.push(audio_packet(array, metadata={"k": [1, "x"]}))
        session.push(Packet(item))
        if len(watched) % 3:
            session.finish()
        if len(watched) % 2:
            session.close()

    one_session()
    gc.collect()
    before = [sys.getrefcount(x) for x in (array, item, graph, Packet, None)]
    objects = len(gc.get_objects())
    for _ in range(1_000):
        one_session()
    gc.collect()
    assert [sys.getrefcount(x) for x in (array, item, graph, Packet)] == before[:-1]
    assert abs(sys.getrefcount(None) - before[-1]) < 500
    assert len(gc.get_objects()) - objects < 1_000 + 100  # the list of weak references
    assert all(reference() is None for reference in watched)


def test_a_session_whose_last_reference_a_lane_has_goes_without_harm() -> None:
    for _ in range(500):
        sink = Keeping()
        session = native().Session(chain(Echo), "session", False, sink, None, lanes="nodes")
        session.push(Packet(1))
        session.finish()
        session.close()
        del session  # perhaps before the lane's thread is back in the pool
        assert len(sink.packets) == 1


def test_a_session_dropped_in_the_middle_cleans_up() -> None:
    calls: list[str] = []

    class Noting(Echo):
        def cleanup(self) -> None:
            calls.append("cleanup")

    item = Thing()
    gone = weakref.ref(item)
    run = Run(chain(Noting, ("BufferNode", {"buffer_size": 5})))
    run.session.push(Packet(item))
    del item
    assert not is_gone(gone)
    del run
    assert is_gone(gone)
    assert calls == ["cleanup"]


def test_a_sink_that_holds_its_session_is_collected_with_it() -> None:
    def make_cycle() -> weakref.ref[Any]:
        sink = Keeping()
        session = native().Session(chain("PassThroughNode"), "s", True, sink, None)
        session.push(Packet(session))
        return weakref.ref(sink)

    assert is_gone(make_cycle())


def test_a_node_that_holds_its_session_and_graph_is_cleaned_up_and_collected() -> None:
    calls: list[str] = []

    class Holding(Echo):
        def initialize(self, context: NodeContext) -> None:
            self.held: list[Any] = []

        def process(self, packet: Packet, emit: Emit) -> None:
            self.held += [packet.payload, emit]

        def cleanup(self) -> None:
            calls.append(f"cleanup with {len(self.held)}")

    def make_cycle() -> weakref.ref[Any]:
        thing = Thing()
        graph = chain(lambda: Holding() if thing else None)
        session = native().Session(graph, "s", True, Keeping(), None)
        session.push(Packet([graph, session, thing]))
        return weakref.ref(thing)

    assert is_gone(make_cycle())
    assert calls == ["cleanup with 2"]


def test_the_collector_leaves_nodes_to_the_call_that_it_interrupts() -> None:
    entered, left, cleaned = (threading.Event() for _ in range(3))
    watched: list[weakref.ref[Any]] = []

    class Busy(Echo):
        def process(self, packet: Packet, emit: Emit) -> None:
            entered.set()
            left.wait(30)

    class Idle(Echo):
        def __init__(self) -> None:
            super().__init__()
            self.thing = Thing()
            watched.append(weakref.ref(self.thing))

        def cleanup(self) -> None:
            assert self.thing
            cleaned.set()

    def drop_session() -> None:
        sink = Thing()
        session = native().Session(
            chain(Busy, Idle), "s", True, lambda *_: sink, None, None, "nodes"
        )
        sink.session = session  # type: ignore[attr-defined]
        session.push(Packet("x"))
        assert entered.wait(30)
        assert not session.close(0.0)

    drop_session()
    assert not is_gone(watched[0])
    left.set()
    assert cleaned.wait(30)
    wait_until(lambda: is_gone(watched[0]))


def test_a_factory_that_holds_its_graph_is_collected_with_it() -> None:
    def make_cycle() -> weakref.ref[Any]:
        held: list[Any] = [Thing()]
        held.append(chain(lambda: held))
        return weakref.ref(held[0])

    assert is_gone(make_cycle())


@pytest.mark.parametrize("place", ["sink", "node"])
def test_an_exception_that_holds_the_session_keeps_nothing_alive(place: str) -> None:
    def fail() -> weakref.ref[Any]:
        thing = Thing()

        class Raising(Echo):
            def process(self, packet: Packet, emit: Emit) -> None:
                raise ValueError(thing, run)

        def sink(node_id: str, packet: Packet) -> None:
            raise ValueError(thing, run)

        run = Run(chain(Raising if place == "node" else Echo), sink)
        with pytest.raises((ValueError, RuntimeError)):
            run.session.push(Packet("x"))
        return weakref.ref(thing)

    assert is_gone(fail())


def test_a_graph_lives_as_long_as_its_sessions() -> None:
    run = Run(chain("PassThroughNode", Echo))
    gc.collect()
    run.session.push(Packet("x"))
    assert run.payloads == ["x"]


def run_script(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    start = f"""
        import sys
        sys.path[:0] = {[str(Path(remotemedia.__path__[0]).parent), str(Path(__file__).parent)]!r}
        import numpy as np, threading
        from native_graphs import Echo, Run, audio_packet, chain, native, noise
        from remotemedia._packet import Packet
    """
    code = textwrap.dedent(start) + textwrap.dedent(script)
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("script", "printed"),
    [
        ("run = Run(chain('PassThroughNode'))", ""),
        ("run = Run(chain(Echo)); run.session.push(Packet('x'))", ""),
        (
            """
            run = Run(chain(Echo, ("AudioBuffer", {"buffer_size_samples": 99})))
            run.session.push(audio_packet(noise(50)))
            kept = native().resample(noise(99), 8_000, 16_000, "high", False)
            sys.last = (run, kept)
            """,
            "",
        ),
        (
            """
            class Last(Echo):
                def cleanup(self):
                    write("cleaned up")
            def write(text, out=sys.stdout):
                out.write(text); out.flush()
            run = Run(chain(Last))
            Last.cleanup.__defaults__ = None
            import atexit; atexit.register(run.session.close)
            """,
            "cleaned up",
        ),
    ],
)
def test_open_sessions_are_closed_and_freed_at_the_interpreter_s_end(
    script: str, printed: str
) -> None:
    ended = run_script(script, REMOTEMEDIA_LEAK_WARNINGS="1")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, printed, "")


def test_the_interpreter_ends_quietly_while_a_daemon_thread_is_in_a_python_node() -> None:
    ended = run_script("""
        busy = threading.Event()
        class Counting(Echo):
            def process(self, packet, emit):
                busy.set()
                for _ in range(1_000_000):  # lets others have the GIL, and wants it back
                    pass
                emit(packet)
        def work():
            while True:
                Run(chain(Counting)).session.push(Packet("x"))
        for _ in range(3):
            threading.Thread(target=work, daemon=True).start()
        assert busy.wait(60)
    """)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_the_interpreter_ends_quietly_while_a_daemon_thread_is_in_native_code() -> None:
    ended = run_script("""
        busy = threading.Event()
        def work():
            while True:
                run = Run(chain("AudioResampleNode", Echo), lambda node_id, packet: busy.set())
                run.session.push(audio_packet(noise(48_000), 48_000))
        for _ in range(3):
            threading.Thread(target=work, daemon=True).start()
        assert busy.wait(60)
    """)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
