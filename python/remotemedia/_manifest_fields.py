"""Typed access to the objects of a manifest, with errors that carry pointer and line."""

from __future__ import annotations

import math
from typing import Any, Final, NoReturn, TypeGuard, TypeVar

from ._document import Document, child_pointer
from ._messages import did_you_mean, number_text, shown
from .exceptions import refuse_manifest

__all__ = ["Fields"]

T = TypeVar("T")

# Fields that other versions' documents show. Ignoring them would look like obeying them.
_UNSUPPORTED: Final = (
    "python_env",
    "docker",
    "python_deps",
    "fast_path",
    "is_output_node",
    "parallel",
    "max_workers",
    "media_capabilities",
    "auto_negotiate",
    "optimization",
)


class Fields:
    """One object of a manifest while it is read; `what` names it in messages, e.g. "a node"."""

    def __init__(self, document: Document, value: object, pointer: str, what: str) -> None:
        if not isinstance(value, dict):
            refuse_manifest(
                f"{what} must be an object, not {shown(value)}",
                pointer,
                document.line_of(pointer),
            )
        self.document = document
        self.members: dict[str, Any] = value
        self.pointer = pointer
        self._what = what

    def __contains__(self, name: str) -> bool:
        return name in self.members

    @property
    def line(self) -> int:
        """Line of the object."""
        return self.document.line_of(self.pointer)

    def line_of(self, path: str) -> int:
        """Line of a value below this object; `path` is a JSON pointer without its first slash."""
        return self.document.line_of(f"{self.pointer}/{path}")

    def allow_only(self, *known: str) -> None:
        """Refuse every field that is not `known`, naming those of later or earlier versions."""
        for name in self.members:
            if name in known:
                continue
            if name in _UNSUPPORTED:
                self.refuse_field(name, f"field '{name}' is not supported", "remove it")
            self.refuse_field(
                name, f"unknown field '{name}' in {self._what}", did_you_mean(name, known)
            )

    def find(self, name: str, absent: Any = None) -> Any:
        """Give the value of a field, `absent` if there is none."""
        return self.members.get(name, absent)

    def require(self, name: str) -> Any:
        """Give the value of a field that must be there."""
        if name not in self.members:
            self.refuse(f"{self._what} has no '{name}'", f'add "{name}"')
        return self.members[name]

    def text(self, name: str) -> str:
        """Give a text that must be there."""
        value = self.require(name)
        if not isinstance(value, str):
            self.refuse_field(name, f"'{name}' must be text, not {shown(value)}")
        return value

    def text_or(self, name: str, absent: str) -> str:
        """Give a text, `absent` if there is none."""
        return self.text(name) if name in self.members else absent

    def array(self, name: str) -> list[Any]:
        """Give a list that must be there."""
        value = self.require(name)
        if not isinstance(value, list):
            self.refuse_field(name, f"'{name}' must be a list, not {shown(value)}")
        return value

    def object(self, name: str, what: str) -> Fields:
        """Give the fields of an object that must be there."""
        return Fields(self.document, self.require(name), child_pointer(self.pointer, name), what)

    def integer_or(self, name: str, absent: T, minimum: int, maximum: int) -> int | T:
        """Give a whole number in minimum..maximum, `absent` if there is none."""
        if name not in self.members:
            return absent
        value = self.members[name]
        if not _is_number(value) or not minimum <= value <= maximum or value != int(value):
            self.refuse_value(name, f"a whole number in {minimum}..{maximum}")
        return int(value)

    def number_or(self, name: str, absent: float, minimum: int, maximum: int) -> float:
        """Give a number in minimum..maximum, `absent` if there is none."""
        value = self.members.get(name, absent)
        if not _is_number(value) or not minimum <= value <= maximum:
            self.refuse_value(name, f"a number in {minimum}..{maximum}")
        return float(value)

    def check_number(self, name: str, minimum: float) -> None:
        """Check for a number of at least `minimum`, if the field is there."""
        value = self.members.get(name, minimum)
        if not _is_number(value) or not minimum <= value < math.inf:
            self.refuse_field(
                name,
                f"'{name}' is {shown(value)}, expected a number of at least {number_text(minimum)}",
            )

    def check_choice(self, name: str, *choices: str) -> None:
        """Check for one of `choices`, if the field is there."""
        value = self.members.get(name, choices[0])
        if not isinstance(value, str) or value not in choices:
            self.refuse_field(
                name, f"'{name}' is {shown(value)}, expected one of {', '.join(choices)}"
            )

    def check_bool(self, name: str) -> None:
        """Check for true or false, if the field is there."""
        value = self.members.get(name, False)
        if not isinstance(value, bool):
            self.refuse_field(name, f"'{name}' is {shown(value)}, expected true or false")

    def refuse_value(self, name: str, expected: str) -> NoReturn:
        """Raise the error "'<name>' is <value>, expected <expected>" at one of the fields."""
        self.refuse_field(name, f"'{name}' is {shown(self.members[name])}, expected {expected}")

    def refuse(self, message: str, hint: str = "") -> NoReturn:
        """Raise the manifest error at this object."""
        refuse_manifest(message, self.pointer, self.line, hint)

    def refuse_field(self, name: str, message: str, hint: str = "") -> NoReturn:
        """Raise the manifest error at one of the fields."""
        pointer = child_pointer(self.pointer, name)
        refuse_manifest(message, pointer, self.document.line_of(pointer), hint)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
