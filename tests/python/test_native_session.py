"""A native session for Python: results, errors of its sink, threads, and the GIL."""

from __future__ import annotations

import _thread
import asyncio
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from native_graphs import Echo, Run, audio_packet, chain, manifest, native, noise
from remotemedia._packet import Packet
from remotemedia.exceptions import ConfigurationError

pytestmark = pytest.mark.native_only


def test_results_reach_the_sink_before_push_returns() -> None:
    run = Run(chain("AudioResampleNode", "VADNode"))
    run.session.push(audio_packet(noise(4_800), 48_000, ends_clip=True))
    [(node_id, packet)] = run.out
    assert node_id == "n1"
    assert packet.payload.rate == 16_000
    assert packet.payload.samples.shape == (1_600,)
    assert "speech_segments" in packet.metadata


def test_each_output_of_a_graph_is_named() -> None:
    nodes = [{"id": i, "node_type": "PassThroughNode"} for i in ("in", "left", "right")]
    run = Run(native().Graph(manifest(nodes, ("in", "left"), ("in", "right")), {}))
    run.session.push(Packet("x"))
    assert [node_id for node_id, _ in run.out] == ["left", "right"]


def test_finish_gives_the_rest_once() -> None:
    run = Run(chain("AudioResampleNode"))
    run.session.push(audio_packet(noise(4_800), 48_000))
    run.session.finish()
    assert sum(payload.frames for payload in run.payloads) == 1_600
    count = len(run.out)
    run.session.finish()
    assert len(run.out) == count


def test_a_file_runs_to_its_end_in_blocks(tmp_path: Path) -> None:
    path = str(tmp_path / "clip.wav")
    clip = noise(2, 12_000, dtype=np.int16)
    native().write_audio(path, clip, 16_000)
    graph = chain("PassThroughNode")
    run = Run(graph)
    run.session.run_file(path)
    assert len(run.out) == 8  # of 100 ms
    assert [packet.timestamp_ns for packet in run.packets[:3]] == [0, 10**8, 2 * 10**8]
    joined = native().join_packets(graph, run.packets).payload.samples
    assert np.array_equal(joined, native().convert_format(clip, "f32", False))


def test_sources_run_to_their_end(tmp_path: Path) -> None:
    path = str(tmp_path / "clip.wav")
    native().write_audio(path, noise(1, 3_200), 16_000)
    run = Run(chain(("MediaReaderNode", {"path": path})))
    run.session.run_sources()
    run.session.finish()
    assert sum(payload.frames for payload in run.payloads) == 3_200


def test_metrics_count_what_ran() -> None:
    run = Run(chain("PassThroughNode", Echo))
    for _ in range(3):
        run.session.push(Packet("x"))
    run.session.close()
    metrics = run.session.metrics()
    assert metrics["total_executions"] == 3
    assert [node["runtime"] for node in metrics["node_metrics"]] == ["native", "python"]
    assert [node["runtime_reason"] for node in metrics["node_metrics"]][1] == "hint python"
    assert all(node["success_count"] == 3 for node in metrics["node_metrics"])


def test_a_graph_tells_its_order_and_draws_itself() -> None:
    graph = chain("AudioResampleNode", "VADNode")
    assert graph.order == ["n0", "n1"]
    assert graph.continuous
    assert graph.info()["execution_order"] == ["n0", "n1"]
    assert "n0" in graph.mermaid()
    assert graph.dot().startswith("digraph")
    assert not chain("PassThroughNode", Echo).continuous


class StopError(Exception):
    pass


@pytest.mark.parametrize("kind", [StopError, KeyboardInterrupt, SystemExit, asyncio.CancelledError])
@pytest.mark.parametrize("nodes", [("PassThroughNode",), ("PassThroughNode", Echo, Echo)])
def test_what_the_sink_raises_passes_unchanged(nodes: Any, kind: type[BaseException]) -> None:
    error = kind("from the sink")

    def sink(node_id: str, packet: Packet) -> None:
        raise error

    run = Run(chain(*nodes), sink)
    with pytest.raises(kind) as raised:
        run.session.push(Packet("x"))
    assert raised.value is error
    assert error.__cause__ is None
    assert [entry.name for entry in raised.traceback][-1] == "sink"
    run.session.close()


