"""Nodes for items of any kind, numbers and text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from .._builtin_node import BuiltinNode, checked
from ._general_python import (
    BufferExecutor,
    PassThroughExecutor,
    TextProcessorExecutor,
    TextTransformExecutor,
    resolve_buffer,
)
from ._left_out import refuse_name
from ._numbers_python import AddExecutor, CalculatorExecutor, MultiplyExecutor

__all__ = [
    "AddNode",
    "BufferNode",
    "CalculatorNode",
    "MultiplyNode",
    "PassThrough",
    "PassThroughNode",
    "TextProcessorNode",
    "TextTransformNode",
]


class PassThroughNode(BuiltinNode, executor=PassThroughExecutor):
    """Passes every item on unchanged. Also named `PassThrough`.

    Parameters
    ----------
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    The item.

    Raises
    ------
    A configuration error for a parameter.
    """

    @checked
    def __init__(
        self, *, name: str | None = None, runtime_hint: str = "auto", **kwargs: Any
    ) -> None: ...


PassThrough = PassThroughNode


class BufferNode(BuiltinNode, executor=BufferExecutor, resolve=resolve_buffer):
    """Collects items and gives them as a list; the rest comes at the end.

    Parameters
    ----------
    buffer_size : int
        Items per list, 1..1000000.
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    list of items

    Raises
    ------
    A configuration error for a parameter that is unknown or out of range.
    """

    buffer_size: int

    @checked
    def __init__(
        self,
        buffer_size: int = 10,
        *,
        name: str | None = None,
        runtime_hint: str = "auto",
        **kwargs: Any,
    ) -> None: ...


class CalculatorNode(BuiltinNode, executor=CalculatorExecutor):
    """Computes what each item asks for, or the same with every number.

    Parameters
    ----------
    operation : {"add", "subtract", "multiply", "divide", "power", "modulo"} or None
        What to do with every number; with `operand`. If None, items are dicts ``{"operation":
        name, "args": [a, b]}``.
    operand : float or None
        The second number; with `operation`.
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    dict or number
        For a dict ``{"operation", "args", "result", "processed_by", "node_config"}``. With
        `operation` the result for a number, or for text that is one; an integer where it is whole.
        Other items pass.

    Raises
    ------
    A configuration error for a parameter that is unknown or out of range, or that lacks the other;
    while running, for an unknown operation, for what are no numbers and for a division by zero.
    """

    operation: str | None
    operand: float | None

    @checked
    def __init__(
        self,
        operation: str | None = None,
        operand: float | None = None,
        *,
        name: str | None = None,
        runtime_hint: str = "auto",
        **kwargs: Any,
    ) -> None: ...


class MultiplyNode(BuiltinNode, executor=MultiplyExecutor):
    """Multiplies numbers, lists and arrays by a factor.

    Parameters
    ----------
    factor : float
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    number, list or array
        Element by element. Integers stay integers if the factor is whole; an array keeps its dtype
        as NumPy does it, so float32 stays float32.

    Raises
    ------
    A configuration error for a parameter that is unknown or no finite number; while running, for
    an item that is no number.
    """

    factor: float

    @checked
    def __init__(
        self,
        factor: float = 2.0,
        *,
        name: str | None = None,
        runtime_hint: str = "auto",
        **kwargs: Any,
    ) -> None: ...


class AddNode(BuiltinNode, executor=AddExecutor):
    """Adds a number to numbers, lists and arrays.

    Parameters
    ----------
    addend : float
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    number, list or array
        Element by element, as `MultiplyNode` gives it.

    Raises
    ------
    A configuration error for a parameter that is unknown or no finite number; while running, for
    an item that is no number.
    """

    addend: float

    @checked
    def __init__(
        self,
        addend: float = 0.0,
        *,
        name: str | None = None,
        runtime_hint: str = "auto",
        **kwargs: Any,
    ) -> None: ...


class TextTransformNode(BuiltinNode, executor=TextTransformExecutor):
    """Applies a function to text, or to the text at the front of a tuple. Runs in Python.

    Parameters
    ----------
    transform_func : callable
        From text to text. It has no text form, so a pipeline with it cannot be serialised.
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    str, or the tuple with its first element transformed
        None from the function is no result. Other items pass unchanged.

    Raises
    ------
    A configuration error for a parameter that is unknown, missing or no function; while running,
    what the function raises.
    """

    transform_func: Callable[[str], Any]

    @checked
    def __init__(
        self,
        transform_func: Callable[[str], Any],
        *,
        name: str | None = None,
        runtime_hint: str = "auto",
        **kwargs: Any,
    ) -> None: ...


class TextProcessorNode(BuiltinNode, executor=TextProcessorExecutor):
    """Applies named operations to text and gives all results. Runs in Python.

    Takes text, or a dict ``{"text": ..., "operations": [...]}`` with any of uppercase (the
    default), lowercase, reverse, word_count, char_count, title_case, remove_spaces, first_word and
    last_word.

    Parameters
    ----------
    name, runtime_hint, **kwargs
        As for every `Node`.

    Returns
    -------
    dict
        ``{"original_text", "operations", "results": {operation: result}, "processed_by",
        "node_config"}``.

    Raises
    ------
    A configuration error for a parameter; while running, for an unknown operation; the type error
    of an item that is neither.
    """

    @checked
    def __init__(
        self, *, name: str | None = None, runtime_hint: str = "auto", **kwargs: Any
    ) -> None: ...


if not TYPE_CHECKING:  # a checker should miss what is not there

    def __getattr__(name: str) -> NoReturn:
        refuse_name(__name__, name)
