"""The node of the Silero VAD; `remotemedia.nodes.audio` offers it with the other audio nodes."""

from __future__ import annotations

from typing import Any

from .._builtin_node import BuiltinNode, checked
from ._silero_python import SileroExecutor, resolve_silero

__all__ = ["SileroVADNode"]


class SileroVADNode(BuiltinNode, executor=SileroExecutor, resolve=resolve_silero):
    """Marks speech, by the probabilities of the Silero VAD network, version 6.

    Parameters
    ----------
    threshold : float
        Probability at which speech begins, 0..1; it ends below `threshold` - 0.15.
    min_speech_duration_ms : int
        ms, 0..10000; speech that is not longer is dropped.
    min_silence_duration_ms : int
        ms, 0..10000; silence that ends a segment.
    speech_pad_ms : int
        ms, 0..10000; added to a segment on either side. Two segments with less than twice that
        between them share it.
    sample_rate : int or None
        Rate in Hz that the input must have, 16000 or 8000; either if None.
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    The audio unchanged, with these added to its metadata:

    is_speech : bool
        Whether any window that the item completed is speech by the threshold, at once and whatever
        comes of it; if it completed none, the last decision.
    speech_frames, total_frames : int
        Windows of 32 ms that the item completed, those that are speech and all.
    speech_segments : list of [start, end]
        Speech in seconds of the clip, as far as it has become certain with the item.
    analysed_until_s : float
        Where that ends, in seconds of the clip; later audio waits for its decision.
    speech_probabilities : list of float
        Of each completed window.
    speech_events : list of {"event": "start" or "end", "time_s": float}
        Those that have become certain with the item; times in seconds of the clip.

    Raises
    ------
    A configuration error for a parameter that is unknown or out of range, and for audio of another
    rate; the I/O error, when the pipeline starts, of a model file that is not there or is another
    one; while running, the type error of an item that is no audio.

    Notes
    -----
    A start is certain once the speech is longer than `min_speech_duration_ms`, an end once the
    silence has lasted `min_silence_duration_ms`: events and segments come that much after the time
    that they name, where the speech starts or ends, with the padding. The segments are those of
    ``get_speech_timestamps`` of the silero-vad package. What the end of a stream decides leaves
    with an item of no frames; a clip says all of itself. There a partial window is completed with
    zeros.

    Channels are averaged. Chunks do not change a result. The two implementations agree within the
    rounding of float32: a probability that lies on a threshold may fall to either side.

    Source: https://github.com/snakers4/silero-vad, MIT licence.
    """

    threshold: float
    min_speech_duration_ms: int
    min_silence_duration_ms: int
    speech_pad_ms: int
    sample_rate: int | None

    @checked
    def __init__(
        self,
        threshold: float = 0.5,
        min_speech_duration_ms: int = 250,
        min_silence_duration_ms: int = 100,
        speech_pad_ms: int = 30,
        sample_rate: int | None = None,
        *,
        name: str | None = None,
        runtime_hint: str = "auto",
        **kwargs: Any,
    ) -> None: ...
