"""The text of a manifest as plain values, and the line on which each of them starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal, NoReturn

from . import runtime
from .exceptions import refuse_manifest

__all__ = [
    "Document",
    "DocumentBuilder",
    "TextFormat",
    "child_pointer",
    "decode_text",
    "document_of",
    "guess_format",
    "parse_document",
]

TextFormat = Literal["json", "yaml"]

# Limits on a manifest text; a graph of 100 nodes takes about 20 KB.
MAX_BYTES: Final = 4 << 20
_MAX_VALUES: Final = 100_000
_MAX_DEPTH: Final = 64
_MAX_MEMBERS: Final = 1_000
# Longer names have no meaning in a manifest; the limit bounds the pointers that are kept.
_MAX_KEY_BYTES: Final = 256
# Deeper values report the line of their nearest recorded parent.
_MAX_RECORDED_POINTER: Final = 512
_INT64: Final = range(-(2**63), 2**63)
_BLANK: Final = " \t\r\n"


@dataclass
class Document:
    """Parsed values, and the lines (from 1) of those that came from text, by JSON pointer."""

    root: Any = None
    lines: dict[str, int] = field(default_factory=dict)

    def line_of(self, pointer: str) -> int:
        """Line of the value at `pointer`, or of its nearest parent that has one; 0 if none."""
        while pointer not in self.lines:
            if not pointer:
                return 0
            pointer = pointer.rpartition("/")[0]
        return self.lines[pointer]


def child_pointer(pointer: str, token: str | int) -> str:
    """Give the pointer with one more reference token, escaped (RFC 6901)."""
    return f"{pointer}/{str(token).replace('~', '~0').replace('/', '~1')}"


def guess_format(path: str, text: str) -> TextFormat:
    """Give the format by the suffix of the file, else by the first character of its text."""
    if path.endswith((".yaml", ".yml")):
        return "yaml"
    if path.endswith(".json"):
        return "json"
    return "json" if text.lstrip(_BLANK + "\ufeff").startswith("{") else "yaml"


def decode_text(data: bytes) -> str:
    """Give UTF-8 bytes as text; the manifest error with the line if they are none."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse_byte(data, error.start)


def parse_document(text: str, text_format: TextFormat) -> Document:
    """Parse JSON or YAML, natively where that is allowed and possible.

    Raises
    ------
    The manifest error, with the line, for syntax errors, duplicate keys, texts over a limit and
    (YAML) keys that are no strings.
    """
    if runtime.requested_runtime() != "python":
        loaded, module, _ = runtime.probe()
        if loaded and module is not None:
            _check_text(text)
            return Document(*module.parse_document(text, text_format))
    return parse_in_python(text, text_format)


def parse_in_python(text: str, text_format: TextFormat) -> Document:
    """As `parse_document`, without the native module."""
    _check_text(text)
    from . import _text_parsers

    parse = _text_parsers.parse_json if text_format == "json" else _text_parsers.parse_yaml
    return parse(text)


def document_of(value: object) -> Document:
    """Make a document of plain values that came from no text; all JSON values are taken."""
    builder = DocumentBuilder()
    _build(value, builder)
    return builder.document


class DocumentBuilder:
    """Puts a document together from a parser's events, each with its line, within the limits."""

    def __init__(self) -> None:
        self.document = Document()
        self._open: list[tuple[dict[str, Any] | list[Any], str]] = []  # value and pointer
        self._keys: list[str] = []  # of each open value; lists have an empty one
        self._count = 0

    def scalar(self, value: object, line: int) -> None:
        """Add a value that holds no others."""
        self._record(self._next_pointer(), line)
        self._place(value)

    def begin(self, empty: dict[str, Any] | list[Any], line: int) -> None:
        """Open an object or a list."""
        pointer = self._next_pointer()
        self._record(pointer, line)
        if len(self._open) >= _MAX_DEPTH:
            refuse_manifest(f"nested deeper than {_MAX_DEPTH} levels", "", line)
        self._place(empty)
        self._open.append((empty, pointer))
        self._keys.append("")

    def key(self, name: str, line: int) -> None:
        """Name the next member of the open object."""
        value, pointer = self._open[-1]
        if (size := len(name.encode("utf-8", "replace"))) > _MAX_KEY_BYTES:
            refuse_manifest(
                f"a field name has {size} bytes, at most {_MAX_KEY_BYTES} are allowed",
                pointer,
                line,
            )
        if name in value:
            refuse_manifest(f"duplicate field '{name}'", pointer, line, "remove one of the two")
        if len(value) >= _MAX_MEMBERS:
            refuse_manifest(f"an object has more than {_MAX_MEMBERS} fields", pointer, line)
        self._keys[-1] = name

    def end(self) -> None:
        """Close the innermost object or list."""
        self._open.pop()
        self._keys.pop()

    def _place(self, value: object) -> None:
        if not self._open:
            self.document.root = value
            return
        parent = self._open[-1][0]
        if isinstance(parent, list):
            parent.append(value)
        else:
            parent[self._keys[-1]] = value

    def _next_pointer(self) -> str:
        if not self._open:
            return ""
        parent, pointer = self._open[-1]
        return child_pointer(pointer, len(parent) if isinstance(parent, list) else self._keys[-1])

    def _record(self, pointer: str, line: int) -> None:
        self._count += 1
        if self._count > _MAX_VALUES:
            refuse_manifest(f"more than {_MAX_VALUES} values", "", line, "split the graph")
        if line > 0 and len(pointer) <= _MAX_RECORDED_POINTER:
            self.document.lines[pointer] = line


def _build(value: Any, builder: DocumentBuilder) -> None:
    if isinstance(value, dict):
        builder.begin({}, 0)
        for name, member in value.items():
            if not isinstance(name, str):
                refuse_manifest(f"a field name is {name!r}, it must be text")
            builder.key(name, 0)
            _build(member, builder)
        builder.end()
    elif isinstance(value, list | tuple):
        builder.begin([], 0)
        for member in value:
            _build(member, builder)
        builder.end()
    else:
        builder.scalar(_plain(value), 0)


def _plain(value: Any) -> object:
    if hasattr(value, "dtype") and getattr(value, "ndim", None) == 0:
        value = value.item()  # a NumPy scalar
    if isinstance(value, int) and not isinstance(value, bool) and value not in _INT64:
        refuse_manifest(f"an integer of {value.bit_length()} bits is out of range")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    refuse_manifest(f"a manifest holds a {type(value).__name__}, which has no text form")


def _check_text(text: str) -> None:
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:  # half of a surrogate pair
        before = text[: error.start].encode("utf-8")
        _refuse_byte(before, len(before))
    if len(data) > MAX_BYTES:
        refuse_manifest(f"the text has {len(data)} bytes, at most {MAX_BYTES} are allowed")
    # What UTF-16 looks like, and a reader of YAML would guess so.
    if (nul := data.find(0)) >= 0:
        _refuse_byte(data, nul)
    if not text.strip(_BLANK):
        refuse_manifest(
            "the text is empty",
            hint='write a manifest: {"version": "v1", "metadata": ..., "nodes": [...]}',
        )


def _refuse_byte(data: bytes, index: int) -> NoReturn:
    line = data.count(b"\n", 0, index) + 1
    refuse_manifest(
        f"byte {index + 1} of the text is not UTF-8", "", line, "save the file as UTF-8"
    )
