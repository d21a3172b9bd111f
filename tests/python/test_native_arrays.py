"""Arrays cross the border without a copy, in both directions, and are released when unused."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from native_graphs import Echo, Run, audio_packet, chain, manifest, native, noise
from remotemedia._packet import Emit, Packet
from remotemedia.exceptions import ItemTypeError

pytestmark = pytest.mark.native_only

DTYPES = [np.float32, np.int16, np.int32]
SHAPES = [(1_000,), (1, 1_000), (2, 1_000), (32, 10), (0,), (2, 0)]


def address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_array_that_passes_through_is_the_same_object(dtype: Any, shape: tuple[int]) -> None:
    array = noise(*shape, dtype=dtype)
    run = Run(chain("PassThroughNode", "PassThroughNode"))
    run.session.push(audio_packet(array))
    assert run.payloads[0].samples is array


def test_kernels_give_the_array_itself_where_nothing_changes() -> None:
    array = noise(1_000)
    assert native().convert_format(array, "f32", False) is array
    assert native().to_mono(array) is array
    assert native().to_mono(array[np.newaxis]).shape == (1, 1_000)


def test_blocks_of_a_borrowed_array_are_views_of_it_and_read_only() -> None:
    array = noise(1_000)
    run = Run(chain(("AudioBuffer", {"buffer_size_samples": 300})))
    run.session.push(audio_packet(array))
    blocks = [payload.samples for payload in run.payloads]
    assert [address(block) for block in blocks] == [address(array) + 1_200 * i for i in range(3)]
    assert all(not block.flags.writeable for block in blocks)
    assert array.flags.writeable


def test_an_array_that_was_reshaped_meanwhile_is_not_mistaken_for_the_audio() -> None:
    array = noise(2)

    class Reshaping(Echo):
        def process(self, packet: Packet, emit: Emit) -> None:
            array.resize((1, 2), refcheck=False)

    nodes = [{"id": i, "node_type": "PassThroughNode"} for i in ("in", "first", "second")]
    foreign = {"first": (Reshaping, "hint python", False, False)}
    graph = native().Graph(manifest(nodes, ("in", "first"), ("in", "second")), foreign)
    run = Run(graph)
    run.session.push(audio_packet(array))
    [result] = run.payloads
    assert array.shape == (1, 2)
    assert result.samples.shape == (2,)
    assert address(result.samples) == address(array)


def test_a_read_only_array_is_taken_and_given_back_as_such() -> None:
    array = noise(100)
    array.flags.writeable = False
    run = Run(chain("PassThroughNode"))
    run.session.push(audio_packet(array))
    assert run.payloads[0].samples is array
    assert not array.flags.writeable


@pytest.mark.parametrize("channels", [1, 2])
def test_a_result_owns_its_memory_and_can_be_written(channels: int) -> None:
    result = native().resample(noise(channels, 4_800), 48_000, 16_000, "high", False)
    before = result.copy()
    gc.collect()
    assert np.array_equal(result, before)
    assert result.flags.c_contiguous
    result *= 2
    assert np.array_equal(result, 2 * before)


@pytest.mark.parametrize("frames", [1, 300, 100_000])  # of numpy's small blocks, and of ours
def test_the_result_of_a_kernel_is_memory_of_its_own(frames: int) -> None:
    clip = noise(2, frames)
    resampler = native().Resampler(8_000, 16_000, 2, "low", False)
    detector = native().EnergyVAD(8_000, 5, 0.02, 1)
    calls: list[Callable[[], Any]] = [
        lambda: native().convert_format(clip, "i16", False),
        lambda: native().convert_format(clip, "f64", False),
        lambda: native().to_mono(clip),
        lambda: resampler.process(clip),
        lambda: detector.levels(clip),
    ]
    for call in calls:
        result = call()
        before = result.copy()
        assert not np.shares_memory(result, clip)
        assert result.flags.c_contiguous
        others = [call() for _ in range(3)]  # which take what was given back
        del others
        gc.collect()
        assert np.array_equal(result, before)
        result[...] = 0  # it can be written


def test_a_result_outlives_all_other_references_to_its_buffer() -> None:
    run = Run(chain("AudioResampleNode"))
    run.session.push(audio_packet(noise(48_000), 48_000, ends_clip=True))
    part = run.payloads[0].samples[100:200]
    copy = part.copy()
    run.session.close()
    del run
    gc.collect()
    assert np.array_equal(part, copy)


def test_channels_of_a_result_that_came_out_shorter_follow_each_other() -> None:
    clip = noise(2, 9_600)
    whole = native().resample(clip, 48_000, 16_000, "high", False)
    stream = native().Resampler(48_000, 16_000, 2, "high", False)
    first = stream.process(clip)
    assert first.shape[1] < whole.shape[1]
    assert first.flags.c_contiguous
    assert np.array_equal(np.concatenate([first, stream.flush()], axis=1), whole)


def test_a_borrowed_array_lives_as_long_as_native_code_needs_it() -> None:
    run = Run(chain(("AudioBuffer", {"buffer_size_samples": 300})))
    array = noise(200)
    alive = weakref.ref(array)
    run.session.push(audio_packet(array))
    del array
    gc.collect()
    assert alive() is not None  # the node holds it back, as it is no whole block
    run.session.close()
    assert alive() is None


def test_native_code_lets_go_of_an_array_while_it_runs_without_the_gil() -> None:
    run = Run(chain(("AudioBuffer", {"buffer_size_samples": 300}), "FormatConverterNode"))
    array = noise(200)
    alive = weakref.ref(array)
    run.session.push(audio_packet(array))
    del array
    # The node joins the held part and the next one into memory of its own, and drops both.
    pusher = threading.Thread(target=run.session.push, args=(audio_packet(noise(100)),))
    pusher.start()
    pusher.join()
    assert run.payloads[0].samples.shape == (300,)
    assert alive() is None


@pytest.mark.parametrize(
    "array",
    [
        noise(2, 100).T[:, :2],
        noise(100)[::2],
        noise(100).astype(np.float64),
        noise(100).astype(">f4"),
        noise(100).astype(np.complex64),
        noise(2, 2, 2),
        noise(33, 10),
        np.float32(1),
        np.zeros((0, 10), np.float32),
        np.zeros(10, "M8[s]"),
        np.zeros(10, object),
        np.zeros(10, [("a", "f4")]),
        [0.0, 1.0],
        None,
    ],
    ids=lambda x: f"{type(x).__name__}-{getattr(x, 'dtype', '')}-{getattr(x, 'shape', '')}",
)
def test_arrays_that_cannot_be_borrowed_are_refused_by_what_they_are(array: Any) -> None:
    run = Run(chain("PassThroughNode"))
    with pytest.raises(ItemTypeError, match="expected") as refused:
        run.session.push(audio_packet(array))
    if isinstance(array, np.ndarray):
        assert str(array.shape) in str(refused.value)


def test_only_one_channel_of_a_one_dimensional_array_stays_one_dimensional() -> None:
    run = Run(chain(("AudioTransform", {"output_sample_rate": 16_000, "output_channels": 2})))
    run.session.push(audio_packet(noise(100), ends_clip=True))
    assert run.payloads[0].samples.shape == (2, 100)
