"""Names of the earlier SDK that are not part of this release, and why."""

from __future__ import annotations

from typing import Final, NoReturn

__all__ = ["LEFT_OUT", "refuse_name"]

_REMOTE: Final = "it ran pickled code from the network; run a pipeline on that machine instead"
_TRANSPORT: Final = "files and the Python API carry audio in and out"
_VIDEO: Final = "there is no video in this release"
_MODEL: Final = "nodes with large models come as packages of their own later"
_DEMO: Final = "it only demonstrated; write a Node subclass of five lines"
_SESSION: Final = "use pipeline.session()"

LEFT_OUT: Final[dict[str, str]] = {
    "AudioResampler": "it did nothing; use AudioResampleNode(target_sample_rate=44100)",
    "AudioTrackSource": _TRANSPORT,
    "BidirectionalNode": _SESSION,
    "CodeExecutorNode": "it ran any code it was given; write a Node subclass",
    "DataSinkNode": _SESSION,
    "DataSourceNode": _SESSION,
    "DataTransform": "it did nothing; write a Node subclass",
    "Echo": _DEMO,
    "FormatConverter": "it did nothing; FormatConverterNode converts sample formats",
    "GRPCStreamSource": _TRANSPORT,
    "JavaScriptBridgeNode": _SESSION,
    "KokoroTTSNode": _MODEL,
    "LocalMediaReaderNode": "use MediaReaderNode",
    "Qwen2_5OmniNode": _MODEL,
    "RemoteExecutionNode": _REMOTE,
    "RemoteExecutorConfig": _REMOTE,
    "RemoteObjectExecutionNode": _REMOTE,
    "RustWhisperTranscriber": _MODEL,
    "SerializedClassExecutorNode": _REMOTE,
    "StatefulCounter": _DEMO,
    "TrackSource": _TRANSPORT,
    "TransformersPipelineNode": _MODEL,
    "UltravoxNode": _MODEL,
    "VideoBuffer": _VIDEO,
    "VideoResizer": _VIDEO,
    "VideoTrackSource": _VIDEO,
    "VideoTransform": _VIDEO,
    "VoiceActivityDetector": "use VADNode",
    "WebRTCManager": "use remotemedia.webrtc.WebRTCServer",
    "WhisperTranscriptionNode": _MODEL,
    "WhisperXTranscriber": _MODEL,
}


def refuse_name(module: str, name: str) -> NoReturn:
    """Raise the AttributeError of a module that has no `name`."""
    if name in LEFT_OUT:
        raise AttributeError(f"{name} is not part of this release: {LEFT_OUT[name]}")
    raise AttributeError(f"module {module!r} has no attribute {name!r}")
