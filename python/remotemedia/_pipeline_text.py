"""The text forms of a pipeline: manifest, definition, and the files they are read from."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from ._document import MAX_BYTES, TextFormat, decode_text, guess_format
from ._manifest_policy import policy_to_dict
from ._messages import shown
from .exceptions import MediaIOError, SerializationError, refuse_manifest
from .manifest import Manifest, ManifestNode, manifest_to_dict
from .node import Node

__all__ = ["definition_of", "manifest_of_definition", "manifest_text", "read_text", "utc_now"]

_INT64: Final = range(-(2**63), 2**63)
_SUFFIXES: Final = (".yaml", ".yml", ".json")


def utc_now() -> str:
    """Give the time as manifests write it."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


def manifest_text(manifest: Manifest) -> str:
    """Give the JSON text of a manifest; `SerializationError` for a parameter that has none."""
    nodes = [replace(node, params=_plain_params(node)) for node in manifest.nodes]
    values = manifest_to_dict(replace(manifest, nodes=nodes))
    return json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)


def _plain_params(node: ManifestNode) -> dict[str, Any]:
    where = f"node '{node.id}' ({node.node_type}): parameter"
    return {name: _plain(value, f"{where} '{name}'") for name, value in node.params.items()}


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list | tuple):
        return [_plain(item, where) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(item, where) for key, item in value.items()}
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int) and value in _INT64:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    what = repr(value) if isinstance(value, int | float) else f"a {type(value).__name__}"
    raise SerializationError(
        f"Serialization error: {where} is {what}, which has no text form",
        hint="define a Node subclass instead; a manifest finds it once its module is imported"
        if callable(value)
        else "use numbers, text, lists and dicts",
    )


def definition_of(manifest: Manifest, nodes: Mapping[str, Node], is_chain: bool) -> dict[str, Any]:
    """Describe a pipeline as `Pipeline.export_definition` gives it."""
    sources = {connection.source for connection in manifest.connections}
    targets = {connection.target for connection in manifest.connections}
    return {
        "name": manifest.name,
        "nodes": [
            _node_definition(written, nodes[written.id])
            | {"is_source": written.id not in targets, "is_sink": written.id not in sources}
            for written in manifest.nodes
        ],
        "connections": [
            {
                "from_node": connection.source,
                "to_node": connection.target,
                "output_port": connection.output_port,
                "input_port": connection.input_port,
            }
            for connection in manifest.connections
        ],
        "metadata": {
            "exported_at": utc_now(),
            "node_count": str(len(nodes)),
            "remote_node_count": "0",
            "has_streaming_nodes": str(any(node._type.streaming for node in nodes.values())),
            "pipeline_type": "linear" if is_chain else "graph",
        },
        "dependencies": [],
    }


def _node_definition(written: ManifestNode, node: Node) -> dict[str, Any]:
    isolation = {} if written.isolate is False else {"isolate": written.isolate}
    return isolation | {
        "node_id": written.id,
        "node_type": written.node_type,
        "config": dict(written.params),
        "runtime_hint": written.runtime_hint,
        "is_remote": False,
        "remote_endpoint": None,
        "is_streaming": node._type.streaming,
        "module": type(node).__module__,
        "class_name": type(node).__name__,
        **policy_to_dict(written.policy),
    }


def manifest_of_definition(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a definition into a manifest; without connections it is a chain."""
    entries = definition.get("nodes") if isinstance(definition, Mapping) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        refuse_manifest(
            f"a definition must be an object with a list of nodes, not {shown(definition)}"
        )
    nodes = [_manifest_node(entry, index) for index, entry in enumerate(entries)]
    connections = definition.get("connections")
    if connections is None:
        ids = [node.get("id") for node in nodes]
        connections = [{"from_node": a, "to_node": b} for a, b in pairwise(ids)]
    return {
        "version": "v1",
        "metadata": {"name": definition.get("name", "pipeline")},
        "nodes": nodes,
        "connections": [
            _renamed(entry, _CONNECTION_FIELDS) if isinstance(entry, dict) else entry
            for entry in connections
        ]
        if isinstance(connections, list)
        else connections,
    }


_CONNECTION_FIELDS: Final = {"from_node": "from", "to_node": "to"}
_NODE_FIELDS: Final = {"node_id": "id", "config": "params"}
_DESCRIPTIVE: Final = ("remote_endpoint", "is_source", "is_sink", "module", "class_name")


def _manifest_node(entry: dict[str, Any], index: int) -> dict[str, Any]:
    if entry.get("is_remote"):
        refuse_manifest(
            f"node '{entry.get('node_id')}' is remote: remote nodes are not supported",
            f"/nodes/{index}/is_remote",
            hint="nodes run in this process",
        )
    kept = {k: v for k, v in entry.items() if k not in _DESCRIPTIVE and k != "is_remote"}
    return _renamed(kept, _NODE_FIELDS)


def _renamed(entry: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names.get(key, key): value for key, value in entry.items()}


def read_text(path: str | os.PathLike[str]) -> tuple[str, TextFormat]:
    """Read the text of a manifest file, and tell its format."""
    name = os.fsdecode(path)
    try:
        with open(name, "rb") as file:
            data = file.read(MAX_BYTES + 1)  # one more shows that there is too much
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise MediaIOError(
            f"I/O error: cannot read '{name}': {reason}",
            hint="check the path and the current folder",
            path=name,
        ) from error
    text = decode_text(data)
    return text, guess_format(name, text)


def is_path(text_or_path: str | os.PathLike[str]) -> bool:
    """Tell the path of a manifest from its text: one line that ends in a suffix of manifests."""
    if not isinstance(text_or_path, str):
        return True
    return "\n" not in text_or_path and Path(text_or_path).suffix in _SUFFIXES
