"""RemoteMedia: media pipelines in Python, run by native code.

>>> from remotemedia import Pipeline
>>> from remotemedia.nodes import AddNode, MultiplyNode
>>> Pipeline([MultiplyNode(factor=2), AddNode(addend=10)]).run_sync([1, 2, 3])
[12, 14, 16]
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import audio, metrics
from .exceptions import (
    CircuitOpenError,
    ConfigurationError,
    ItemTypeError,
    ManifestError,
    MediaIOError,
    MissingExtraError,
    NodeError,
    NodeErrors,
    NodeTimeoutError,
    NodeTypeError,
    PipelineError,
    RemoteMediaError,
    SerializationError,
    WebRTCError,
    WorkerError,
)
from .node import Node
from .pipeline import Pipeline
from .runtime import (
    get_rust_runtime,
    is_native_runtime_available,
    is_rust_runtime_available,
    try_load_rust_runtime,
)
from .session import PipelineSession, SyncPipelineSession

__version__ = "0.2.1"

__all__ = [
    "AddNode",
    "AudioBuffer",
    "AudioResampleNode",
    "AudioTransform",
    "BufferNode",
    "CalculatorNode",
    "CircuitOpenError",
    "ConfigurationError",
    "ExtractAudioDataNode",
    "FormatConverterNode",
    "ItemTypeError",
    "ManifestError",
    "MediaIOError",
    "MediaReaderNode",
    "MediaWriterNode",
    "MissingExtraError",
    "MultiplyNode",
    "Node",
    "NodeError",
    "NodeErrors",
    "NodeTimeoutError",
    "NodeTypeError",
    "PassThrough",
    "PassThroughNode",
    "Pipeline",
    "PipelineError",
    "PipelineSession",
    "RemoteMediaError",
    "SerializationError",
    "SileroVADNode",
    "SyncPipelineSession",
    "TextProcessorNode",
    "TextTransformNode",
    "VADNode",
    "VADTriggeredBuffer",
    "WebRTCError",
    "WorkerError",
    "__version__",
    "audio",
    "get_rust_runtime",
    "is_native_runtime_available",
    "is_rust_runtime_available",
    "metrics",
    "try_load_rust_runtime",
]

# What the last probe of the native module found (see `remotemedia.runtime`); tests set them.
_rust_runtime: ModuleType | None = None
_rust_runtime_available: bool | None = None

if TYPE_CHECKING:
    from .nodes import (
        AddNode,
        AudioBuffer,
        AudioResampleNode,
        AudioTransform,
        BufferNode,
        CalculatorNode,
        ExtractAudioDataNode,
        FormatConverterNode,
        MediaReaderNode,
        MediaWriterNode,
        MultiplyNode,
        PassThrough,
        PassThroughNode,
        SileroVADNode,
        TextProcessorNode,
        TextTransformNode,
        VADNode,
        VADTriggeredBuffer,
    )
else:

    def __getattr__(name: str) -> Any:
        """Give the nodes, which are loaded when they are asked for."""
        if name.startswith("_"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        nodes = importlib.import_module(".nodes", __name__)
        if name == "nodes":
            return nodes
        if name in nodes.__all__:
            return getattr(nodes, name)
        from .nodes._left_out import refuse_name

        refuse_name(__name__, name)

    def __dir__() -> list[str]:
        """Name the nodes, too."""
        return sorted({*globals(), *__all__})
