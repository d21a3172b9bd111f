"""A pipeline: nodes that are connected, run on items, files and streams."""

from __future__ import annotations

import asyncio
import os
import re
import warnings
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from . import _pipeline_text
from ._arrays import check_flag
from ._document import TextFormat
from ._engine import QueuePolicy
from ._feeds import make_feed
from ._graph import Graph
from ._graph_builder import build_graph
from ._held_nodes import HeldNodes
from ._metrics import Measured
from ._node_list import NodeList
from ._run import Run, RunPlan
from ._worker import Worker, settled
from .exceptions import ConfigurationError, PipelineError
from .manifest import MAX_NAME, Manifest, read_manifest
from .node import Node
from .session import PipelineSession, SyncPipelineSession, make_settings

__all__ = ["Pipeline"]

Self = TypeVar("Self", bound="Pipeline")

_ID: Final = re.compile("[a-zA-Z0-9_-]+")
_OF_RUNS: Final = ("_built", "_plan", "_held", "_lock", "_measured")


class Pipeline:
    """Nodes that are connected: a chain, or whatever graph a manifest describes.

    Parameters
    ----------
    nodes : iterable of Node, optional
        Connected one after the other.
    name : str, optional
        Of 1 to 255 characters; ``Pipeline_<id>`` if absent.
    enable_metrics : bool
        Measure each run (`get_metrics`).

    Notes
    -----
    A node runs native if its type has a native implementation, the module loads, and its
    ``runtime_hint`` allows it; `get_metrics` and the log (logger ``remotemedia``, level INFO) say
    where each node ran and why. A run that fails is never repeated in the other runtime.

    Examples
    --------
    >>> from remotemedia.nodes import AddNode, MultiplyNode
    >>> pipeline = Pipeline([MultiplyNode(factor=2), AddNode(addend=10)])
    >>> pipeline.run_sync([1, 2, 3])
    [12, 14, 16]
    """

    def __init__(
        self,
        nodes: Iterable[Node] | None = None,
        name: str | None = None,
        enable_metrics: bool = False,
    ) -> None:
        self.name = f"Pipeline_{id(self)}" if name is None else _checked_name(name)
        self.enable_metrics = check_flag("Pipeline: enable_metrics", enable_metrics)
        self._list = NodeList()
        self._forget_runs()
        for node in _checked_nodes(nodes):
            self.add_node(node)

    def _forget_runs(self) -> None:
        self._built: tuple[str, bytes, Graph] | None = None  # what the last graph was made of
        self._plan: RunPlan | None = None
        self._held: HeldNodes | None = None
        self._lock = asyncio.Lock()  # around initialize and cleanup
        self._measured: Measured | None = None

    # --- nodes

    def add_node(self: Self, node: Node | str, named: Node | None = None) -> Self:
        """Append a node to the chain; ``add_node(node)``, or ``add_node("id", node)``.

        Returns
        -------
        The pipeline, so that calls can be chained.

        Raises
        ------
        PipelineError
            No node, an id that cannot be one, or a pipeline that is initialised or branches.
        """
        node_id, added = (node, named) if isinstance(node, str) else (None, node)
        if not isinstance(added, Node):
            raise PipelineError(
                f"expected a Node, got {added!r}", hint='add_node(node) or add_node("id", node)'
            )
        if node_id is not None and not _ID.fullmatch(node_id):
            raise PipelineError(
                f"{node_id!r} is no node id", hint="use letters, digits, _ and - only"
            )
        self._check_changeable("add")
        self._list.add(added, node_id)
        return self

    def remove_node(self, name: str) -> bool:
        """Remove the first node of that name, or id; gives whether there was one."""
        self._check_changeable("remove")
        return self._list.remove(name)

    def get_node(self, name: str) -> Node | None:
        """Give the first node of that name, or id; None if there is none."""
        return self._list.find(name)

    @property
    def nodes(self) -> list[Node]:
        """The nodes, in order."""
        return self._list.nodes

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self._list.nodes)

    @property
    def remote_node_count(self) -> int:
        """Number of nodes on other machines: always 0."""
        return 0

    @property
    def is_initialized(self) -> bool:
        """Whether `initialize` has been called, and `cleanup` has not."""
        return self._held is not None

    def __len__(self) -> int:
        """Give the number of nodes."""
        return len(self._list.nodes)

    def __iter__(self) -> Iterator[Node]:
        """Give the nodes, in order."""
        return iter(self.nodes)

    def __repr__(self) -> str:
        """Give name and nodes."""
        return f"Pipeline(name={self.name!r}, nodes={self.nodes!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what runs have made in this process: a copy, or a worker, makes its own."""
        return {name: value for name, value in self.__dict__.items() if name not in _OF_RUNS}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over a pipeline that has not run yet."""
        self.__dict__.update(state)
        self._forget_runs()

    # --- running

    async def run(self, input_data: Any = None, use_rust: bool = True) -> Any:
        """Run the pipeline once, from the first item to the end.

        Parameters
        ----------
        input_data : item, list, path, or iterator
            An item is audio as ``(array, rate)``, ``(array, rate, metadata)`` or ``{"audio_data":
            array, "sample_rate": rate}``, text, a number, an array, or any other object. A list is
            several items, each a clip of its own. A path object is an audio file; so is text, if
            the first node takes nothing but audio. The items of an (async) iterator are chunks of
            one stream. None runs the graph's sources.
        use_rust : bool
            False runs every node in Python.

        Returns
        -------
        None if nothing came out, the item if it was one, else a list; with several outputs one
        output after the other, in the order of the nodes. A file gives one item where the nodes
        allow it.

        Raises
        ------
        NodeError
            A node failed; ``partial_results`` has the items that came before.
        MediaIOError
            A file of the input cannot be read; it has ``partial_results`` too.
        ManifestError, ConfigurationError
            The nodes do not fit, or cannot run where they are asked to.

        Notes
        -----
        The nodes run on a thread of their own, coroutines of users' nodes on the caller's loop; a
        short item (up to 64 KiB) that native nodes alone process again takes the caller's, and so
        it does with nodes that are coroutines, which hold no thread while they wait. A task that
        is cancelled ends the run: a coroutine is cancelled, other calls of nodes are waited for.
        """
        run = self._make_run(input_data, use_rust, asyncio.get_running_loop())
        if run.is_quick:
            result = self._run_here(run)
            await asyncio.sleep(0)  # others have a turn
            return result
        if run.awaits:
            try:
                return await run.awaited()
            finally:
                self._keep(run.measured)
        future = asyncio.wrap_future(Worker("remotemedia-run").submit(run))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            run.stop()
            await settled(future)
            raise
        finally:
            # Not done if the coroutine was thrown away: what the thread waits for never comes.
            if not future.done():
                run.stop()
            self._keep(run.measured)

    def run_sync(self, input_data: Any = None, use_rust: bool = True) -> Any:
        """As `run`, for code that is no coroutine; blocks until the result is there.

        Also works where an event loop runs in this thread, which it holds up. Coroutines of users'
        nodes run on a loop of the SDK. An item of up to 4 MiB that native nodes alone process again
        takes the calling thread, where Ctrl-C waits for them: 2 to 30 ms, but a second or two for
        quality "very_high" at a high rate.
        """
        run = self._make_run(input_data, use_rust, None)
        if run.is_soon_done:
            return self._run_here(run)
        worker = Worker("remotemedia-run")
        try:
            return worker.submit(run).result()
        except Exception:  # of the run, or there is no thread for it
            raise
        except BaseException:  # Ctrl-C, perhaps before the future was here
            run.stop()
            worker.submit(lambda: None).result()  # comes after the run
            raise
        finally:
            self._keep(run.measured)

    async def process(
        self, stream: AsyncIterable[Any] | Iterable[Any] | None = None
    ) -> AsyncIterator[Any]:
        """Run on a stream of items and give the results as they come.

        Without a stream the graph's sources run. The pipeline must be initialised.
        """
        if not self.is_initialized:
            raise PipelineError(
                "the pipeline is not initialized",
                hint="await pipeline.initialize(), or use pipeline.session()",
            )
        async with self.session() as session:
            feeder = asyncio.create_task(_feed(session, stream))
            try:
                async for item in session:
                    yield item
            finally:
                feeder.cancel()
                await asyncio.wait([feeder])

    def session(
        self,
        session_id: str | None = None,
        *,
        use_rust: bool = True,
        queue_capacity: int = 64,
        queue_policy: QueuePolicy = "block",
    ) -> PipelineSession:
        """Make a running instance: ``async with pipeline.session() as session``.

        Parameters
        ----------
        session_id : str, optional
            For the state that nodes keep per session; a new one if absent.
        use_rust : bool
            False runs every node in Python.
        queue_capacity : int
            Items that may wait before each node that may block (Python, files), if it has a lane.
        queue_policy : {"block", "drop_oldest", "coalesce"}
            What a full queue does with one more: make `push` wait, lose the oldest item, or all
            that wait. The metrics count what is lost.
        """
        settings = make_settings(session_id, self.enable_metrics, queue_capacity, queue_policy)
        return PipelineSession(self._build(use_rust), settings, self._keep)

    def session_sync(
        self,
        session_id: str | None = None,
        *,
        use_rust: bool = True,
        queue_capacity: int = 64,
        queue_policy: QueuePolicy = "block",
    ) -> SyncPipelineSession:
        """As `session`, for code without an event loop: ``with pipeline.session_sync() as s``."""
        settings = make_settings(session_id, self.enable_metrics, queue_capacity, queue_policy)
        return SyncPipelineSession(self._build(use_rust), settings, self._keep)

    async def initialize(self) -> None:
        """Initialise users' nodes once for all following runs. Repeatable."""
        if not self.nodes:
            raise PipelineError("Cannot initialize empty pipeline")
        async with self._lock:
            if self._held is None:
                held = HeldNodes(self._build())
                await held.open()
                self._held = held

    async def cleanup(self) -> None:
        """Clean up what `initialize` initialised. Repeatable; errors of nodes are logged."""
        async with self._lock:
            held, self._held = self._held, None
            if held is not None:
                await held.close()

    @asynccontextmanager
    async def managed_execution(self: Self) -> AsyncIterator[Self]:
        """Initialise for the time of an ``async with`` block."""
        await self.initialize()
        try:
            yield self
        finally:
            await self.cleanup()

    def get_metrics(self) -> dict[str, Any] | None:
        """Give what the last run or session measured.

        None if nothing ran, or without ``enable_metrics``. Times are in microseconds.
        """
        return None if self._measured is None else self._measured.to_dict()

    def get_metrics_json(self) -> str | None:
        """Give what `get_metrics` does as JSON on one line, in a fraction of the time."""
        return None if self._measured is None else self._measured.to_json()

    # --- text forms

    def get_config(self) -> dict[str, Any]:
        """Give name, counts, the nodes' configurations and whether it is initialised."""
        return {
            "name": self.name,
            "node_count": self.node_count,
            "remote_node_count": self.remote_node_count,
            "nodes": [node.get_config() for node in self.nodes],
            "is_initialized": self.is_initialized,
        }

    def serialize(self, include_capabilities: bool = True, description: str | None = None) -> str:
        """Give the manifest (version v1) as JSON, with all parameters and runtime hints.

        `from_manifest` makes an equal pipeline of it. The date is when the pipeline was made; a
        loaded one keeps its ids, description and date.

        Raises
        ------
        SerializationError
            A parameter, e.g. a function, has no text form.
        """
        manifest = self._manifest(include_capabilities)
        if description is not None:
            manifest.description = description
        return _pipeline_text.manifest_text(manifest)

    def export_definition(self) -> dict[str, Any]:
        """Give nodes, connections and a description of them, for `from_definition`."""
        return _pipeline_text.definition_of(
            self._manifest(), self._list.by_id(), self._list.is_chain
        )

    @classmethod
    async def from_definition(cls: type[Self], definition: dict[str, Any]) -> Self:
        """Make a pipeline of what `export_definition` gave.

        Node types must be built in, or classes that are defined already: no module is imported.
        """
        return cls.from_manifest(_pipeline_text.manifest_of_definition(definition))

    @classmethod
    def from_file(cls: type[Self], path: str | os.PathLike[str]) -> Self:
        """Load a manifest, JSON or YAML, in either dialect; nodes keep its ids as their names.

        Raises
        ------
        ManifestError
            With pointer, line and hint; everything is checked here, before anything runs.
        OSError
            The file cannot be read.
        """
        return cls._load(*_pipeline_text.read_text(path))

    @classmethod
    def from_yaml(cls: type[Self], text_or_path: str | os.PathLike[str]) -> Self:
        """Load a manifest from its text, JSON or YAML, or from a file.

        A path object, and one line that ends in .yaml, .yml or .json, is the path of a file.
        """
        if _pipeline_text.is_path(text_or_path):
            return cls.from_file(text_or_path)
        return cls.from_manifest(os.fspath(text_or_path))

    @classmethod
    def from_manifest(cls: type[Self], manifest: str | dict[str, Any]) -> Self:
        """Make a pipeline of a manifest: JSON or YAML text, or what such a text holds."""
        return cls._load(manifest, None)

    @classmethod
    def _load(
        cls: type[Self],
        source: str | dict[str, Any],
        text_format: TextFormat | None,
    ) -> Self:
        manifest = read_manifest(source, text_format)
        for warning in manifest.warnings:
            warnings.warn(warning, UserWarning, stacklevel=3)
        pipeline = cls(
            name=manifest.name, enable_metrics=manifest.config.get("enable_metrics", False)
        )
        pipeline._list = NodeList.of(manifest, build_graph(manifest))
        return pipeline

    # --- inside

    def _build(self, use_rust: bool = True) -> Graph:
        """Check everything that can be checked before a run, and decide the runtimes."""
        if not self.nodes:
            raise PipelineError("the pipeline has no nodes", hint="add one with add_node()")
        state = self._list.state()
        if self._built is not None and self._built[:2] == (self.name, state):
            graph = self._built[2]
            if graph.is_resolved(use_rust):
                return graph
        graph = build_graph(self._manifest(), self._list.by_id())
        graph.resolve(use_rust)
        self._built = None if state is None else (graph.name, state, graph)
        return graph

    def _manifest(self, include_capabilities: bool = False) -> Manifest:
        return self._list.manifest(_checked_name(self.name), include_capabilities)

    def _make_run(self, data: Any, use_rust: bool, loop: asyncio.AbstractEventLoop | None) -> Run:
        graph = self._build(use_rust)
        feed = make_feed(graph, data, loop, use_rust)
        if self._plan is None or self._plan.graph is not graph:
            self._plan = RunPlan.of(graph)
        return Run(self._plan, feed, enable_metrics=self.enable_metrics, loop=loop)

    def _run_here(self, run: Run) -> Any:
        """Run on the calling thread: it takes less than to change threads."""
        try:
            return run()
        finally:
            self._keep(run.measured)

    def _keep(self, measured: Measured | None) -> None:
        if measured is not None:
            self._measured = measured

    def _check_changeable(self, action: str) -> None:
        if self.is_initialized:
            raise PipelineError(
                f"Cannot {action} nodes of an initialized pipeline", hint="call cleanup() first"
            )
        if not self._list.is_chain:
            raise PipelineError(
                f"Cannot {action} nodes of a pipeline that is no chain",
                hint="change its manifest and load that",
            )


def _checked_nodes(nodes: Iterable[Node] | None) -> Iterable[Node]:
    # Text is iterable, too, but its letters are no nodes.
    if nodes is None or (isinstance(nodes, Iterable) and not isinstance(nodes, str | bytes)):
        return nodes or ()
    raise ConfigurationError(
        f"Pipeline: nodes is {nodes!r}, expected a list of nodes", hint="Pipeline([node, ...])"
    )


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME:
        raise ConfigurationError(
            f"Pipeline: name is {name!r}, expected a text of 1..{MAX_NAME} characters"
        )
    return name


async def _feed(
    session: PipelineSession, stream: AsyncIterable[Any] | Iterable[Any] | None
) -> None:
    """Push a stream into a session and end its input; what the stream raises ends the results."""
    try:
        if isinstance(stream, AsyncIterable):
            async for item in stream:
                await session.push(item)
        elif stream is not None:
            for item in stream:
                await session.push(item)
        await session.finish()
    except Exception as error:
        session._fail(error)
