"""One run of a pipeline: a session that takes its input, ends, and whose results are one value."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from ._cancel import CancelScope
from ._engine import (
    RUN_QUEUE,
    UNBOUNDED_QUEUE,
    Engine,
    Lanes,
    QueueSettings,
    join_packets,
    make_engine,
)
from ._feeds import Feed
from ._graph import Graph
from ._ids import new_session_id
from ._items import give_item
from ._metrics import Measured
from ._packet import Packet
from ._spans import RunSpan
from ._worker import settled, wake

__all__ = ["Run", "RunPlan"]


@dataclass(frozen=True)
class RunPlan:
    """What the runs of one graph have in common, found out once."""

    graph: Graph
    is_quick: bool
    awaits: bool
    lanes: Lanes
    output_ids: list[str]

    @classmethod
    def of(cls, graph: Graph) -> RunPlan:
        """Plan the runs of a graph whose runtimes are resolved."""
        branches = graph.has_branches
        return cls(
            graph,
            is_quick=graph.is_quick and not branches,
            awaits=graph.awaits,
            lanes="branches" if branches else "none",
            output_ids=graph.output_ids,
        )


class Run:
    """Called once, on a worker thread, or awaited; `stop` may come from any other.

    Attributes
    ----------
    measured : Measured or None
        What was measured, if it was wanted; also after a failure.
    is_quick : bool
        The call takes so little that any thread may make it. Not the first one of a graph, which
        makes filters and reads models.
    is_soon_done : bool
        So little that a thread may make it on which nothing else has to go on.
    awaits : bool
        So it is but for coroutines of nodes: it may be `awaited`.
    """

    def __init__(
        self,
        plan: RunPlan,
        feed: Feed,
        *,
        enable_metrics: bool,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self.measured: Measured | None = None
        item = None if plan.graph.makes_anew else feed.item
        self.is_quick = item is not None and item.is_short and plan.is_quick
        self.is_soon_done = item is not None and item.is_soon_done and plan.is_quick
        self.awaits = item is not None and item.is_short and plan.awaits and loop is not None
        self._plan = plan
        self._feed = feed
        self._enable_metrics = enable_metrics
        self._loop = loop
        self._scope = CancelScope()
        self._engine: Engine | None = None
        self._is_left = False  # by this thread, while nodes may wait for it
        self._span = RunSpan("remotemedia.run", plan.graph)
        self._outputs: dict[str, list[Packet]] = {name: [] for name in plan.output_ids}

    def __call__(self) -> Any:
        """Run to the end; gives the results: none as None, one as it is, more as a list."""
        with self._under_way():
            with self._scope.entered():
                engine = self._start(self._plan.lanes)
                self._feed.run(engine, self._scope)
                engine.finish()
            return self._result()

    async def awaited(self) -> Any:
        """Run to the end, as a call, on the loop's own thread, which is free while nodes wait."""
        with self._under_way():
            with self._scope.entered():
                engine = self._start("of the loop", UNBOUNDED_QUEUE)
                self._is_left = True
                self._feed.run(engine, self._scope)
            await self._has_worked(engine)
            engine.finish()
            return self._result()

    def stop(self) -> None:
        """Make the call return soon, with whatever result."""
        engine = self._engine
        if engine is not None:
            engine.stop()
        self._scope.stop()

    @contextmanager
    def _under_way(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not self._scope.is_stopped:
                self._span.fail(error)
            if hasattr(error, "partial_results"):  # of a node that failed, or a file
                error.partial_results = self._items(joins=False)
            raise
        finally:
            self._end()
            self._span.end(was_cancelled=self._scope.is_stopped)

    def _start(self, lanes: Lanes, queue: QueueSettings = RUN_QUEUE) -> Engine:
        engine = make_engine(
            self._plan.graph,
            self._take_output,
            session_id=new_session_id(),
            enable_metrics=self._enable_metrics,
            loop=self._loop,
            lanes=lanes,
            queue=queue,
        )
        self._engine = engine
        if self._scope.is_stopped:
            engine.stop()
        return engine

    async def _has_worked(self, engine: Engine) -> None:
        """End the input, and wait until all nodes have done what they do; also if cancelled."""
        loop = asyncio.get_running_loop()
        idle = loop.create_future()
        engine.begin_finish(partial(wake, loop, [idle]))
        try:
            await asyncio.shield(idle)
        except asyncio.CancelledError:
            self.stop()
            await settled(idle)
            raise
        finally:
            # So it stays if the coroutine was thrown away: what the nodes wait for never comes.
            self._is_left = not idle.done()

    def _take_output(self, node_id: str, packet: Packet) -> None:
        self._span.results += 1
        self._outputs[node_id].append(packet)

    def _end(self) -> None:
        engine = self._engine
        if engine is None:
            return
        if self._enable_metrics:
            self.measured = Measured(engine.measure())
        if self._is_left:
            self.stop()
        engine.close(0.0 if self._is_left else None)
        self._engine = None  # it refers back to the run, and both would wait for the collector

    def _result(self) -> Any:
        items = self._items(joins=self._feed.is_stream_of_blocks)
        return items[0] if len(items) == 1 else items or None

    def _items(self, *, joins: bool) -> list[Any]:
        """Give what came out, output by output; blocks of a clip are joined if that is wanted."""
        joins = joins and self._plan.graph.continuous
        items: list[Any] = []
        for packets in self._outputs.values():
            if joins and packets:
                items.append(give_item(join_packets(self._plan.graph, packets)))
            else:
                items += map(give_item, packets)
        return items
