"""Nodes: the base of a user's own, and of the built-in ones."""

from __future__ import annotations

import abc
import inspect
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Final

from . import runtime
from ._arguments import call_arguments, recording
from ._isolation.options import check_isolation
from ._manifest_policy import POLICY_FIELDS, policy_of_arguments, policy_to_dict
from ._node_types import NodeType, StreamFormat, check_parameters, find_type
from ._packet import Executor
from ._policy import NodePolicy
from .exceptions import ConfigurationError
from .state import SessionState, StateManager

__all__ = ["Node", "create_node"]

_ENVELOPE_KEYS: Final = ("session_id", "metadata", "user_name", "timestamp")
# Arguments of every node. The first say where it stands and runs; they are not configuration.
_PLACING: Final = ("name", "runtime_hint", "isolate")
COMMON_ARGUMENTS: Final = (
    *_PLACING,
    *POLICY_FIELDS,
    "enable_state",
    "state_ttl",
    "max_sessions",
)

_user_classes: dict[str, type[Node]] = {}

_live_lock = threading.Lock()
# Whose call runs here, and of which session. No attribute alone could say it: sessions share nodes.
# A context may outlive the node, whose id() is another's then.
_call: ContextVar[tuple[weakref.ref[Node], str | None] | None] = ContextVar(
    "remotemedia_session", default=None
)


class _Live:
    """What a node has only while it lives in this process."""

    def __init__(self, states: StateManager) -> None:
        self.states = states
        self.lock = threading.RLock()  # around initialize and cleanup
        self.sessions = 0  # that have initialized the node and not cleaned it up yet
        self.idle_workers: list[Any] = []  # processes that hold the node initialized for a session


