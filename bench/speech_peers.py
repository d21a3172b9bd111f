"""Voice activity detectors: ours, Silero on ONNX Runtime, and WebRTC's.

Each entry takes 16 kHz mono float32 and gives one score per frame of its own length. What cannot be
imported, or is not in this build, is left out by name.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from accuracy import Detector, Score
from remotemedia import audio

RATE: Final = 16_000
FRAME_MS: Final = 20
FRAME: Final = RATE * FRAME_MS // 1000
WINDOW: Final = 512  # of Silero
CONTEXT: Final = 64
MODEL_SHA256: Final = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"

OUR_ENERGY: Final = "remotemedia EnergyVAD"
OUR_SILERO: Final = "remotemedia SileroVAD"
ORT_SILERO: Final = "Silero, ONNX Runtime"

Floats = NDArray[np.float32]


def model_path() -> Path:
    """Find the model of the silero-vad package without importing it, as that needs torch."""
    spec = importlib.util.find_spec("silero_vad")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("silero-vad is not installed: pip install -r requirements/bench.txt")
    path = Path(spec.submodule_search_locations[0]) / "data" / "silero_vad.onnx"
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != MODEL_SHA256:
        raise RuntimeError(f"{path} has sha256 {found}, expected {MODEL_SHA256}")
    return path


class OnnxSilero:
    """The model's stream on ONNX Runtime, one thread, as its authors' wrapper runs it."""

    def __init__(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(model_path()), options, providers=["CPUExecutionProvider"]
        )
        self._rate = np.array(RATE, np.int64)
        self.reset()

    def reset(self) -> None:
        """Begin a new stream."""
        self._state = np.zeros((2, 1, 128), np.float32)
        self._context = np.zeros((1, CONTEXT), np.float32)

    def process(self, x: Floats) -> Floats:
        """Give the probability of speech for each whole window of 512 samples."""
        count = len(x) // WINDOW
        out = np.empty(count, np.float32)
        for i in range(count):
            window = x[np.newaxis, i * WINDOW : (i + 1) * WINDOW]
            given = {
                "input": np.concatenate([self._context, window], axis=1),
                "state": self._state,
                "sr": self._rate,
            }
            probability, self._state = self._session.run(None, given)
            self._context = window[:, -CONTEXT:]
            out[i] = probability[0, 0]
        return out


def webrtc(mode: int) -> Callable[[Floats], NDArray[np.bool_]]:
    """Give WebRTC's detector: yes or no for each 20 ms."""
    import webrtcvad

    vad = webrtcvad.Vad(mode)

    def run(x: Floats) -> NDArray[np.bool_]:
        data = np.rint(np.clip(x, -1, 1) * 32767).astype("<i2").tobytes()
        size = 2 * FRAME
        frames = range(0, len(data) - size + 1, size)
        return np.array([vad.is_speech(data[i : i + size], RATE) for i in frames], np.bool_)

    return run


def numpy_energy() -> Callable[[Floats], NDArray[Any]]:
    """Give our energy detector as NumPy would have it."""
    from remotemedia import _kernels_numpy

    return _kernels_numpy.EnergyVAD(RATE, FRAME_MS, 0.02, 1).levels


def native_silero() -> Any | None:
    """Give our Silero network, or None where this build has none."""
    kind = getattr(audio, "SileroVAD", None)
    return None if kind is None else kind(rate=RATE)


def detectors() -> list[Detector]:
    """Give what the accuracy report compares."""
    found = [Detector(OUR_ENERGY, FRAME, lambda: audio.EnergyVAD(RATE, FRAME_MS).levels)]
    if native_silero() is not None:
        found.append(Detector(OUR_SILERO, WINDOW, _fresh(native_silero())))
    found.append(Detector(ORT_SILERO, WINDOW, _fresh(OnnxSilero())))
    for mode in range(4):
        found.append(
            Detector(f"webrtcvad, mode {mode}", FRAME, lambda mode=mode: webrtc(mode), binary=True)
        )
    return found


def _fresh(detector: Any) -> Callable[[], Score]:
    """Reset one object for each file: to load a model takes longer than a file."""

    def start() -> Score:
        detector.reset()
        score: Score = detector.process
        return score

    return start
