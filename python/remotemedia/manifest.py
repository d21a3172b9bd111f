"""The text form of a graph, version v1: reading either dialect, and writing it.

Checked here is the shape; node types, parameters and connections are the graph's matter. Errors
carry the JSON pointer and the line, with the words of the native reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from ._document import (
    Document,
    TextFormat,
    child_pointer,
    document_of,
    guess_format,
    parse_document,
)
from ._manifest_fields import Fields
from ._manifest_placement import read_capabilities, read_execution, read_isolation, refuse_host
from ._manifest_policy import (
    CONFIG_FIELDS,
    POLICY_FIELDS,
    policy_to_dict,
    read_default_policy,
    read_policy,
)
from ._messages import did_you_mean, shown
from ._policy import NodePolicy

__all__ = ["Manifest", "ManifestConnection", "ManifestNode", "manifest_to_dict", "read_manifest"]

Hint = Literal["auto", "native", "python"]

# Most nodes and connections of one graph; bounds what a text can make us build.
MAX_NODES: Final = 1_000
MAX_CONNECTIONS: Final = 4_000
MAX_NAME: Final = 255
DEFAULT_PORT: Final = "default"

_ID: Final = re.compile("[a-zA-Z0-9_-]+")
# RFC 3339, with an upper-case T and Z.
_DATE_TIME: Final = re.compile(
    "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:"
    "([0-5][0-9]|60)([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
_HINTS: Final[dict[str, Hint]] = {
    "auto": "auto",
    "native": "native",
    "rust": "native",
    "python": "python",
    "cpython": "python",
}
_REMOVED_HINTS: Final = ("rust_python", "cpython_wasm")
_NODE_FIELDS: Final = (
    "params",
    "is_streaming",
    "runtime_hint",
    "capabilities",
    "host",
    "execution",
    "isolate",
    *POLICY_FIELDS,
)
_LATER_CHECKED: Final = (
    "node_type",
    "type",
    "is_streaming",
    "runtime_hint",
    "params",
    "retry",
    "circuit_breaker",
    "on_error",
    "isolate",
)


class _Dialect(NamedTuple):
    """One of the two ways of writing version v1 that users' documents show."""

    node_type: str
    connections: str
    output_port: str
    input_port: str


_V1: Final = _Dialect("node_type", "connections", "output_port", "input_port")
_SECOND: Final = _Dialect("type", "edges", "output_key", "input_key")


@dataclass
class ManifestNode:
    """A node as it is written.

    ``lines`` are those of its fields, e.g. ``"node_type"`` and ``"params/quality"``, by JSON
    pointers below ``pointer``; ``capabilities``, ``execution`` and ``isolate`` are
    checked and kept.
    """

    id: str
    node_type: str
    params: dict[str, Any] = field(default_factory=dict)
    runtime_hint: Hint = "auto"
    is_streaming: bool | None = None
    capabilities: dict[str, Any] | None = None
    execution: dict[str, Any] | None = None
    isolate: bool | dict[str, Any] = False
    policy: NodePolicy = field(default_factory=NodePolicy)
    pointer: str = ""
    line: int = 0
    lines: dict[str, int] = field(default_factory=dict)


@dataclass
class ManifestConnection:
    """A connection between two nodes, by their ids."""

    source: str
    target: str
    output_port: str = DEFAULT_PORT
    input_port: str = DEFAULT_PORT
    pointer: str = ""
    line: int = 0


@dataclass
class Manifest:
    """The text form of a graph, checked for shape.

    ``config`` comes from the second dialect, and with it the policy of nodes that have none and
    allow it, ``defaults``; ``warnings`` tell of removed runtimes.
    """

    name: str
    description: str = ""
    created_at: str = ""
    nodes: list[ManifestNode] = field(default_factory=list)
    connections: list[ManifestConnection] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    defaults: NodePolicy = field(default_factory=NodePolicy)
    warnings: list[str] = field(default_factory=list)


def read_manifest(source: str | dict[str, Any], text_format: TextFormat | None = None) -> Manifest:
    """Read a manifest in either dialect of version v1.

    Parameters
    ----------
    source : str or dict
        JSON or YAML text, or what such a text holds.
    text_format : {"json", "yaml"}, optional
        Of a text; guessed from its first character if absent.

    Raises
    ------
    The manifest error, with JSON pointer, line (where there is text) and hint.
    """
    if isinstance(source, str):
        document = parse_document(source, text_format or guess_format("", source))
    else:
        document = document_of(source)
    return _read(document)


