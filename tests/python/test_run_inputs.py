"""Everything that `Pipeline.run` takes, and what it gives for it."""

from __future__ import annotations

import asyncio
import itertools
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from remotemedia import ConfigurationError, ItemTypeError, MediaIOError, Node, NodeError, Pipeline
from remotemedia._worker import Worker
from remotemedia.nodes import (
    AddNode,
    AudioBuffer,
    AudioResampleNode,
    BufferNode,
    FormatConverterNode,
    MediaReaderNode,
    MediaWriterNode,
    MultiplyNode,
    PassThroughNode,
    VADNode,
)
from signals import chunks, noise, read_wav, speech_like, tone, write_wav

RATE = 16_000


class Quiet(Node):
    """Gives nothing."""

    def process(self, data: Any) -> None:
        return None


class Count(Node):
    """Gives as many items as it is asked for."""

    def process(self, data: Any) -> Any:
        yield from range(data)


# --- results


def test_no_result_is_none_one_is_bare_more_are_a_list() -> None:
    pipeline = Pipeline([Count()])
    assert pipeline.run_sync(0) is None
    assert pipeline.run_sync(1) == 0
    assert pipeline.run_sync(3) == [0, 1, 2]


def test_a_result_that_is_false_or_empty_is_a_result() -> None:
    assert Pipeline([PassThroughNode()]).run_sync(0) == 0
    assert Pipeline([PassThroughNode()]).run_sync("") == ""
    assert Pipeline([PassThroughNode()]).run_sync([0, ""]) == [0, ""]


def test_a_collected_list_is_one_result() -> None:
    assert Pipeline([BufferNode(buffer_size=10)]).run_sync([1, 2, 3]) == [1, 2, 3]
    assert Pipeline([BufferNode(buffer_size=2)]).run_sync([1, 2, 3]) == [[1, 2], [3]]


# --- whole items


@pytest.mark.parametrize("item", ["text", 7, 2.5, {"a": 1}, (1, 2, 3), b"bytes", {1, 2}, True])
def test_anything_else_is_one_item_that_passes_as_it_is(item: Any) -> None:
    result = Pipeline([PassThroughNode()]).run_sync(item)
    assert result == item
    assert type(result) is type(item)


def test_a_tuple_is_one_audio_item_and_is_answered_as_one() -> None:
    samples, rate = Pipeline([AudioResampleNode()]).run_sync((tone(), 48_000))
    assert samples.shape == (1, 16_000)
    assert rate == 16_000


def test_one_dimension_stays_one_dimension() -> None:
    samples, _ = Pipeline([AudioResampleNode()]).run_sync((tone()[0], 48_000))
    assert samples.shape == (16_000,)


def test_a_dict_is_answered_as_a_dict_with_its_metadata() -> None:
    item = {"audio_data": speech_like(), "sample_rate": RATE, "metadata": {"who": "me"}}
    result = Pipeline([VADNode()]).run_sync(item)
    assert result["sample_rate"] == RATE
    assert result["metadata"]["who"] == "me"
    assert result["metadata"]["total_frames"] == 83
    assert np.array_equal(result["audio_data"], item["audio_data"])


def test_metadata_goes_through_every_audio_node() -> None:
    nodes = [AudioResampleNode(), VADNode(), FormatConverterNode(target_format="i16")]
    samples, _, metadata = Pipeline(nodes).run_sync((tone(), 48_000, {"session_id": "s"}))
    assert samples.dtype == np.int16
    assert metadata["session_id"] == "s"
    assert metadata["is_speech"] is True


def test_arrays_are_items_for_arithmetic() -> None:
    result = Pipeline([MultiplyNode(factor=2), AddNode(addend=10)]).run_sync(np.arange(3.0))
    assert np.array_equal(result, [10, 12, 14])


