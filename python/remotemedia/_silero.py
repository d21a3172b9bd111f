"""Voice activity detection by the Silero network, as `remotemedia.audio` offers it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ._arrays import check_rate, check_samples
from .exceptions import refuse

__all__ = ["SileroVAD"]

_RATES: Final = (16_000, 8_000)


class SileroVAD:
    """Find speech with the Silero VAD network, version 6.

    Gives the probability of speech in each window of 32 ms: 512 frames at 16 kHz, 256 at 8 kHz.
    Frames that do not fill a window wait for the next chunk, so chunks do not change a bit. One
    object per stream, one thread at a time; all share one copy of the weights.

    NaN counts as 0, infinities as +-1, and values beyond +-65536 as that. Latency: one window.
    Long chunks cost less per window than short ones, and so do many detectors in one call.

    Parameters
    ----------
    rate : int
        16000 or 8000 Hz.

    Raises
    ------
    A configuration error for another rate; the I/O error of a model file that is not there, or is
    another one: the text names the places, the expected and the found hash.

    Notes
    -----
    The network is our own SIMD code, or NumPy in the fallback; both agree with ONNX Runtime within
    1e-5. The weights are the published file, which the build takes from the `silero-vad` package;
    ``REMOTEMEDIA_MODELS`` names another folder to look for it first.

    Source: https://github.com/snakers4/silero-vad, MIT licence.
    """

    def __init__(self, rate: int = 16_000) -> None:
        from .audio import kernels

        checked = check_rate("SileroVAD: rate", rate)
        if checked not in _RATES:
            refuse("SileroVAD: rate", checked, "16000 or 8000 Hz", "resample the audio to 16000 Hz")
        self._kernels = kernels()
        self._kernel = self._kernels.SileroVAD(checked)

    @property
    def window_length(self) -> int:
        """Frames per probability."""
        return self._kernel.window_length

    @property
    def cleaned_samples(self) -> int:
        """Samples that were NaN, infinite or beyond +-65536 and have been replaced."""
        return self._kernel.cleaned_samples

    def process(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """Take a chunk; give one probability per window that it completes. Channels are averaged.

        Returns
        -------
        float32 array, shape (windows,), 0..1
        """
        return self._kernel.process(x)

    @staticmethod
    def process_many(
        detectors: Sequence[SileroVAD], chunks: Sequence[NDArray[Any]]
    ) -> list[NDArray[np.float32]]:
        """Take a chunk for each of many detectors; give what `process` of each would, bit for bit.

        Windows are evaluated eight at a time, which shares the reading of the weights.

        Raises
        ------
        A configuration error for another number of chunks than of detectors, or a detector twice.
        """
        if len(detectors) != len(chunks):
            refuse("process_many: number of chunks", len(chunks), f"{len(detectors)} as detectors")
        if len({id(detector) for detector in detectors}) != len(detectors):
            refuse("process_many: a detector", "there twice", "each once", "join its chunks")
        samples = [check_samples(x, "chunk") for x in chunks]
        results: list[NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(detectors)
        for used in {id(detector._kernels): detector._kernels for detector in detectors}.values():
            which = [i for i, detector in enumerate(detectors) if detector._kernels is used]
            given = used.silero_process_many(
                [detectors[i]._kernel for i in which], [samples[i] for i in which]
            )
            for i, probabilities in zip(which, given, strict=True):
                results[i] = probabilities
        return results

    def flush(self) -> NDArray[np.float32]:
        """Complete a partial window with zeros; give its probability, if there is one.

        The next chunk begins a new stream.
        """
        return self._kernel.flush()

    def reset(self) -> None:
        """Forget the stream."""
        self._kernel.reset()