def _read(document: Document) -> Manifest:
    root = Fields(document, document.root, "", "a manifest")
    dialect = _read_dialect(root)
    _refuse_mixture(root, dialect, "connections")
    if dialect is _V1:
        root.allow_only("version", "metadata", "nodes", "connections")
    else:
        root.allow_only("version", "metadata", "nodes", "edges", "config")
    manifest = Manifest("")
    _read_metadata(root, dialect, manifest)
    _read_nodes(root, dialect, manifest)
    _read_connections(root, dialect, manifest)
    _read_config(root, manifest)
    return manifest


def _refuse_mixture(fields: Fields, dialect: _Dialect, *names: str) -> None:
    """Refuse a text that was put together from two sources; guessing would hide that."""
    other = _SECOND if dialect is _V1 else _V1
    for name in names:
        foreign = getattr(other, name)
        if foreign in fields:
            fields.refuse_field(
                foreign,
                f"'{foreign}' belongs to the other dialect",
                f"with this version it is called '{getattr(dialect, name)}'",
            )


def _read_dialect(root: Fields) -> _Dialect:
    if "manifest" in root:
        root.refuse_field(
            "manifest",
            "this is a manifest with its input around it",
            'give the object under "manifest" alone, and its input to the run',
        )
    version = root.require("version")
    if version == "v1":
        return _V1
    # YAML reads an unquoted 1.0 as a number.
    if version == "1.0" or (isinstance(version, float) and version == 1.0):
        return _SECOND
    root.refuse_field(
        "version",
        f"Unsupported manifest version: {shown(version)}",
        'this release reads "v1" (and "1.0")',
    )


def _read_metadata(root: Fields, dialect: _Dialect, manifest: Manifest) -> None:
    if "metadata" not in root and dialect is _SECOND:
        manifest.name = "pipeline"
        return
    metadata = root.object("metadata", "metadata")
    metadata.allow_only("name", "description", "created_at")
    manifest.name = metadata.text("name")
    if not 1 <= len(manifest.name) <= MAX_NAME:
        metadata.refuse_field(
            "name", f"the name has {len(manifest.name)} characters, expected 1..{MAX_NAME}"
        )
    manifest.description = metadata.text_or("description", "")
    manifest.created_at = metadata.text_or("created_at", "")
    if manifest.created_at and not _DATE_TIME.fullmatch(manifest.created_at):
        metadata.refuse_field(
            "created_at",
            f"'{manifest.created_at}' is no date and time",
            "write it as 2026-01-31T12:00:00Z",
        )


def _read_nodes(root: Fields, dialect: _Dialect, manifest: Manifest) -> None:
    entries = root.array("nodes")
    if not entries:
        root.refuse_field("nodes", "the graph has no nodes", "add at least one node")
    if len(entries) > MAX_NODES:
        root.refuse_field("nodes", f"{len(entries)} nodes, at most {MAX_NODES} are allowed")
    places: dict[str, str] = {}
    for index, entry in enumerate(entries):
        fields = Fields(root.document, entry, child_pointer("/nodes", index), "a node")
        node = _read_node(fields, dialect, manifest)
        if node.id in places:
            fields.refuse_field(
                "id", f"Duplicate node ID: {node.id}", f"{places[node.id]} has it already"
            )
        places[node.id] = node.pointer
        manifest.nodes.append(node)


def _read_node(fields: Fields, dialect: _Dialect, manifest: Manifest) -> ManifestNode:
    _refuse_mixture(fields, dialect, "node_type")
    fields.allow_only("id", dialect.node_type, *_NODE_FIELDS)
    node_id = fields.text("id")
    if not _ID.fullmatch(node_id):
        fields.refuse_field("id", f"'{node_id}' is no node id", "use letters, digits, _ and - only")
    node_type = fields.text(dialect.node_type)
    if not node_type:
        fields.refuse_field(dialect.node_type, "the node type is empty")
    params = fields.find("params", {})
    if not isinstance(params, dict):
        fields.refuse_field("params", f"'params' must be an object, not {shown(params)}")
    fields.check_bool("is_streaming")
    node = ManifestNode(
        id=node_id,
        node_type=node_type,
        params=params,
        runtime_hint=_read_hint(fields, node_id, manifest),
        is_streaming=fields.find("is_streaming"),
        capabilities=read_capabilities(fields),
        execution=read_execution(fields),
        isolate=read_isolation(fields),
        policy=read_policy(fields),
        pointer=fields.pointer,
        line=fields.line,
        lines=_lines_of(fields, params),
    )
    refuse_host(fields)
    return node


