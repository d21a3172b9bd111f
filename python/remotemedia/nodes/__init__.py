"""The built-in nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from ._left_out import refuse_name
from .audio import (
    AudioBuffer,
    AudioResampleNode,
    AudioTransform,
    ExtractAudioDataNode,
    FormatConverterNode,
    SileroVADNode,
    VADNode,
    VADTriggeredBuffer,
)
from .general import (
    AddNode,
    BufferNode,
    CalculatorNode,
    MultiplyNode,
    PassThrough,
    PassThroughNode,
    TextProcessorNode,
    TextTransformNode,
)
from .media import MediaReaderNode, MediaWriterNode

__all__ = [
    "AddNode",
    "AudioBuffer",
    "AudioResampleNode",
    "AudioTransform",
    "BufferNode",
    "CalculatorNode",
    "ExtractAudioDataNode",
    "FormatConverterNode",
    "MediaReaderNode",
    "MediaWriterNode",
    "MultiplyNode",
    "PassThrough",
    "PassThroughNode",
    "SileroVADNode",
    "TextProcessorNode",
    "TextTransformNode",
    "VADNode",
    "VADTriggeredBuffer",
]


if not TYPE_CHECKING:  # a checker should miss what is not there

    def __getattr__(name: str) -> NoReturn:
        refuse_name(__name__, name)