@pytest.mark.parametrize("item", [np.zeros(16, np.float32), "speech", 5, (1, 2)])
def test_what_is_no_audio_never_reaches_an_audio_node(item: Any) -> None:
    pipeline = Pipeline([PassThroughNode(), AudioResampleNode()])
    with pytest.raises(TypeError, match="expected an audio item, got") as caught:
        pipeline.run_sync(item)
    assert isinstance(caught.value, NodeError)
    assert caught.value.node_id == "AudioResampleNode_1"
    assert "pass (array, sample_rate)" in caught.value.hint


def test_items_that_are_no_items_are_refused_before_anything_runs() -> None:
    ran = []

    class Noting(Node):
        def process(self, data: Any) -> None:
            ran.append(data)

    with pytest.raises(ItemTypeError, match="an item is None"):
        Pipeline([Noting()]).run_sync([1, None])
    with pytest.raises(ItemTypeError, match="dtype"):
        Pipeline([Noting()]).run_sync((np.zeros(4, np.complex64), RATE))
    with pytest.raises(ConfigurationError, match="sample_rate"):
        Pipeline([Noting()]).run_sync((np.zeros(4, np.float32), 16))
    assert ran == []


# --- several items


def test_each_item_of_a_list_is_a_clip_of_its_own() -> None:
    clips = [tone(440, 48_000, seconds) for seconds in (0.5, 0.25, 0.1)]
    pipeline = Pipeline([AudioResampleNode(), VADNode()])
    together = pipeline.run_sync([(clip, 48_000) for clip in clips])
    alone = [pipeline.run_sync((clip, 48_000)) for clip in clips]
    assert len(together) == 3
    for (samples, rate, metadata), single in zip(together, alone, strict=True):
        assert np.array_equal(samples, single[0])
        assert rate == single[1]
        assert metadata == single[2]


def test_a_list_of_one_item_gives_that_item() -> None:
    assert Pipeline([AddNode(addend=1)]).run_sync([1]) == 2


def test_an_empty_list_gives_none() -> None:
    assert Pipeline([AddNode()]).run_sync([]) is None


def test_a_list_may_mix_forms(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(rate=RATE))
    item = {"audio_data": tone(rate=RATE), "sample_rate": RATE}
    results = Pipeline([VADNode()]).run_sync([path, str(path), item])
    assert [type(result) for result in results] == [tuple, tuple, dict]
    assert results[0][2] == results[1][2] == results[2]["metadata"]


# --- streams


def test_chunks_of_an_iterator_are_one_stream() -> None:
    samples = tone(440, 48_000, 0.5)
    whole, _ = Pipeline([AudioResampleNode()]).run_sync((samples, 48_000))
    pieces = ((chunk, 48_000) for chunk in chunks(samples, 4_801))
    results = Pipeline([AudioResampleNode()]).run_sync(pieces)
    assert np.array_equal(np.concatenate([r[0] for r in results], axis=1), whole)


def test_chunks_of_an_async_iterator_are_one_stream() -> None:
    samples = tone(440, 48_000, 0.5)

    async def pieces() -> AsyncIterator[Any]:
        for chunk in chunks(samples, 999):
            await asyncio.sleep(0)
            yield chunk, 48_000

    pipeline = Pipeline([AudioResampleNode()])
    whole, _ = pipeline.run_sync((samples, 48_000))
    for results in (asyncio.run(pipeline.run(pieces())), pipeline.run_sync(pieces())):
        assert np.array_equal(np.concatenate([r[0] for r in results], axis=1), whole)


def test_vad_counts_over_chunks() -> None:
    pieces = ((chunk, RATE) for chunk in chunks(speech_like(), 1_001))
    results = Pipeline([VADNode()]).run_sync(pieces)
    whole = Pipeline([VADNode()]).run_sync((speech_like(), RATE))
    assert sum(r[2]["total_frames"] for r in results) == whole[2]["total_frames"]
    assert sum(r[2]["speech_frames"] for r in results) == whole[2]["speech_frames"]