def test_the_session_cannot_be_used_from_its_own_sink() -> None:
    refused = []

    def sink(node_id: str, packet: Packet) -> None:
        for call in (lambda: run.session.push(packet), run.session.finish):
            with pytest.raises(ConfigurationError, match="the session is busy, expected idle"):
                call()
            refused.append(call)

    run = Run(chain("PassThroughNode"), sink)
    run.session.push(Packet("x"))
    assert len(refused) == 2
    run.session.push(Packet("y"))  # and is whole afterwards
    assert len(refused) == 4


@pytest.mark.parametrize("stop", ["stop", "close"])
def test_the_sink_can_stop_the_run_and_close_the_session(stop: str) -> None:
    seen = []

    def sink(node_id: str, packet: Packet) -> None:
        seen.append(packet)
        getattr(run.session, stop)()

    run = Run(chain(("AudioBuffer", {"buffer_size_samples": 10})), sink)
    run.session.push(audio_packet(noise(1_000)))
    assert len(seen) == 1
    run.session.close()


def test_closing_twice_and_cancelling_a_closed_session_is_harmless() -> None:
    run = Run(chain("PassThroughNode"))
    run.session.close()
    run.session.stop()
    run.session.close()
    with pytest.raises(ConfigurationError, match="the session is finished"):
        run.session.push(Packet("x"))


class Pausing:
    """A sink that stops in its first call until it is told to go on."""

    def __init__(self) -> None:
        self.reached, self.resume = threading.Event(), threading.Event()
        self.count = 0

    def __call__(self, node_id: str, packet: Packet) -> None:
        self.count += 1
        self.reached.set()
        assert self.resume.wait(60)


@pytest.fixture
def paused() -> Iterator[tuple[Run, Pausing]]:
    """A session in the middle of a run on another thread."""
    sink = Pausing()
    run = Run(chain(("AudioBuffer", {"buffer_size_samples": 10})), sink)
    thread = threading.Thread(target=run.session.push, args=(audio_packet(noise(1_000)),))
    thread.start()
    assert sink.reached.wait(60)
    yield run, sink
    sink.resume.set()
    thread.join()


def test_a_second_thread_is_refused_while_the_session_runs(paused: tuple[Run, Pausing]) -> None:
    run, _ = paused
    with pytest.raises(ConfigurationError, match="the session is busy, expected idle"):
        run.session.push(Packet("x"))


@pytest.mark.parametrize("stop", ["stop", "close"])
def test_another_thread_can_stop_the_run(paused: tuple[Run, Pausing], stop: str) -> None:
    run, sink = paused
    getattr(run.session, stop)()
    sink.resume.set()
    while True:
        try:
            run.session.close()
            run.session.finish()
        except ConfigurationError as refused:  # busy until the other thread is out, then finished
            if "finished" in str(refused):
                break
        else:
            break
    assert sink.count == 1


def test_another_thread_reads_the_metrics_of_a_running_call(paused: tuple[Run, Pausing]) -> None:
    run, _ = paused
    metrics = run.session.metrics()
    assert metrics["total_executions"] == 1
    assert [node["node_id"] for node in metrics["node_metrics"]] == ["n0"]


def test_a_stateful_kernel_refuses_a_second_thread() -> None:
    stream = native().Resampler(48_000, 16_000, 1, "very_high", False)
    clip = noise(2_000_000)
    refused: list[Exception] = []

    def use() -> None:
        try:
            stream.process(clip)
        except ConfigurationError as error:
            refused.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stream.flush()  # whole, whoever came first
    assert all("the Resampler is busy" in str(error) for error in refused)


