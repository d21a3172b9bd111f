"""One voice through a pipeline in Python, ours and Pipecat's, in turns; prints JSON.

Usage: python bench/voice_pipelines.py RECORDING [--rounds N] [--seconds S]

Each gets int16 frames of 20 ms at 48 kHz, resamples them to 16 kHz and runs the Silero VAD on them.
Measured is the processor time of the whole process, from the first frame to the last result.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import soxr
from numpy.typing import NDArray

import remotemedia
from remotemedia import Pipeline
from remotemedia.nodes import AudioResampleNode, SileroVADNode

RATE: Final = 48_000
TARGET_RATE: Final = 16_000
FRAME: Final = RATE // 50
# Of the frames: the two have other rules for when speech begins and ends, and Pipecat's events
# overtake the frames that wait.
LEAST_AGREEMENT: Final = 0.5

Frames = list[NDArray[np.int16]]


def frames_of(recording: Path, seconds: float) -> Frames:
    """Read a recording, as often as needed, as frames of the benchmark's rate."""
    audio, rate = remotemedia.audio.read(recording)
    mono = np.asarray(audio, np.float64).reshape(-1, np.shape(audio)[-1])[0]
    samples = soxr.resample(mono, rate, RATE)
    samples = np.resize(samples, int(seconds * RATE) // FRAME * FRAME)
    return list(np.clip(samples * 32_768, -32_768, 32_767).astype(np.int16).reshape(-1, FRAME))


async def run_ours(frames: Frames) -> tuple[float, list[bool]]:
    """Give processor seconds, and for each frame whether there is speech."""
    pipeline = Pipeline([AudioResampleNode(target_sample_rate=TARGET_RATE), SileroVADNode()])
    speech: list[bool] = []
    async with pipeline.session() as session:

        async def take() -> None:
            async for result in session:
                metadata = result[-1]
                samples = np.shape(result[0])[-1]
                speech.extend([metadata["is_speech"]] * round(samples / TARGET_RATE * 50))

        start = time.process_time()
        taking = asyncio.create_task(take())
        for frame in frames:
            await session.push((frame, RATE))
        await session.finish()
        await taking
        return time.process_time() - start, speech


async def run_pipecat(frames: Frames) -> tuple[float, list[bool]]:
    """Give the same of Pipecat."""
    from pipecat.audio.resamplers.soxr_stream_resampler import SOXRStreamAudioResampler
    from pipecat.audio.vad.silero import SileroVADAnalyzer
    from pipecat.frames.frames import (
        EndFrame,
        Frame,
        InputAudioRawFrame,
        VADUserStartedSpeakingFrame,
        VADUserStoppedSpeakingFrame,
    )
    from pipecat.pipeline.pipeline import Pipeline as Pipecat
    from pipecat.pipeline.worker import PipelineParams, PipelineWorker
    from pipecat.processors.audio.vad_processor import VADProcessor
    from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
    from pipecat.workers.runner import WorkerRunner

    class Resample(FrameProcessor):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._resampler = SOXRStreamAudioResampler(clear_after_secs=None)

        async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
            await super().process_frame(frame, direction)
            if isinstance(frame, InputAudioRawFrame):
                audio = await self._resampler.resample(frame.audio, RATE, TARGET_RATE)
                frame = InputAudioRawFrame(audio=audio, sample_rate=TARGET_RATE, num_channels=1)
            await self.push_frame(frame, direction)

    class Sink(FrameProcessor):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.is_speech = False
            self.speech: list[bool] = []
            self.ended = asyncio.Event()

        async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
            await super().process_frame(frame, direction)
            if isinstance(frame, InputAudioRawFrame):
                self.speech.append(self.is_speech)
            elif isinstance(frame, VADUserStartedSpeakingFrame | VADUserStoppedSpeakingFrame):
                self.is_speech = isinstance(frame, VADUserStartedSpeakingFrame)
            elif isinstance(frame, EndFrame):
                self.ended.set()
            await self.push_frame(frame, direction)

    sink = Sink()
    vad = VADProcessor(vad_analyzer=SileroVADAnalyzer(sample_rate=TARGET_RATE))
    worker = PipelineWorker(
        Pipecat([Resample(), vad, sink]),
        cancel_on_idle_timeout=False,
        enable_rtvi=False,
        params=PipelineParams(audio_in_sample_rate=TARGET_RATE),
    )
    started = asyncio.Event()

    @worker.event_handler("on_pipeline_started")  # type: ignore[untyped-decorator]
    async def on_started(_worker: Any, _frame: Any) -> None:
        started.set()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await started.wait()
    start = time.process_time()
    for frame in frames:
        data = InputAudioRawFrame(frame.tobytes(), sample_rate=RATE, num_channels=1)
        await worker.queue_frame(data)
    await worker.queue_frame(EndFrame())
    await sink.ended.wait()
    cpu_s = time.process_time() - start
    await running
    return cpu_s, sink.speech


def agreement(ours: list[bool], theirs: list[bool], count: int) -> float:
    """Share of the frames on which both say the same; raises if frames are missing."""
    if not count - 25 <= len(ours) <= count + 1 or len(theirs) != count:
        raise SystemExit(f"of {count} frames came out {len(ours)} (ours), {len(theirs)} (Pipecat)")
    shared = min(len(ours), len(theirs))
    return float(np.mean(np.array(ours[:shared]) == np.array(theirs[:shared])))


async def measure(frames: Frames, rounds: int) -> dict[str, Any]:
    """Run both in turns, after one round that is not counted."""
    import pipecat

    times: dict[str, list[float]] = {"remotemedia": [], "Pipecat": []}
    share = 1.0
    for number in range(rounds + 1):
        ours, our_speech = await run_ours(frames)
        theirs, their_speech = await run_pipecat(frames)
        share = min(share, agreement(our_speech, their_speech, len(frames)))
        if number > 0:
            times["remotemedia"].append(ours / len(frames) * 1e6)
            times["Pipecat"].append(theirs / len(frames) * 1e6)
    if share < LEAST_AGREEMENT:
        raise SystemExit(f"the two agree on {share:.0%} of the frames only")
    versions = {"Pipecat": pipecat.version(), "remotemedia": remotemedia.__version__}
    return {"frames": len(frames), "cpu_us": times, "agreement": share, "versions": versions}


def main() -> None:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    try:
        from loguru import logger
    except ImportError:
        raise SystemExit("Pipecat is not installed: run tools/setup.sh bench") from None
    logger.remove()
    frames = frames_of(options.recording, options.seconds)
    json.dump(asyncio.run(measure(frames, options.rounds)), sys.stdout)


if __name__ == "__main__":
    main()