def test_what_an_iterator_raises_comes_out_and_its_generator_is_closed() -> None:
    closed = []

    async def broken() -> AsyncIterator[int]:
        try:
            yield 1
            raise LookupError("no more")
        finally:
            closed.append(True)

    with pytest.raises(LookupError, match="no more"):
        asyncio.run(Pipeline([AddNode()]).run(broken()))
    assert closed == [True]


def test_an_async_generator_is_closed_when_a_node_fails() -> None:
    closed = []

    async def endless() -> AsyncIterator[Any]:
        try:
            while True:
                yield "x"
        finally:
            closed.append(True)

    async def main() -> None:
        with pytest.raises(NodeError):
            await Pipeline([AudioResampleNode()]).run(endless())
        assert closed == [True]  # now, not when the loop ends

    asyncio.run(main())


def test_a_generator_is_read_as_the_nodes_take_it() -> None:
    order = []

    def numbers() -> Iterator[int]:
        for number in (1, 2):
            order.append(f"read {number}")
            yield number

    class Noting(Node):
        def process(self, data: Any) -> None:
            order.append(f"took {data}")

    Pipeline([Noting()]).run_sync(numbers())
    assert order == ["read 1", "took 1", "read 2", "took 2"]


# --- files


def test_a_path_is_an_audio_file(tmp_path: Path) -> None:
    samples = tone(440, 48_000, 1.37)
    path = write_wav(tmp_path / "a.wav", samples, 48_000)
    pipeline = Pipeline([AudioResampleNode(), VADNode()])
    whole = pipeline.run_sync((read_wav(path), 48_000))
    for source in (path, str(path)):
        result = pipeline.run_sync(source)
        assert result[0].shape == (1, 21_920)
        assert np.array_equal(result[0], whole[0])
        assert result[1:] == whole[1:]


