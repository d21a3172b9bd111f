"""Audio nodes.

They take ``(array, sample_rate)``, ``(array, sample_rate, metadata)`` or ``{"audio_data": array,
"sample_rate": rate}``, where the array is float32, int16 or int32 of shape (channels, frames) or
(frames,), and answer in the same form. Metadata goes in and comes out of every node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from .._builtin_node import BuiltinNode, checked
from ._format_python import (
    AudioBufferExecutor,
    ExtractExecutor,
    FormatExecutor,
    resolve_extract,
    resolve_format,
)
from ._left_out import refuse_name
from ._resample_python import (
    ResampleExecutor,
    TransformExecutor,
    resolve_resample,
    resolve_transform,
)
from ._utterances_python import UtteranceExecutor, resolve_utterances
from ._vad_python import VadExecutor, resolve_vad
from .silero import SileroVADNode

__all__ = [
    "AudioBuffer",
    "AudioResampleNode",
    "AudioTransform",
    "ExtractAudioDataNode",
    "FormatConverterNode",
    "SileroVADNode",
    "VADNode",
    "VADTriggeredBuffer",
]


class AudioResampleNode(BuiltinNode, executor=ResampleExecutor, resolve=resolve_resample):
    """Changes the sample rate.

    Parameters
    ----------
    target_sample_rate : int
        Hz, 8000..192000. Alias: ``target_rate``. The rate of the input comes with the audio.
    quality : {"low", "medium", "high", "very_high"}
        Pass band to 80, 87, 91 or 95 % of the lower Nyquist frequency.
    mono : bool
        Average the channels before filtering.
    mode : {"live", "offline"}
        "offline" is for files: less time for the same response, while a result waits for 0.11 s of
        input instead of 0.008 (at 16 kHz). The Python implementation takes as long for both.
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    Audio of float32, of ``ceil(frames * target_sample_rate / sample_rate)`` frames. Output frame n
    lies at input time ``n * sample_rate / target_sample_rate``: the filter's delay is compensated.

    Raises
    ------
    A configuration error for a parameter that is unknown or out of range; while running, the type
    error of an item that is no audio.

    Notes
    -----
    Chunks of a stream give the bits of the whole. A change of rate or channels ends what came
    before and begins anew. The Python implementation has the native filter; they agree within
    rounding.

    Source: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function",
    1974.
    """

    target_sample_rate: int
    quality: str
    mono: bool
    mode: str

    @checked
    def __init__(
        self,
        target_sample_rate: int = 16_000,
        quality: str = "high",
        mono: bool = False,
        mode: str = "live",
        *,
        name: str | None = None,
        runtime_hint: str = "auto",
        **kwargs: Any,
    ) -> None: ...


class VADNode(BuiltinNode, executor=VadExecutor, resolve=resolve_vad):
    """Marks speech, by the energy of frames against a threshold and an adaptive noise floor.

    Parameters
    ----------
    frame_duration_ms : int
        Length of an analysed frame in ms, 5..100.
    energy_threshold : float
        RMS of full scale above which a frame can be speech, 0..1. Alias: ``threshold``.
    sample_rate : int or None
        Rate in Hz that the input must have, 8000..192000; any if None.
    aggressiveness : int
        Margin over the noise floor: 0, 1, 2, 3 ask for 3, 6, 9, 12 dB.
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    The audio unchanged, with these added to its metadata:

    is_speech : bool
        Whether any frame that the item completed is speech; if it completed none, the last
        decision.
    speech_frames, total_frames : int
        Frames that the item completed.
    speech_segments : list of [start, end]
        Speech in seconds of the clip.
    analysed_until_s : float
        End of the last completed frame in seconds of the clip; later audio waits for its
        decision.

    Raises
    ------
    A configuration error for a parameter that is unknown or out of range, and for audio of another
    rate than `sample_rate`; while running, the type error of an item that is no audio.

    Notes
    -----
    Channels are averaged. Samples that do not fill a frame wait for the next chunk, so chunks do
    not change a decision. The floor follows quieter frames at once and rises by 2 dB per second.
    Both implementations give the same decisions.
    """

    frame_duration_ms: int
    energy_threshold: float
    sample_rate: int | None
    aggressiveness: int

    @checked
    def __init__(
        self,
        frame_duration_ms: int = 30,
        energy_threshold: float = 0.02,
        sample_rate: int | None = None,
        aggressiveness: int = 1,
        *,
        name: str | None = None,
        runtime_hint: str = "auto",
        **kwargs: Any,
    ) -> None: ...


class FormatConverterNode(BuiltinNode, executor=FormatExecutor, resolve=resolve_format):
    """Converts the sample format.

    Parameters
    ----------
    target_format : {"f32", "i16", "i32"}
        In any case.
    dither : bool
        Add triangular noise of +-1 LSB before rounding to i16; the same noise each time.
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    Audio of float32, int16 or int32; the samples themselves if they have the format already.

    Raises
    ------
    A configuration error (a `ValueError`) for a parameter that is unknown or out of range; while
    running, the type error of an item that is no audio.

    Notes
    -----
    Integers become floats by a division by 2**15 or 2**31, floats integers by the inverse, rounded
    to nearest (ties to even) and clamped; NaN becomes 0. All int16 values survive the way to
    float32 and back; int32 does not, as float32 holds 24 bits. Both implementations give the same
    bits.
    """

    target_format: str
    dither: bool

    @checked
    def __init__(
        self,
        target_format: str = "f32",
        dither: bool = False,
        *,
        name: str | None = None,
        runtime_hint: str = "auto",
        **kwargs: Any,
    ) -> None: ...


class AudioTransform(BuiltinNode, executor=TransformExecutor, resolve=resolve_transform):
    """Changes sample rate and channel count.

    Parameters
    ----------
    output_sample_rate : int
        Hz, 8000..192000.
    output_channels : int
        1..32. One channel is the mean of all, before filtering; several are copies of a mono input,
        or the first ones of an input that has more. Other inputs with fewer are refused.
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    Audio of float32, of ``ceil(frames * output_sample_rate / sample_rate)`` frames.

    Raises
    ------
    A configuration error for a parameter that is unknown or out of range, and for audio with more
    than one but fewer than `output_channels` channels; while running, the type error of an item
    that is no audio.

    Notes
    -----
    Resamples as `AudioResampleNode` with quality "high".
    """

    output_sample_rate: int
    output_channels: int

    @checked
    def __init__(
        self,
        output_sample_rate: int = 44_100,
        output_channels: int = 2,
        *,
        name: str | None = None,
        runtime_hint: str = "auto",
        **kwargs: Any,
    ) -> None: ...


class AudioBuffer(BuiltinNode, executor=AudioBufferExecutor):
    """Cuts the stream into chunks of an exact size, across items.

    Parameters
    ----------
    buffer_size_samples : int
        Frames per chunk, 1..100000000.
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    Audio of `buffer_size_samples` frames, with the metadata of the item that its first frame came
    in; what a detector said is merged over all items of the chunk and given once, with times of
    this stream. The rest is shorter: at the end, and where rate, channels or sample format change.
    It has no frames if decisions came last, without audio.

    Raises
    ------
    A configuration error for a parameter that is unknown, missing or out of range; while running,
    the type error of an item that is no audio.
    """

    buffer_size_samples: int

    @checked
    def __init__(
        self,
        buffer_size_samples: int,
        *,
        name: str | None = None,
        runtime_hint: str = "auto",
        **kwargs: Any,
    ) -> None: ...


class ExtractAudioDataNode(BuiltinNode, executor=ExtractExecutor, resolve=resolve_extract):
    """Gives bare samples, without rate and metadata.

    Parameters
    ----------
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    array, shape (channels * frames,)
        Channel after channel, of the item's sample format.

    Raises
    ------
    A configuration error for a parameter; while running, the type error of an item that is no
    audio.
    """

    @checked
    def __init__(
        self, *, name: str | None = None, runtime_hint: str = "auto", **kwargs: Any
    ) -> None: ...


class VADTriggeredBuffer(BuiltinNode, executor=UtteranceExecutor, resolve=resolve_utterances):
    """Collects whole utterances from audio that a voice activity detector has marked, across items.

    Parameters
    ----------
    min_speech_duration_s : float
        Seconds of speech, 0..3600; shorter utterances are not emitted.
    max_speech_duration_s : float
        Seconds, `min_speech_duration_s`..3600; an utterance of this length ends at once. It is
        dropped if it has not enough speech, as after any other end.
    silence_duration_s : float
        Seconds, 0..3600; this much silence ends an utterance that has enough speech.
    pre_speech_buffer_s : float
        Seconds of audio kept from before the start of speech, 0..3600.
    max_silence_gap_s : float
        Seconds, 0..3600; an utterance that is still too short is dropped after this much silence.
    sample_rate : int
        Rate in Hz that the input must have, 8000..192000.
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    Audio of one utterance, with the metadata of the item in which it started, without what the
    detector said of that item, and with

    start_s, end_s : float
        Where it is, in seconds of the stream.

    Raises
    ------
    A configuration error for a parameter that is unknown or out of range, and for audio of another
    rate, of changing channels or sample format, or without a speech decision; while running, the
    type error of an item that is no audio.

    Notes
    -----
    Cuts at the frames of ``speech_segments``, so chunks do not change an utterance; without them
    an item is speech or not as a whole, as its ``is_speech`` says.
    """

    min_speech_duration_s: float
    max_speech_duration_s: float
    silence_duration_s: float
    pre_speech_buffer_s: float
    max_silence_gap_s: float
    sample_rate: int

    @checked
    def __init__(  # noqa: PLR0917 - public names, all with defaults
        self,
        min_speech_duration_s: float = 1.0,
        max_speech_duration_s: float = 10.0,
        silence_duration_s: float = 0.5,
        pre_speech_buffer_s: float = 1.0,
        max_silence_gap_s: float = 1.5,
        sample_rate: int = 16_000,
        *,
        name: str | None = None,
        runtime_hint: str = "auto",
        **kwargs: Any,
    ) -> None: ...


if not TYPE_CHECKING:  # a checker should miss what is not there

    def __getattr__(name: str) -> NoReturn:
        refuse_name(__name__, name)
