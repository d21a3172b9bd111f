"""Users' nodes that stay initialised between the runs of a pipeline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ._graph import Graph
from ._ids import new_session_id
from ._packet import Executor, NodeContext
from ._worker import Worker, settled
from .exceptions import PipelineError, node_failure

__all__ = ["HeldNodes"]


class HeldNodes:
    """Counts as a session of each of them, so that a run finds them ready and leaves them so."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._session_id = new_session_id()
        self._executors: list[Executor] = []

    async def open(self) -> None:
        """Initialise them in graph order; `PipelineError` if one fails, after cleaning up."""
        loop = asyncio.get_running_loop()
        await self._on_thread(lambda: self._open(loop))

    async def close(self) -> None:
        """Clean them up, the last one first."""
        await self._on_thread(self._close)

    @staticmethod
    async def _on_thread(call: Callable[[], None]) -> None:
        future = asyncio.wrap_future(Worker("remotemedia-nodes").submit(call))
        await settled(future)
        future.result()

    def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        for index in self._graph.order:
            node = self._graph.nodes[index]
            if node.node._is_builtin:
                continue
            executor = node.node._make_executor()
            self._executors.append(executor)
            try:
                executor.initialize(NodeContext(node.id, node.type.name, self._session_id, loop))
            except Exception as error:
                self._close()
                failure = node_failure(node.id, node.type.name, "initialize", error)
                raise PipelineError(f"Pipeline initialization failed: {failure}") from error
            if node.node._isolate:
                _lend(executor)

    def _close(self) -> None:
        while self._executors:
            self._executors.pop().cleanup()


def _lend(executor: Executor) -> None:
    from ._isolation.executor import IsolatedExecutor

    if isinstance(executor, IsolatedExecutor):
        executor.lend()