def test_a_file_gives_its_utterance_metadata_once(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", speech_like())
    _, _, metadata = Pipeline([VADNode()]).run_sync(path)
    assert metadata["total_frames"] == 83
    assert len(metadata["speech_segments"]) == 2


def test_nodes_that_cut_the_stream_give_several_items_of_a_file(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(rate=RATE))
    results = Pipeline([AudioBuffer(buffer_size_samples=6_000)]).run_sync(path)
    assert [samples.shape[1] for samples, _ in results] == [6_000, 6_000, 4_000]


def test_a_path_object_is_a_file_for_any_node_and_text_only_for_audio(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(rate=RATE))
    samples, rate = Pipeline([PassThroughNode()]).run_sync(path)
    assert np.array_equal(samples, read_wav(path))
    assert rate == RATE
    assert Pipeline([PassThroughNode()]).run_sync(str(path)) == str(path)


def test_a_list_of_paths_gives_one_result_each(tmp_path: Path) -> None:
    paths = [
        write_wav(tmp_path / f"{i}.wav", tone(440, 48_000, 0.2 + 0.1 * i), 48_000) for i in range(3)
    ]
    results = Pipeline([AudioResampleNode()]).run_sync(paths)
    assert [samples.shape[1] for samples, _ in results] == [3_200, 4_800, 6_400]


def test_a_missing_file_says_which(tmp_path: Path) -> None:
    with pytest.raises(MediaIOError, match=r"cannot read .*gone\.wav") as caught:
        Pipeline([VADNode()]).run_sync(tmp_path / "gone.wav")
    assert caught.value.path == str(tmp_path / "gone.wav")


@pytest.mark.parametrize("as_list", [False, True])
def test_a_name_with_a_nul_is_not_cut_at_it(tmp_path: Path, use_rust: bool, as_list: bool) -> None:
    write_wav(tmp_path / "real.wav", tone(rate=RATE))
    name = f"{tmp_path}/real.wav\0.wav"
    with pytest.raises(MediaIOError, match="its name goes on after a NUL character"):
        Pipeline([VADNode()]).run_sync([name] if as_list else name, use_rust)


def test_a_damaged_file_of_a_list_does_not_lose_the_results_before_it(
    tmp_path: Path, use_rust: bool
) -> None:
    good = write_wav(tmp_path / "good.wav", tone(rate=RATE))
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF")
    with pytest.raises(MediaIOError) as caught:
        Pipeline([VADNode()]).run_sync([good, good, bad, good], use_rust)
    assert caught.value.path == str(bad)
    assert len(caught.value.partial_results) == 2


def test_an_empty_and_a_one_frame_file_keep_their_length(tmp_path: Path) -> None:
    for frames, expected in ((0, 0), (1, 1), (3, 1)):
        path = write_wav(tmp_path / f"{frames}.wav", np.zeros((1, frames)), 48_000)
        samples, rate = Pipeline([AudioResampleNode()]).run_sync(path)
        assert samples.shape == (1, expected)
        assert rate == 16_000


# --- sources and sinks


def test_none_runs_the_sources_and_joins_what_they_read(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "in.wav", tone(440, 48_000, 0.55), 48_000)
    source = Pipeline([MediaReaderNode(path=path), AudioResampleNode(), VADNode()])
    direct = Pipeline([AudioResampleNode(), VADNode()]).run_sync(path)
    result = source.run_sync()
    assert np.array_equal(result[0], direct[0])
    assert result[1:] == direct[1:]


def test_a_sink_gives_nothing_back_and_writes_its_file(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "in.wav", noise((2, 5_000), 3))
    nodes = [
        MediaReaderNode(path=path),
        FormatConverterNode(target_format="i16"),
        MediaWriterNode(output_path=tmp_path / "out.wav"),
    ]
    assert Pipeline(nodes).run_sync() is None
    assert np.array_equal(read_wav(tmp_path / "out.wav"), read_wav(path))


def test_input_that_is_missing_is_asked_for() -> None:
    with pytest.raises(ConfigurationError, match=r"the input is None, expected an item for node "):
        Pipeline([AddNode()]).run_sync()


def test_input_that_nobody_takes_is_refused(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "in.wav", tone(rate=RATE))
    pipeline = Pipeline([MediaReaderNode(path=path), VADNode()])
    with pytest.raises(ConfigurationError, match=r"the input is a int, expected none; .*sources"):
        pipeline.run_sync(3)


# --- failures, cancelling, loops


def test_results_before_a_failure_are_in_the_error() -> None:
    class Picky(Node):
        def process(self, data: Any) -> Any:
            if data == 3:
                raise ValueError("not 3")
            return data

    with pytest.raises(NodeError, match="not 3") as caught:
        Pipeline([MultiplyNode(factor=1), Picky()]).run_sync([1, 2, 3, 4])
    assert caught.value.partial_results == [1, 2]
    assert caught.value.node_id == "Picky_1"
    assert caught.value.stage == "process"
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_cancelled_run_cancels_the_coroutine_it_waits_for() -> None:
    events = []

    class Waiting(Node):
        async def process(self, data: Any) -> Any:
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                events.append("unwound")

        def cleanup(self) -> None:
            events.append("cleaned")

    async def main() -> None:
        before = asyncio.all_tasks()
        task = asyncio.create_task(Pipeline([AddNode(), Waiting()]).run(1))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert events == ["unwound", "cleaned"]
        assert asyncio.all_tasks() == before

    started = asyncio.Event()
    asyncio.run(asyncio.wait_for(main(), 30))


def test_a_run_that_is_cancelled_twice_still_waits_for_its_nodes() -> None:
    events = []

    class Careful(Node):
        async def process(self, data: Any) -> Any:
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                unwinding.set()
                await may_end.wait()
                events.append("unwound")

    async def main() -> None:
        task = asyncio.create_task(Pipeline([AddNode(), Careful()]).run(1))
        await started.wait()
        task.cancel()
        await unwinding.wait()
        task.cancel()
        await asyncio.sleep(0)  # the task takes notice
        assert not task.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert events == ["unwound"]

    started, unwinding, may_end = asyncio.Event(), asyncio.Event(), asyncio.Event()
    asyncio.run(asyncio.wait_for(main(), 30))


def test_a_cancelled_run_leaves_an_iterator_that_never_comes() -> None:
    closed = []

    async def silent() -> AsyncIterator[int]:
        try:
            asked.set()
            await asyncio.Event().wait()
            yield 1
        finally:
            closed.append(True)

    async def main() -> None:
        task = asyncio.create_task(Pipeline([AddNode()]).run(silent()))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert closed == [True]

    asked = asyncio.Event()
    asyncio.run(asyncio.wait_for(main(), 30))


def test_a_cancelled_run_leaves_an_iterator_without_an_end() -> None:
    def endless() -> Iterator[int]:
        loop.call_soon_threadsafe(started.set)
        yield from itertools.count()

    async def main() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(Pipeline([PassThroughNode(), Quiet()]).run(endless()))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    loop: asyncio.AbstractEventLoop
    started = asyncio.Event()
    asyncio.run(asyncio.wait_for(main(), 30))


INTERRUPTED = """
import itertools
import signal
from remotemedia import Node, Pipeline

class Announce(Node):
    def process(self, data):
        if data == 1:
            print("running", flush=True)

    def cleanup(self):
        print("cleaned", flush=True)

# What runs in the background of a script may have been told to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    Pipeline([Announce()]).run_sync(itertools.count())
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_ctrl_c_ends_a_run() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert rest == "cleaned\ninterrupted\n"
    assert process.returncode == 0


def test_ctrl_c_ends_a_run_that_is_not_waited_for_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[str] = []
    running = threading.Event()

    class Announce(Node):
        def process(self, data: Any) -> None:
            running.set()

        def cleanup(self) -> None:
            log.append("cleaned")

    submit = Worker.submit

    def interrupted(worker: Worker, *call: Any) -> None:
        monkeypatch.setattr(Worker, "submit", submit)
        submit(worker, *call)
        running.wait()
        raise KeyboardInterrupt

    monkeypatch.setattr(Worker, "submit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Pipeline([Announce()]).run_sync(itertools.count())
    assert log == ["cleaned"]


def test_run_sync_works_inside_a_running_loop() -> None:
    async def main() -> Any:
        return Pipeline([AddNode(addend=1)]).run_sync(1)

    assert asyncio.run(main()) == 2


def test_several_runs_of_one_pipeline_at_once_do_not_mix() -> None:
    pipeline = Pipeline([AudioResampleNode(), VADNode()])
    items = [(tone(200 + 50 * i, 48_000, 0.2 + 0.05 * i), 48_000) for i in range(8)]

    async def main() -> list[Any]:
        return await asyncio.gather(*(pipeline.run(item) for item in items))

    for item, result in zip(items, asyncio.run(main()), strict=True):
        alone = pipeline.run_sync(item)
        assert np.array_equal(result[0], alone[0])
        assert result[1:] == alone[1:]


def test_the_loop_turns_while_nodes_work() -> None:
    class Meeting(Node):
        """Returns only once the loop has answered."""

        def process(self, data: Any) -> Any:
            loop.call_soon_threadsafe(met.set)
            return asyncio.run_coroutine_threadsafe(answer(), loop).result(timeout=30)

    async def answer() -> str:
        await met.wait()
        return "answered"

    async def main() -> Any:
        nonlocal loop
        loop = asyncio.get_running_loop()
        return await Pipeline([Meeting()]).run(1)

    met = asyncio.Event()
    loop: asyncio.AbstractEventLoop
    assert asyncio.run(main()) == "answered"


@pytest.mark.parametrize("count", [15, 20, 100])
def test_long_chains_run(count: int) -> None:
    pipeline = Pipeline([AddNode(addend=1, name=f"n{i}") for i in range(count)])
    assert pipeline.run_sync(0) == count
