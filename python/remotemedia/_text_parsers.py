"""JSON and YAML with the lines of their values, for where the native parsers are not in use.

Strict JSON (RFC 8259). One YAML document, plain scalars typed by the core schema of YAML 1.2, no
aliases, merge keys or tags.
"""

from __future__ import annotations

import json
import math
import re
from types import ModuleType
from typing import Any, Final, NoReturn

from ._document import Document, DocumentBuilder
from .exceptions import MissingExtraError, refuse_manifest

__all__ = ["parse_json", "parse_yaml"]

_INT64: Final = range(-(2**63), 2**63)
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_STRING: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD: Final = re.compile(r"true|false|null")
_WORDS: Final = {"true": True, "false": False, "null": None}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_YAML_WORDS: Final[dict[str, object]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_YAML_INTEGER: Final = re.compile(r"(0x)([0-9a-fA-F]+)|(0o)([0-7]+)|(\+?)([0-9]+|-[0-9]+)")
_YAML_FLOAT: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_YAML_SPECIAL: Final = re.compile(r"[+-]?\.(?:inf|Inf|INF|nan|NaN|NAN)")
_TEXT_TAGS: Final = ("!", "tag:yaml.org,2002:str")


def parse_json(text: str) -> Document:
    """Parse JSON; the manifest error with the line for anything else."""
    return _JsonReader(text.removeprefix("\ufeff")).read()


class _JsonReader:
    """Reads one JSON text from front to back. Depth is bounded by the builder."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._builder = DocumentBuilder()

    def read(self) -> Document:
        self._value()
        if self._peek():
            self._fail("text after the end")
        return self._builder.document

    def _value(self) -> None:
        first = self._peek()
        if first == "{":
            self._members()
        elif first == "[":
            self._elements()
        elif first == '"':
            self._builder.scalar(self._string(), self._line)
        elif token := self._take(_WORD):
            self._builder.scalar(_WORDS[token], self._line)
        elif token := self._take(_NUMBER):
            self._builder.scalar(self._number(token), self._line)
        else:
            self._fail(f"a value is expected, found {first!r}" if first else "the text ends early")

    def _members(self) -> None:
        self._builder.begin({}, self._line)
        self._at += 1
        while self._peek() != "}":
            name = self._string()
            self._builder.key(name, self._line)
            if self._peek() != ":":
                self._fail(f"':' is expected after {name!r}")
            self._at += 1
            self._value()
            self._separator("}")
        self._at += 1
        self._builder.end()

    def _elements(self) -> None:
        self._builder.begin([], self._line)
        self._at += 1
        while self._peek() != "]":
            self._value()
            self._separator("]")
        self._at += 1
        self._builder.end()

    def _separator(self, end: str) -> None:
        found = self._peek()
        if found == ",":
            self._at += 1
            if self._peek() == end:
                self._fail(f"a value is expected, found {end!r}")
        elif found != end:
            self._fail(f"',' or {end!r} is expected" + (f", found {found!r}" if found else ""))

    def _peek(self) -> str:
        """Skip white space; give the next character, empty at the end."""
        match = _SPACE.match(self._text, self._at)
        end = match.end() if match else self._at
        self._line += self._text.count("\n", self._at, end)
        self._at = end
        return self._text[end : end + 1]

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match.group()

    def _string(self) -> str:
        token = self._take(_STRING)
        if not token:
            self._fail("a text in double quotes is expected")
        value: str = json.loads(token)
        if _SURROGATE.search(value):
            self._fail("half of a surrogate pair")
        return value

    def _number(self, token: str) -> int | float:
        if re.fullmatch("-?[0-9]+", token):
            return _integer(token, 10, self._line)
        number = float(token)
        if math.isinf(number):
            self._fail(f"number overflow parsing '{token}'")
        return number

    def _fail(self, problem: str) -> NoReturn:
        refuse_manifest(f"the JSON text cannot be read: {problem}", "", self._line)


def parse_yaml(text: str) -> Document:
    """Parse one YAML document; `MissingExtraError` without PyYAML."""
    yaml = _yaml()
    reader = _YamlReader(yaml)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            reader.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        refuse_manifest(
            f"the YAML text cannot be read: {problem}", "", mark.line + 1 if mark else 0
        )
    return reader.finish()


class _YamlReader:
    """Turns the events of one YAML stream into a document; no node tree, so nothing multiplies."""

    def __init__(self, yaml: ModuleType) -> None:
        self._yaml = yaml
        self._builder = DocumentBuilder()
        self._documents = 0
        self._levels: list[str] = []  # what each open collection expects: item, key or value

    def take(self, event: Any) -> None:
        yaml, line = self._yaml, event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            refuse_manifest("aliases (*name) are not supported", "", line, "write the value out")
        elif isinstance(event, yaml.DocumentStartEvent):
            self._start_document(line)
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._open(event, line, "item")
            self._builder.begin([], line)
        elif isinstance(event, yaml.MappingStartEvent):
            self._open(event, line, "key")
            self._builder.begin({}, line)
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            self._builder.end()
            self._levels.pop()
            self._placed()

    def finish(self) -> Document:
        if not self._documents:
            refuse_manifest("the YAML text holds no document")
        return self._builder.document

    def _start_document(self, line: int) -> None:
        self._documents += 1
        if self._documents > 1:
            refuse_manifest(
                "the text holds more than one YAML document", "", line, "keep one manifest per file"
            )

    def _scalar(self, event: Any, line: int) -> None:
        quoted = event.tag is None and not event.implicit[0]
        is_text = quoted or event.tag in _TEXT_TAGS
        if not is_text:
            _refuse_tag(event.tag, line)
        value = event.value if is_text else _plain_scalar(event.value, line)
        if not self._expects("key"):
            self._builder.scalar(value, line)
            self._placed()
            return
        if not isinstance(value, str):
            self._refuse_key(line)
        if event.value == "<<" and not is_text:
            refuse_manifest("merge keys (<<) are not supported", "", line, "write the fields out")
        self._builder.key(event.value, line)
        self._levels[-1] = "value"

    def _open(self, event: Any, line: int, expects: str) -> None:
        if self._expects("key"):
            self._refuse_key(line)
        if event.tag != "!":
            _refuse_tag(event.tag, line)
        self._levels.append(expects)

    def _placed(self) -> None:
        if self._expects("value"):
            self._levels[-1] = "key"

    def _expects(self, what: str) -> bool:
        return bool(self._levels) and self._levels[-1] == what

    @staticmethod
    def _refuse_key(line: int) -> None:
        refuse_manifest(
            "a field name must be text",
            "",
            line,
            "put it in quotes, or close the bracket before it",
        )


def _refuse_tag(tag: str | None, line: int) -> None:
    if tag is not None:
        refuse_manifest(f"the tag {tag} is not supported", "", line, "remove it")


def _plain_scalar(text: str, line: int) -> object:
    if text in _YAML_WORDS:
        return _YAML_WORDS[text]
    if match := _YAML_INTEGER.fullmatch(text):
        hexadecimal, hex_digits, octal, octal_digits, _, decimal = match.groups()
        if hexadecimal:
            return _integer(hex_digits, 16, line)
        return _integer(octal_digits, 8, line) if octal else _integer(decimal, 10, line)
    if _YAML_SPECIAL.fullmatch(text):
        refuse_manifest(
            f"the number {text} has no JSON form", "", line, "put it in quotes if it is text"
        )
    if _YAML_FLOAT.fullmatch(text):
        number = float(text)
        vanished = number == 0 and re.search("[1-9]", re.split("[eE]", text)[0])
        if math.isinf(number) or vanished:
            _refuse_number(text.removeprefix("+"), line)
        return number
    return text


def _integer(digits: str, base: int, line: int) -> int:
    # Python refuses to read decimal numbers of thousands of digits; none of those fits either.
    longest = 80
    value = int(digits, base) if len(digits.lstrip("-0")) <= longest else None
    if value is None or value not in _INT64:
        _refuse_number(digits, line)
    return value


def _refuse_number(text: str, line: int) -> NoReturn:
    refuse_manifest(f"the number {text} is out of range", "", line)


def _yaml() -> ModuleType:
    try:
        import yaml
    except ImportError as error:
        raise MissingExtraError(
            "a YAML manifest needs PyYAML where the native module is not in use",
            hint="pip install 'remotemedia[yaml]', or write the manifest as JSON",
        ) from error
    module: ModuleType = yaml
    return module
