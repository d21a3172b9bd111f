#!/usr/bin/env python3
"""Write silero_probabilities.txt: what ONNX Runtime gives for the recordings that tests use.

Each line is a recording's name, the rate and the probability of each window. The recordings are
those of Debian's and Ubuntu's pocketsphinx-testdata; at 8 kHz, the means of pairs of samples.

Usage: make_silero_probabilities.py   (needs numpy, onnxruntime, and the model in build/models)
"""

from __future__ import annotations

import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parent
MODEL = FOLDER.parent.parent / "build" / "models" / "silero_vad.onnx"
PACKAGE = "pocketsphinx-testdata"

Floats = NDArray[np.float32]


def recordings() -> list[Path]:
    """Find the recordings where the package put them."""
    listing = subprocess.run(["dpkg", "-L", PACKAGE], capture_output=True, text=True, check=True)
    paths = [Path(line) for line in listing.stdout.splitlines()]
    return sorted(path for path in paths if path.suffix == ".wav" and "librivox" in path.parts)


def samples_of(path: Path, rate: int) -> Floats:
    """Read a recording of 16 kHz, at 16000 or 8000 Hz."""
    with wave.open(str(path)) as recording:
        data = recording.readframes(recording.getnframes())
    x = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)
    if rate == 16_000:
        return x
    pairs = x[: len(x) // 2 * 2].reshape(-1, 2)
    return (pairs[:, 0] + pairs[:, 1]) * np.float32(0.5)


class Reference:
    """The published model in ONNX Runtime, on one thread."""

    def __init__(self, model: Path = MODEL) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )

    def probabilities(self, x: Floats, rate: int) -> Floats:
        """Give the probability of each whole window of a stream."""
        window, context = (512, 64) if rate == 16_000 else (256, 32)
        state = np.zeros((2, 1, 128), np.float32)
        padded = np.concatenate([np.zeros(context, np.float32), x])
        results = []
        for begin in range(0, len(x) - window + 1, window):
            inputs = {
                "input": padded[np.newaxis, begin : begin + window + context],
                "state": state,
                "sr": np.array(rate, np.int64),
            }
            probability, state = self._session.run(None, inputs)
            results.append(probability[0, 0])
        return np.array(results, np.float32)


def main() -> int:
    """Write the file."""
    reference = Reference()
    lines = []
    for path in recordings():
        for rate in (16_000, 8_000):
            values = reference.probabilities(samples_of(path, rate), rate)
            lines.append(" ".join([path.name, str(rate), *(f"{value:.8g}" for value in values)]))
    (FOLDER / "silero_probabilities.txt").write_text("\n".join(lines) + "\n", encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