@pytest.fixture
def no_switching() -> Iterator[None]:
    """Threads change only where the GIL is given away, not after a while."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1_000)
    yield
    sys.setswitchinterval(interval)


def native_calls(path: str) -> dict[str, Callable[[], Any]]:
    clip = noise(2, 48_000)
    module = native()
    run = Run(chain("AudioResampleNode", "VADNode"), lambda node_id, packet: None)
    stream = module.Resampler(48_000, 16_000, 2, "high", False)
    vad = module.EnergyVAD(48_000, 30, 0.02, 1)
    module.write_audio(path, clip, 48_000)
    return {
        "resample": lambda: module.resample(clip, 48_000, 16_000, "high", False),
        "convert_format": lambda: module.convert_format(clip, "i16", True),
        "to_mono": lambda: module.to_mono(clip),
        "read_audio": lambda: module.read_audio(path),
        "write_audio": lambda: module.write_audio(path, clip, 48_000),
        "Resampler": lambda: stream.process(clip),
        "EnergyVAD": lambda: vad.process(clip),
        "push": lambda: run.session.push(audio_packet(clip, 48_000)),
        "run_file": lambda: Run(chain("VADNode")).session.run_file(path),
    }


def waiting_thread() -> tuple[threading.Thread, list[bool]]:
    """A thread that notes in the list that it has had the GIL, as soon as it gets it."""
    gate, progress = _thread.allocate_lock(), []
    gate.acquire()

    def other() -> None:
        with gate:
            progress.append(True)

    thread = threading.Thread(target=other)
    thread.start()
    gate.release()
    return thread, progress


KERNEL_CALLS = ["resample", "convert_format", "to_mono", "read_audio", "write_audio"]
STREAM_CALLS = ["Resampler", "EnergyVAD", "push", "run_file"]


@pytest.mark.usefixtures("no_switching")
@pytest.mark.parametrize("name", KERNEL_CALLS + STREAM_CALLS)
def test_another_thread_makes_progress_while_native_code_works(name: str, tmp_path: Path) -> None:
    call = native_calls(str(tmp_path / "clip.wav"))[name]
    thread, progress = waiting_thread()
    # Python alone does not let the other thread in: it waits for the GIL.
    assert sum(range(1_000_000)) > 0
    assert not progress
    for _ in range(1_000):
        call()
        if progress:
            break
    assert progress
    thread.join()


@pytest.mark.usefixtures("no_switching")
def test_a_short_block_of_native_nodes_does_not_have_to_get_the_gil_back() -> None:
    run = Run(chain("AudioResampleNode", "VADNode"))
    blocks = [audio_packet(noise(2, 960), 48_000) for _ in range(100)]
    thread, progress = waiting_thread()
    for block in blocks:
        run.session.push(block)
    run.session.finish()
    assert not progress  # the other thread waits for the GIL, and has not had it
    thread.join()


@pytest.mark.usefixtures("no_switching")
def test_a_native_node_does_not_wait_for_the_gil_when_it_drops_its_input() -> None:
    resample = ("AudioResampleNode", {"target_sample_rate": 16_000})
    hold_back = ("AudioBuffer", {"buffer_size_samples": 1_000_000})  # so that no sink takes the GIL
    run = Run(chain(resample, hold_back))
    packets = [audio_packet(noise(2, 480_000), 48_000)]
    held_s = 0.5
    gate = _thread.allocate_lock()
    gate.acquire()

    def push() -> None:
        packet = packets.pop()
        gate.release()
        run.session.push(packet)

    thread = threading.Thread(target=push)
    thread.start()
    with gate:  # have the GIL as soon as the push gives it away, and keep it
        end = time.perf_counter() + held_s
        while time.perf_counter() < end:
            pass
    thread.join()
    resampling, _ = run.session.metrics()["node_metrics"]
    assert resampling["success_count"] == 1
    assert resampling["max_duration_us"] < held_s / 2 * 1e6


def test_ctrl_c_stops_a_file_between_two_blocks(tmp_path: Path) -> None:
    path = str(tmp_path / "clip.wav")
    native().write_audio(path, noise(1, 160_000), 16_000)
    seen = []

    def sink(node_id: str, packet: Packet) -> None:
        seen.append(packet)
        _thread.interrupt_main()

    # What runs in the background of a script may have been told to ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            Run(chain("PassThroughNode"), sink).session.run_file(path)
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(seen) <= 2
