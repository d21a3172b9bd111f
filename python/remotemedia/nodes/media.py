"""Files as the ends of a pipeline."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NoReturn

from .._builtin_node import BuiltinNode, checked
from ._left_out import refuse_name
from ._media_python import ReaderExecutor, WriterExecutor, resolve_reader

__all__ = ["MediaReaderNode", "MediaWriterNode"]


class MediaReaderNode(BuiltinNode, executor=ReaderExecutor, resolve=resolve_reader):
    """Reads an audio file: wav, flac, ogg, opus, mp3, aiff, au, w64. The start of a pipeline.

    Parameters
    ----------
    path : str or path object
        File to read.
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    Audio of float32, shape (channels, frames), in blocks of 100 ms.

    Raises
    ------
    A configuration error for a parameter that is unknown or missing; when the pipeline starts, the
    file error if there is no such file, or none that can be read.

    Notes
    -----
    The native implementation holds a block in memory; the one in Python the whole file, and
    without the package soundfile it reads integer PCM WAV only.
    """

    path: str

    @checked
    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        runtime_hint: str = "auto",
        **kwargs: Any,
    ) -> None: ...


class MediaWriterNode(BuiltinNode, executor=WriterExecutor):
    """Writes an audio file. An end of a pipeline.

    Parameters
    ----------
    output_path : str or path object
        File to write; the suffix tells its kind: .wav, .flac, .ogg, .opus or .mp3. .wav keeps the
        sample type, .flac stores int16 as 16 and the others as 24 bits.
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    Nothing. The file gets its name when the input has ended; after a failure nothing is left.

    Raises
    ------
    A configuration error for a parameter that is unknown or missing, and for audio of changing
    rate, channels or sample format; when the pipeline starts, the file error if nothing can be
    written there.

    Notes
    -----
    The native implementation holds a block in memory; the one in Python the whole file.
    """

    output_path: str

    @checked
    def __init__(
        self,
        output_path: str | os.PathLike[str],
        *,
        name: str | None = None,
        runtime_hint: str = "auto",
        **kwargs: Any,
    ) -> None: ...


if not TYPE_CHECKING:  # a checker should miss what is not there

    def __getattr__(name: str) -> NoReturn:
        refuse_name(__name__, name)
