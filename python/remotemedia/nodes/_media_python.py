"""MediaReaderNode and MediaWriterNode in Python.

Twins of ``src/nodes/media_nodes.cc``, but for memory: these hold the whole file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .. import _kernels_numpy as kernels
from .._files_python import check_output_path
from .._items import require_audio
from .._node_types import StreamFormat
from .._packet import Audio, Emit, NodeContext, Packet
from ..exceptions import refuse
from ._executor import PythonExecutor, format_name, frame_time, with_audio

__all__ = ["ReaderExecutor", "WriterExecutor", "resolve_reader"]

_BLOCK_MS: Final = 100


class ReaderExecutor(PythonExecutor):
    """Reads a file, and gives it in blocks."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._path: str = parameters["path"]
        self._content: tuple[NDArray[np.float32], int] | None = None

    def initialize(self, context: NodeContext) -> None:
        """Read the file."""
        self._content = kernels.read_audio(self._path)

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit the blocks; an empty file gives an empty one."""
        assert self._content is not None
        samples, rate = self._content
        frames = rate * _BLOCK_MS // 1000
        for begin in range(0, max(1, samples.shape[1]), frames):
            block = np.ascontiguousarray(samples[:, begin : begin + frames])
            if not emit(with_audio(packet, Audio(block, rate), frame_time(begin, rate)), 0):
                return

    def cleanup(self) -> None:
        """Free the file's content."""
        self._content = None


class WriterExecutor(PythonExecutor):
    """Collects audio, and writes it when the input has ended; nothing is left after a failure."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._path: str = parameters["output_path"]
        self._blocks: list[NDArray[Any]] = []
        self._first: Audio | None = None

    def initialize(self, context: NodeContext) -> None:
        """Refuse a path that cannot be written."""
        check_output_path(self._path)

    def process(self, packet: Packet, emit: Emit) -> None:
        """Take a block."""
        audio = require_audio(packet)
        if self._first is None:
            self._first = audio
        _check_same(self._first, audio)
        # A copy: no output tells the giver when it may write into its array again.
        self._blocks.append(np.array(np.atleast_2d(audio.samples)))

    def flush(self, emit: Emit) -> None:
        """Write the file; without a block there is none."""
        if self._first is not None:
            whole = np.concatenate(self._blocks, axis=1)
            kernels.write_audio(self._path, whole, self._first.rate)
            self._first = None
            self._blocks.clear()

    def cleanup(self) -> None:
        """Free what was collected."""
        self._first = None
        self._blocks.clear()


def resolve_reader(parameters: Mapping[str, Any], fmt: StreamFormat) -> StreamFormat:
    """Give what is known before the file is opened."""
    return StreamFormat("audio", sample_format="f32")


def _check_same(first: Audio, audio: Audio) -> None:
    if audio.rate != first.rate:
        refuse("AudioWriter: rate", audio.rate, f"{first.rate} Hz")
    if audio.channels != first.channels:
        refuse("AudioWriter: channels", audio.channels, str(first.channels))
    if format_name(audio) != format_name(first):
        refuse("AudioWriter: sample format", format_name(audio), format_name(first))
