"""The Silero VAD network where the native module is not in use.

The same network as ``src/dsp/silero_kernel.cc``, layer by layer in NumPy; the two agree within the
rounding of float32.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ._models import SILERO_VAD, model_folders, read_model, require_model
from ._onnx import branch_constants
from .exceptions import refuse

__all__ = ["SileroVAD", "silero_process_many"]

Floats = NDArray[np.float32]

_HIDDEN: Final = 128
_FRAMES: Final = 4
_STRIDES: Final = (1, 2, 2, 1)  # of the convolutions
_LARGEST_SAMPLE: Final = np.float32(65536)
_BRANCHES: Final = {16_000: ("then_branch", 256), 8_000: ("else_branch", 128)}  # and FFT length


class _Network:
    """The weights of one rate, and the layers without the detector's state."""

    def __init__(self, constants: dict[str, Floats], fft_length: int) -> None:
        self.fft_length = fft_length
        # The first row of the transform's matrix, of frequency 0, is its window.
        self._window = constants["stft.forward_basis_buffer"][0, 0]
        self._layers = [
            (
                constants[f"encoder.{i}.reparam_conv.weight"],
                constants[f"encoder.{i}.reparam_conv.bias"],
                stride,
            )
            for i, stride in enumerate(_STRIDES)
        ]
        self._input_weights = constants["decoder.rnn.weight_ih"]
        self._state_weights = constants["decoder.rnn.weight_hh"]
        self._bias = constants["decoder.rnn.bias_ih"] + constants["decoder.rnn.bias_hh"]
        self._output_weights = constants["decoder.decoder.2.weight"][0, :, 0]
        self._output_bias = constants["decoder.decoder.2.bias"][0]

    def gates(self, window: Floats) -> Floats:
        """Give what a window, shape (context + window,), adds to the LSTM's gates."""
        padded = np.pad(window, (0, self.fft_length // 4), mode="reflect")
        hop = self.fft_length // 2
        frames = np.stack([padded[i * hop : i * hop + self.fft_length] for i in range(_FRAMES)])
        x: Floats = np.abs(np.fft.rfft(frames * self._window)).astype(np.float32).T
        for weights, bias, stride in self._layers:
            x = _convolve(x, weights, bias, stride)
        gates: Floats = self._input_weights @ x[:, 0] + self._bias
        return gates

    def step(self, gates: Floats, hidden: Floats, cell: Floats) -> tuple[Floats, Floats, float]:
        """Give the LSTM's next state, hidden and cell, and the probability."""
        total = gates + self._state_weights @ hidden
        open_in, forget, fresh, open_out = total.reshape(4, _HIDDEN)
        following: Floats = _sigmoid(forget) * cell + _sigmoid(open_in) * np.tanh(fresh)
        shown: Floats = _sigmoid(open_out) * np.tanh(following)
        logit: Floats = np.maximum(shown, 0) @ self._output_weights + self._output_bias
        return shown, following, float(_sigmoid(logit))


def _convolve(x: Floats, weights: Floats, bias: Floats, stride: int) -> Floats:
    """Convolve (channels, frames) over time, width 3, one frame of zeros on either side; ReLU."""
    padded = np.pad(x, ((0, 0), (1, 1)))
    flat = weights.reshape(len(weights), -1)
    results = [
        flat @ padded[:, first : first + weights.shape[2]].reshape(-1) + bias
        for first in range(0, x.shape[1], stride)
    ]
    activated: Floats = np.maximum(np.stack(results, axis=1), 0)
    return activated


def _sigmoid(x: Floats) -> Floats:
    one = np.float32(1)
    result: Floats = one / (one + np.exp(-np.clip(x, -80, 80)))
    return result


@lru_cache(maxsize=2)
def _network(path: Path, rate: int) -> _Network:
    branch, fft_length = _BRANCHES[rate]
    return _Network(branch_constants(read_model(SILERO_VAD, path), branch), fft_length)


class SileroVAD:
    """Probabilities of a stream's windows; channels are averaged."""

    def __init__(self, rate: int) -> None:
        if rate not in _BRANCHES:
            refuse("SileroVad: rate", rate, "16000 or 8000 Hz", "resample the audio to 16000 Hz")
        path = require_model(SILERO_VAD, model_folders())
        self._network = _network(path, rate)
        self.window_length = 2 * self._network.fft_length
        self.cleaned_samples = 0
        self.reset()

    @property
    def pending(self) -> int:
        """Samples that wait for the rest of their window."""
        return len(self._samples) - self._network.fft_length // 4

    def reset(self) -> None:
        """Forget the stream."""
        self._hidden = np.zeros(_HIDDEN, np.float32)
        self._cell = np.zeros(_HIDDEN, np.float32)
        # The context, then the window that fills up.
        self._samples = np.zeros(self._network.fft_length // 4, np.float32)

    def process(self, x: NDArray[Any]) -> Floats:
        """Give the probability of each window that `x` completes; channels are averaged."""
        from ._kernels_numpy import to_mono

        self._samples = np.concatenate([self._samples, self._clean(np.atleast_2d(to_mono(x))[0])])
        probabilities = []
        while self.pending >= self.window_length:
            # One window at a time: the bits of a product could depend on how many share it.
            end = len(self._samples) - self.pending + self.window_length
            probabilities.append(self._step(self._network.gates(self._samples[:end])))
            self._samples = self._samples[self.window_length :]
        self._samples = self._samples.copy()  # not a view of all that came
        return np.array(probabilities, np.float32)

    def flush(self) -> Floats:
        """Complete a partial window with zeros; what follows is a new stream."""
        missing = -self.pending % self.window_length
        result = self.process(np.zeros(missing, np.float32))
        self.reset()
        return result

    def _step(self, gates: Floats) -> float:
        self._hidden, self._cell, probability = self._network.step(gates, self._hidden, self._cell)
        return probability

    def _clean(self, x: Floats) -> Floats:
        finite = np.nan_to_num(x, nan=0.0, posinf=1.0, neginf=-1.0)
        bounded: Floats = np.clip(finite, -_LARGEST_SAMPLE, _LARGEST_SAMPLE)
        self.cleaned_samples += int(np.count_nonzero(bounded != x))
        return bounded


def silero_process_many(detectors: list[SileroVAD], chunks: list[NDArray[Any]]) -> list[Floats]:
    """Do the same as `process` of each detector on its chunk."""
    return [detector.process(x) for detector, x in zip(detectors, chunks, strict=True)]
