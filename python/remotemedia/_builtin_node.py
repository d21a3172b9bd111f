"""The base of the built-in nodes: their parameters and constructors come from the table."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, ClassVar, Final, ParamSpec

from ._node_types import NodeType, StreamFormat, find_type
from ._packet import Executor
from .node import COMMON_ARGUMENTS, Node, check_or_raise, create_node

__all__ = ["BuiltinNode", "builtin_class", "checked"]

P = ParamSpec("P")

# What a graph is made of besides the parameters of the table.
_STATE: Final = ("_name", "_runtime_hint", "is_streaming", "is_repeatable", "_isolate")

_classes: dict[str, type[BuiltinNode]] = {}


class BuiltinNode(Node):
    """Base of the nodes in `remotemedia.nodes`.

    Their parameters are attributes; a change counts from the next time that a pipeline is built.
    """

    _node_type: ClassVar[NodeType]
    _new_executor: ClassVar[Callable[[Mapping[str, Any]], Executor]]
    _resolve: ClassVar[Callable[[Mapping[str, Any], StreamFormat], StreamFormat] | None]
    _read_graph_state: ClassVar[attrgetter[tuple[Any, ...]]]

    def __init_subclass__(
        cls,
        executor: Callable[[Mapping[str, Any]], Executor] | None = None,
        resolve: Callable[[Mapping[str, Any], StreamFormat], StreamFormat] | None = None,
    ) -> None:
        """Take the name of the class as that of its type in the table."""
        super().__init_subclass__()
        if executor is None:  # a user's subclass of a built-in node
            return
        node_type = find_type(cls.__name__)
        assert node_type is not None, cls.__name__
        cls._node_type = node_type
        cls._new_executor = executor
        cls._resolve = resolve
        names = (spec.name for spec in node_type.parameters)
        cls._read_graph_state = attrgetter(*_STATE, *names)
        _classes[node_type.name] = cls

    def process(self, data: Any = None) -> Any:
        """Run this node alone on one item, as a pipeline of it would; a source takes none."""
        from .pipeline import Pipeline

        pipeline = Pipeline([self._as_builtin()])
        return pipeline.run_sync() if self._node_type.is_source else pipeline.run_sync([data])

    def _as_builtin(self) -> Node:
        if self._is_builtin:
            return self
        parameters = self._table_parameters()
        hint = self.runtime_hint
        node = create_node(self._node_type.name, parameters, name=self.name, runtime_hint=hint)
        node._policy = self._policy
        return node

    @property
    def config(self) -> dict[str, Any]:
        """The parameters, under their names in the node type's table."""
        return self._table_parameters() if self._is_builtin else super().config

    @property
    def _is_builtin(self) -> bool:
        return "_node_type" in type(self).__dict__

    @property
    def _type(self) -> NodeType:
        return self._node_type if self._is_builtin else super()._type

    def _parameters(self) -> dict[str, Any]:
        return self._table_parameters() if self._is_builtin else super()._parameters()

    def _graph_state(self) -> tuple[Any, ...]:
        if not self._is_builtin:
            return super()._graph_state()
        # As they are: whoever makes the graph checks them. The types tell apart what `marshal`
        # does not, which is numbers of NumPy.
        values = self._read_graph_state(self)
        return (id(self._policy), values, *map(id, map(type, values)))

    def _table_parameters(self) -> dict[str, Any]:
        given = {spec.name: getattr(self, spec.name) for spec in self._node_type.parameters}
        return check_or_raise(self._node_type, given)

    def _resolve_format(self, fmt: StreamFormat) -> StreamFormat:
        if not self._is_builtin:
            return super()._resolve_format(fmt)
        resolve = type(self)._resolve
        return fmt if resolve is None else resolve(self._table_parameters(), fmt)

    def _make_executor(self) -> Executor:
        if not self._is_builtin:
            return super()._make_executor()
        return type(self)._new_executor(self._table_parameters())


def checked(declaration: Callable[P, None]) -> Callable[P, None]:
    """Make the constructor of a built-in node out of its declared signature.

    It checks the arguments against the type's table, aliases included, and keeps them under their
    names as attributes. The declaration has no code of its own: from its values nobody could tell
    an argument that was given from a default, so not that a parameter was given twice.
    """
    signature = inspect.signature(declaration)

    @functools.wraps(declaration)
    def construct(*args: P.args, **kwargs: P.kwargs) -> None:
        given = dict(signature.bind_partial(*args, **kwargs).arguments)
        node: BuiltinNode = given.pop("self")
        given |= given.pop("kwargs", {})
        Node.__init__(node, **{name: given.pop(name) for name in COMMON_ARGUMENTS if name in given})
        for name, value in check_or_raise(node._node_type, given).items():
            setattr(node, name, value)

    return construct


def builtin_class(type_name: str) -> type[BuiltinNode] | None:
    """Give the class of a built-in type, by name or alias."""
    from . import nodes  # noqa: F401 - defines the classes

    known = find_type(type_name)
    return _classes[known.name] if known else None
