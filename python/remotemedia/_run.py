"""One run of a pipeline: a session that takes its input, ends, and whose results are one value."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from ._cancel import CancelScope
from ._engine import Engine, make_engine
from ._feeds import Feed
from ._graph import Graph
from ._items import give_item
from ._packet import Packet
from ._spans import RunSpan

__all__ = ["Run"]


class Run:
    """Called once, on a worker thread; `stop` may come from any other.

    Attributes
    ----------
    metrics : dict or None
        What was measured, if it was wanted; also after a failure.
    is_quick : bool
        The call takes so little that any thread may make it. Not the first one of a graph, which
        makes filters and reads models.
    """

    def __init__(
        self,
        graph: Graph,
        feed: Feed,
        *,
        enable_metrics: bool,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self.metrics: dict[str, Any] | None = None
        self.is_quick = (
            feed.is_short and graph.native is not None and graph.is_quick and not graph.has_branches
        )
        self._graph = graph
        self._feed = feed
        self._enable_metrics = enable_metrics
        self._loop = loop
        self._scope = CancelScope()
        self._engine: Engine | None = None
        self._span = RunSpan("remotemedia.run", graph)
        self._outputs: dict[str, list[Packet]] = {name: [] for name in graph.output_ids}

    def __call__(self) -> Any:
        """Run to the end; gives the results: none as None, one as it is, more as a list."""
        try:
            with self._scope.entered():
                engine = self._start()
                self._feed.run(engine, self._scope)
                engine.finish()
                items = self._items(engine)
        except Exception as error:
            if not self._scope.is_stopped:
                self._span.fail(error)
            if hasattr(error, "partial_results"):  # of a node that failed
                error.partial_results = self._items(None)
            raise
        finally:
            self._end()
            self._span.end(was_cancelled=self._scope.is_stopped)
        return items[0] if len(items) == 1 else items or None

    def stop(self) -> None:
        """Make the call return soon, with whatever result."""
        if self._engine is not None:
            self._engine.stop()
        self._scope.stop()

    def _start(self) -> Engine:
        engine = make_engine(
            self._graph,
            self._take_output,
            session_id=uuid.uuid4().hex,
            enable_metrics=self._enable_metrics,
            loop=self._loop,
            lanes="branches" if self._graph.has_branches else "none",
        )
        self._engine = engine
        if self._scope.is_stopped:
            engine.stop()
        return engine

    def _take_output(self, node_id: str, packet: Packet) -> None:
        self._span.results += 1
        self._outputs[node_id].append(packet)

    def _end(self) -> None:
        engine = self._engine
        if engine is None:
            return
        if self._enable_metrics:
            self.metrics = engine.metrics()
        engine.close()

    def _items(self, engine: Engine | None) -> list[Any]:
        """Give what came out, output by output; with an engine, blocks of a clip are joined."""
        joins = engine is not None and self._feed.is_stream_of_blocks and self._graph.continuous
        items: list[Any] = []
        for packets in self._outputs.values():
            if joins and engine is not None and packets:
                items.append(give_item(engine.join(packets)))
            else:
                items += map(give_item, packets)
        return items