def _lines_of(fields: Fields, params: Iterable[str]) -> dict[str, int]:
    """Lines of everything that can still turn out wrong once the node type is known."""
    names = [name for name in _LATER_CHECKED if name in fields]
    names += ["params" + child_pointer("", name) for name in params]
    return {name: fields.line_of(name) for name in names}


def _read_hint(fields: Fields, node_id: str, manifest: Manifest) -> Hint:
    hint = fields.text_or("runtime_hint", "auto")
    if hint in _HINTS:
        return _HINTS[hint]
    if hint in _REMOVED_HINTS:
        manifest.warnings.append(
            f"node '{node_id}': the runtime '{hint}' no longer exists; it runs as 'python'"
        )
        return "python"
    fields.refuse_field(
        "runtime_hint",
        f"unknown runtime_hint '{hint}'",
        "known: auto, native, python (rust is the old name of native)",
    )


def _read_connections(root: Fields, dialect: _Dialect, manifest: Manifest) -> None:
    if dialect.connections not in root:
        return
    entries = root.array(dialect.connections)
    if len(entries) > MAX_CONNECTIONS:
        root.refuse_field(
            dialect.connections,
            f"{len(entries)} connections, at most {MAX_CONNECTIONS} are allowed",
        )
    base = child_pointer("", dialect.connections)
    ids = {node.id for node in manifest.nodes}
    for index, entry in enumerate(entries):
        fields = Fields(root.document, entry, child_pointer(base, index), "a connection")
        _refuse_mixture(fields, dialect, "output_port", "input_port")
        fields.allow_only("from", "to", dialect.output_port, dialect.input_port)
        manifest.connections.append(
            ManifestConnection(
                source=_known_node(fields, "from", "source", ids, manifest),
                target=_known_node(fields, "to", "target", ids, manifest),
                output_port=fields.text_or(dialect.output_port, DEFAULT_PORT),
                input_port=fields.text_or(dialect.input_port, DEFAULT_PORT),
                pointer=fields.pointer,
                line=fields.line,
            )
        )


def _known_node(fields: Fields, end: str, role: str, ids: set[str], manifest: Manifest) -> str:
    node_id = fields.text(end)
    if node_id not in ids:
        fields.refuse_field(
            end,
            f"Connection references unknown {role} node: {node_id}",
            did_you_mean(node_id, [node.id for node in manifest.nodes]),
        )
    return node_id


def _read_config(root: Fields, manifest: Manifest) -> None:
    if "config" not in root:
        return
    config = root.object("config", "config")
    config.allow_only("enable_metrics", *CONFIG_FIELDS)
    config.check_bool("enable_metrics")
    manifest.defaults = read_default_policy(config)
    manifest.config = config.members


def manifest_to_dict(manifest: Manifest) -> dict[str, Any]:
    """Give a manifest as plain values, in the first dialect.

    The runtime hint is always written; of the other fields those that were given.
    """
    metadata = {"name": manifest.name}
    if manifest.description:
        metadata["description"] = manifest.description
    if manifest.created_at:
        metadata["created_at"] = manifest.created_at
    return {
        "version": "v1",
        "metadata": metadata,
        "nodes": [_node_to_dict(node) for node in manifest.nodes],
        "connections": [_connection_to_dict(one) for one in manifest.connections],
    }


def _node_to_dict(node: ManifestNode) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": node.id,
        "node_type": node.node_type,
        "params": node.params,
        "runtime_hint": node.runtime_hint,
    }
    if node.is_streaming is not None:
        entry["is_streaming"] = node.is_streaming
    if node.capabilities is not None:
        entry["capabilities"] = node.capabilities
    if node.execution is not None:
        entry["execution"] = node.execution
    if node.isolate is not False:
        entry["isolate"] = node.isolate
    return entry | policy_to_dict(node.policy)


def _connection_to_dict(connection: ManifestConnection) -> dict[str, Any]:
    entry: dict[str, Any] = {"from": connection.source, "to": connection.target}
    if connection.output_port != DEFAULT_PORT:
        entry["output_port"] = connection.output_port
    if connection.input_port != DEFAULT_PORT:
        entry["input_port"] = connection.input_port
    return entry