class Node(abc.ABC):
    """A step of a pipeline. Subclass it and define `process`.

    Parameters
    ----------
    name : str or None
        The name of the class if None.
    enable_state : bool
        Keep a state per session (`state`).
    state_ttl : float or timedelta or None
        Seconds after which a session that was not accessed is forgotten; 24 hours if None.
    max_sessions : int or None
        Most sessions with a state; the one not accessed for longest goes. None: no limit.
    runtime_hint : {"auto", "native", "python"}
        Where to run it; "rust" is the old name of "native". A user's own node runs in Python.
    isolate : bool or dict
        Run it in a process of its own, so that a crash there is an error here. A dict says how:
        restart ("never", "on_failure"), max_restarts, start_timeout_s. A user's own node only.
    retry : bool or dict or None
        Repeat a call that failed for a reason that may pass: True, or any of ``max_retries`` (3),
        ``initial_delay_ms`` (100), ``multiplier`` (2), ``max_delay_ms`` (400), ``jitter`` (False).
        For classes with ``is_repeatable = True``.
    circuit_breaker : bool or dict or None
        Stop calling the node while it keeps failing: True, or any of ``failure_threshold`` (5),
        ``reset_timeout_ms`` (30000).
    timeout_ms : int or None
        Longest time of a call of the node, or of the next value if it gives a generator.
    on_error : {"fail", "skip"}
        Whether a failure ends the run, or only drops the item.
    queue : dict or None
        Of the queue before the node, if it has one (docs/sessions.md): ``capacity`` (items),
        ``policy`` ("block", "drop_oldest", "coalesce"); the session says the rest.
    **kwargs
        Kept in `config`.

    Raises
    ------
    ConfigurationError
        A parameter is wrong.

    Notes
    -----
    `process` takes one item and gives one, or None for no result. It may also be a coroutine, a
    generator or an async generator. With ``is_streaming = True`` it is an async generator that is
    called once, with an async iterator of all items. `initialize`, `cleanup` and `flush` may be
    coroutines. Coroutines run on the event loop that awaits the pipeline; other calls come from the
    session's thread. Sessions share the node: keep what belongs to one of them in `state`.

    Examples
    --------
    >>> class Shout(Node):
    ...     def process(self, data):
    ...         return data.upper()
    >>> Shout().process("yes")
    'YES'
    """

    is_streaming: bool = False
    # Calling process twice with the same item is harmless; what `retry` needs to know.
    is_repeatable: bool = False

    # On the class, so that a subclass works that does not call this constructor.
    _name: str | None = None
    _runtime_hint: str = "auto"
    _isolate: bool | Mapping[str, Any] = False
    _enable_state: bool = True
    _state_limits: tuple[float | timedelta | None, int | None] = (None, None)
    _session_id: str | None = None
    _arguments: Mapping[str, Any] = {}
    _forwarded: Mapping[str, Any] = {}
    _config: dict[str, Any] | None = None
    _policy: NodePolicy = NodePolicy()
    _policy_arguments: frozenset[str] = frozenset()
    _live: _Live | None = None

    @recording(defaults=False)
    def __init__(
        self,
        name: str | None = None,
        enable_state: bool = True,
        state_ttl: float | timedelta | None = None,
        max_sessions: int | None = None,
        *,
        runtime_hint: str = "auto",
        isolate: bool | Mapping[str, Any] = False,
        retry: bool | dict[str, Any] | None = None,
        circuit_breaker: bool | dict[str, Any] | None = None,
        timeout_ms: int | None = None,
        on_error: str = "fail",
        queue: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if name is not None:
            self.name = name
        self.runtime_hint = runtime_hint
        if isolate is not False:
            self.isolate = isolate
        self._enable_state = enable_state
        self._state_limits = (state_ttl, max_sessions)
        self._set_policy(
            retry=retry,
            circuit_breaker=circuit_breaker,
            timeout_ms=timeout_ms,
            on_error=on_error,
            queue=queue,
        )
        StateManager(*self._state_limits)  # refuses wrong limits now, not at the first item
        self._forwarded = kwargs

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Keep the arguments of the class's constructor, and the class for `create_node`."""
        super().__init_subclass__(**kwargs)
        if "__init__" in cls.__dict__:
            cls.__init__ = recording()(cls.__init__)  # type: ignore[method-assign]
        if cls.__module__.startswith(f"{__package__}."):
            return
        if find_type(cls.__name__) is not None:
            warnings.warn(
                f"class {cls.__name__} has the name of a built-in node type; "
                "in a manifest this name means the built-in one",
                UserWarning,
                stacklevel=2,
            )
        _user_classes[cls.__name__] = cls

    @abc.abstractmethod
    def process(self, data: Any) -> Any:
        """Take one item and give one, or None."""

    def initialize(self) -> Any:
        """Take what the node needs: called before the first of its sessions."""
        return None

    def cleanup(self) -> Any:
        """Free what `initialize` took: called after the last of its sessions, also after errors."""
        return None

    def flush(self) -> Any:
        """Give what is held back, as `process` does: called when the input has ended."""
        return None

    @property
    def name(self) -> str:
        """Name of the node in its pipeline."""
        return self._name if self._name is not None else type(self).__name__

    @name.setter
    def name(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise ConfigurationError(
                f"{type(self).__name__}: name is {name!r}, expected a str that is not empty"
            )
        self._name = name

    @property
    def runtime_hint(self) -> str:
        """Where to run the node, as it was given."""
        return self._runtime_hint

    @runtime_hint.setter
    def runtime_hint(self, hint: str) -> None:
        runtime.normalize_hint(hint)
        self._runtime_hint = hint

    @property
    def isolate(self) -> bool | Mapping[str, Any]:
        """Whether, and how, the node runs in a process of its own, as it was given."""
        return self._isolate

    @isolate.setter
    def isolate(self, isolate: bool | Mapping[str, Any]) -> None:
        check_isolation(self, isolate)
        self._isolate = isolate if isinstance(isolate, bool) else dict(isolate)

    @property
    def config(self) -> dict[str, Any]:
        """The constructor's arguments, without name and runtime hint."""
        if self._config is None:
            given = {**self._forwarded, **self._arguments}
            placing = {*_PLACING, *self._policy_arguments}
            self._config = {k: value for k, value in given.items() if k not in placing}
        return self._config

    # --- sessions and their state

    def set_session_id(self, session_id: str | None) -> None:
        """Say whose state `state` is."""
        self._session_id = session_id
        _call.set((weakref.ref(self), session_id))

    def get_session_id(self) -> str | None:
        """Give the id of the session whose item is being processed."""
        call = _call.get()
        return call[1] if call is not None and call[0]() is self else self._session_id

    def get_session_state(self, session_id: str | None = None) -> SessionState | None:
        """Give the state of a session, of the present one if None.

        None if the node keeps no state, or outside of a session.
        """
        wanted = self.get_session_id() if session_id is None else session_id
        if not self._enable_state or wanted is None:
            return None
        return self._alive().states.get_or_create(wanted)

    @property
    def state(self) -> SessionState | None:
        """State of the present session, as `get_session_state` gives it."""
        return self.get_session_state()

    def extract_session_id(self, data: Any) -> str | None:
        """Find a ``"session_id"`` in a dict, or in the dict at the end of a tuple."""
        if isinstance(data, tuple) and data:
            data = data[-1]
        session_id = data.get("session_id") if isinstance(data, dict) else None
        return None if session_id is None else str(session_id)

    def split_data_metadata(self, data: Any) -> tuple[Any, dict[str, Any] | None]:
        """Split a tuple that ends with a dict of metadata into the data and the metadata.

        A dict is metadata if it has session_id, metadata, user_name or timestamp. A pair gives its
        first element, a longer tuple what is before the dict, anything else itself and None.
        """
        if not isinstance(data, tuple) or not data or not isinstance(data[-1], dict):
            return data, None
        if not any(key in data[-1] for key in _ENVELOPE_KEYS):
            return data, None
        rest = data[:-1]
        return (rest[0] if len(rest) == 1 else rest), data[-1]

    def merge_data_metadata(self, data: Any, metadata: dict[str, Any] | None) -> Any:
        """Put metadata at the end of a tuple, or make a pair; no metadata gives `data` itself."""
        if not metadata:
            return data
        return (*data, metadata) if isinstance(data, tuple) else (data, metadata)

    # --- description

    def get_capabilities(self) -> dict[str, Any] | None:
        """Say what the node needs of a machine; None for nothing in particular."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Give name, class and configuration."""
        return {"name": self.name, "class": type(self).__name__, "config": self.config}

    def to_manifest(self, include_capabilities: bool = True) -> dict[str, Any]:
        """Describe the node as it stands in a manifest, with its name as id."""
        node: dict[str, Any] = {
            "id": self.name,
            "node_type": self._type.name,
            "params": self._parameters(),
        }
        hint = runtime.normalize_hint(self.runtime_hint)
        if hint != "auto":
            node["runtime_hint"] = hint
        if self._isolate is not False:
            node["isolate"] = self._isolate
        if self._type.streaming:
            node["is_streaming"] = True
        capabilities = self.get_capabilities() if include_capabilities else None
        if capabilities:
            node["capabilities"] = capabilities
        return node | policy_to_dict(self._policy)

    def __repr__(self) -> str:
        """Show name and configuration."""
        arguments = "".join(f", {name}={value!r}" for name, value in self.config.items())
        return f"{type(self).__name__}(name={self.name!r}{arguments})"

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what lives in this process only: states of sessions, and a lock."""
        return {name: value for name, value in self.__dict__.items() if name != "_live"}

    # --- what graphs and sessions use

    @property
    def _is_builtin(self) -> bool:
        return False

    @property
    def _type(self) -> NodeType:
        return NodeType(
            name=type(self).__name__,
            summary=_summary_of(type(self)),
            category="user",
            streaming=bool(self.is_streaming),
            repeatable=bool(self.is_repeatable),
            offloaded=True,
        )

    def _set_policy(self, **arguments: Any) -> None:
        # A class may have parameters of its own with these names, which stay its configuration.
        given = {name: value for name, value in arguments.items() if value not in (None, "fail")}
        if given:
            self._policy = policy_of_arguments(type(self).__name__, given)
            self._policy_arguments = frozenset(given)

    def _parameters(self) -> dict[str, Any]:
        """Give what `create_node` takes to make an equal node."""
        return {name: value for name, value in self.config.items() if name in self._arguments}

    def _graph_state(self) -> tuple[Any, ...]:
        """Give all of the node that a graph of it is made of, for `marshal`."""
        return (
            self.name,
            id(self._policy),
            self.runtime_hint,
            self.is_streaming,
            self.is_repeatable,
            self._isolate,
            self._parameters(),
        )

    def _resolve_format(self, fmt: StreamFormat) -> StreamFormat:
        """Give the format of the output from that of the input; unknown for a user's node."""
        return StreamFormat()

    def _make_executor(self) -> Executor:
        """Make what runs the node in Python in one session."""
        isolation = check_isolation(self, self._isolate)
        if isolation is not None:
            from ._isolation.executor import IsolatedExecutor

            return IsolatedExecutor(self, isolation)
        from ._user_node import make_user_executor

        return make_user_executor(self)

    @property
    def _is_awaiting(self) -> bool:
        """Whether `process` waits for something without a thread: it is a coroutine."""
        return (
            self.is_streaming
            or inspect.iscoroutinefunction(self.process)
            or inspect.isasyncgenfunction(self.process)
        )

    @property
    def _only_awaits(self) -> bool:
        """Whether nothing else of it takes time."""
        plain = type(self)
        return (
            self._is_awaiting
            and not self._isolate
            and plain._make_executor is Node._make_executor
            and plain.initialize is Node.initialize
            and plain.cleanup is Node.cleanup
        )

    @contextmanager
    def _in_session(self, session_id: str | None) -> Iterator[None]:
        """Make `session_id` the present session of the calls inside."""
        token = _call.set((weakref.ref(self), session_id))
        try:
            yield
        finally:
            _call.reset(token)

    def _alive(self) -> _Live:
        with _live_lock:
            if self._live is None:
                self._live = _Live(StateManager(*self._state_limits))
            return self._live


def create_node(
    type_name: str,
    params: Mapping[str, Any],
    *,
    name: str | None = None,
    runtime_hint: str = "auto",
) -> Node:
    """Make a node from its type's name: a built-in type, or a user's class that was defined.

    Raises
    ------
    KeyError
        There is no such type.
    ConfigurationError
        The parameters of a built-in type are wrong. A user's class raises what it raises.
    """
    from ._builtin_node import builtin_class

    make: Callable[..., Node] = builtin_class(type_name) or _user_classes[type_name]
    signature = inspect.signature(make)
    positional, keywords = call_arguments(signature, params)
    placing = {"name": name, "runtime_hint": runtime_hint}
    if name is None:
        del placing["name"]
    declared = {key: value for key, value in placing.items() if key in signature.parameters}
    node = make(*positional, **keywords, **declared)
    for key, value in placing.items():
        setattr(node, key, value)
    return node


def user_type_names() -> list[str]:
    """Give the names of the users' classes that `create_node` knows, sorted."""
    return sorted(_user_classes)


def check_or_raise(node_type: NodeType, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check parameters against the table of their type, and raise what is wrong."""
    parameters, problem = check_parameters(node_type, given)
    if parameters is None:
        assert problem is not None
        raise ConfigurationError(f"{node_type.name}: {problem.message}", hint=problem.hint)
    return parameters


def _summary_of(node: type[Node]) -> str:
    """Give the first line of a class's docstring, or of the one that it inherits.

    As `inspect.getdoc`, which takes longer than the rest of a pipeline's making.
    """
    text = next(kind.__doc__ for kind in node.__mro__ if kind.__doc__)
    return text.strip().partition("\n")[0].rstrip()
