"""OpenTelemetry spans of runs and sessions, for an application that uses OpenTelemetry itself."""

from __future__ import annotations

import sys
from typing import Any, Final

from ._graph import Graph

__all__ = ["RunSpan"]

_INSTRUMENTATION: Final = "remotemedia"


class RunSpan:
    """One span, from its construction to `end`; nothing if the application has no OpenTelemetry.

    Its parent is the span that is current where it is made, which is the caller's thread or task.
    It tells what ran and how often, never what was pushed: of an error it has the type and the
    node, not the message, which may quote an item.
    """

    def __init__(self, name: str, graph: Graph, session_id: str | None = None) -> None:
        self.pushed = 0  # counted in sessions only: a run may be given one file in many blocks
        self.results = 0
        self._is_session = session_id is not None
        self._span: Any = None
        # Whoever exports spans has loaded it; so it costs nobody else an import.
        trace = sys.modules.get("opentelemetry.trace")
        if trace is None:
            return
        runtimes = [node.runtime for node in graph.nodes]
        attributes: dict[str, str | int] = {
            "remotemedia.pipeline.name": graph.name,
            "remotemedia.runtime": "native" if graph.uses_native else "python",
            "remotemedia.nodes.native": runtimes.count("native"),
            "remotemedia.nodes.python": runtimes.count("python"),
        }
        if session_id is not None:
            attributes["remotemedia.session.id"] = session_id
        self._span = trace.get_tracer(_INSTRUMENTATION).start_span(name, attributes=attributes)

    def fail(self, error: BaseException) -> None:
        """Tell that it failed; the first error counts."""
        span = self._span
        if span is None or not span.is_recording():
            return
        self._span = None
        kind = type(error).__qualname__
        event = {"exception.type": kind}
        for name in ("node_id", "node_type", "stage"):  # of a node that failed
            if (value := getattr(error, name, None)) is not None:
                event[f"remotemedia.{name.replace('_', '.')}"] = value
        span.add_event("exception", event)
        span.set_status(sys.modules["opentelemetry.trace"].StatusCode.ERROR, kind)
        self._finish(span)

    def end(self, *, was_cancelled: bool = False) -> None:
        """End it, unless it failed. Repeatable."""
        span, self._span = self._span, None
        if span is None:
            return
        if was_cancelled:
            span.set_attribute("remotemedia.cancelled", True)
        self._finish(span)

    def _finish(self, span: Any) -> None:
        if self._is_session:
            span.set_attribute("remotemedia.pushed", self.pushed)
        span.set_attribute("remotemedia.results", self.results)
        span.end()
